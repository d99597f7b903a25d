import type { CcdRequestRecord } from "#ccd-retrieval/language/ccd-request.ts";
import { notFound } from "./api-problem.ts";

/**
 * The record of a CCD request for a caller. The request of another caller looks like one that does not exist, unless the stage shares
 * requests.
 * @param shared whether callers see the requests of other callers
 * @throws ApiProblem (404) if the caller may not see it, or there is no record
 */
export function visibleTo(caller: string, record: CcdRequestRecord | undefined, shared: boolean): CcdRequestRecord {
  if (record !== undefined && (shared || record.caller === caller)) return record;
  throw notFound("There is no such request");
}
