import type { CcdRequestRecord } from "#ccd-retrieval/language/ccd-request.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import type { ApiRequest } from "./api.ts";

export interface VisibleRequestPorts {
  requests: { find(requestId: string): Promise<CcdRequestRecord | undefined> };
  /** Whether callers see the requests of other callers. */
  shared: boolean;
}

/**
 * The CCD request that a call is about. The request of another caller looks like one that does not exist, unless the stage shares
 * requests.
 * @throws ApiProblem (404)
 */
export async function findVisibleRequest(
  { requests, shared }: VisibleRequestPorts,
  { caller, path }: ApiRequest,
): Promise<CcdRequestRecord> {
  const record = await requests.find(path["id"] ?? "");
  if (record !== undefined && (shared || record.caller === caller)) return record;
  throw notFound("There is no such request");
}

/** The problem of a call for something that does not exist. */
export const notFound = (title: string): ApiProblem =>
  new ApiProblem(title, { status: 404, issue: "not-found", detail: `${title}.` });
