import { type CcdRequestRecord, ccdRequestPlace } from "#ccd-retrieval/language/ccd-request.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import type { CcdRequestPage } from "#on-demand-api/language/ccd-request-messages.ts";
import { afterParameter } from "./ccd-request-view.ts";

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
  const place = next && Buffer.from(next).toString("base64url");
  return { requests, ...(place && { next: `${self}?${afterParameter}=${place}` }) };
}

/**
 * Reads the parameter `after` of a query; undefined if it is absent.
 * @throws ApiProblem (400) if the bridge made no such value
 */
export function readPlace(queryString: string): string | undefined {
  const after = new URLSearchParams(queryString).get(afterParameter);
  if (after === null) return undefined;
  const place = ccdRequestPlace.safeParse(Buffer.from(after, "base64url").toString("utf8"));
  if (place.success) return place.data;
  throw new ApiProblem("The page is invalid", {
    status: 400,
    issue: "invalid",
    detail: `The bridge did not give you this ${afterParameter}. Follow the link \`next\` of the page before.`,
  });
}
