import type { CcdRequestRecord } from "#ccd-retrieval/language/ccd-request.ts";
import type { CcdRequestPage } from "#on-demand-api/language/ccd-request-messages.ts";
import { afterParameter, encodePlace } from "#on-demand-api/language/list-places.ts";

/**
 * A page of a caller's CCD requests.
 * @param next the place behind the page, a `ccdRequestPlace`; undefined if it is the last one
 * @param self the URL of the list
 */
export function listView(records: readonly CcdRequestRecord[], next: string | undefined, self: string): CcdRequestPage {
  const requests = records.map(({ requestId, state, requestedAt, endedAt, failure }) => ({
    requestId,
    state,
    requestedAt,
    endedAt,
    failure,
  }));
  const place = next && encodePlace(next);
  return { requests, ...(place && { next: `${self}?${afterParameter}=${place}` }) };
}
