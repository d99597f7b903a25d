import { type AcceptedRequests, findGroup } from "#bulk-export/language/accepted-requests.ts";
import type { ExportRequest, ExportRequestDetail } from "#bulk-export/language/export-request.ts";
import type { Checkpoints } from "#bulk-export/records/checkpoints.ts";

/** The exports that the stage's settings accept, and the checkpoints of incremental exports. */
export interface AcceptedExports extends AcceptedRequests {
  checkpoints: Pick<Checkpoints, "find">;
}

/**
 * Brings a valid request into its normal form: the group gets its id, types are sorted and unique, `since` is an
 * instant. An export since the last completed one continues from the checkpoint of its scope. It becomes a full export
 * if there is no checkpoint.
 * @param fullEvery if given, every n-th export is a full one: it becomes full if n - 1 incremental exports have
 * completed since the last full export
 */
export async function normaliseRequest(
  detail: ExportRequestDetail,
  { groups, checkpoints }: AcceptedExports,
  fullEvery?: number,
): Promise<ExportRequest> {
  const group = detail.groupId === undefined ? undefined : findGroup(detail.groupId, groups);
  const scope = {
    level: detail.level,
    ...(group && { groupId: group.id, groupName: group.name }),
    ...(detail.types && { types: [...new Set(detail.types)].toSorted() }),
  };
  const outputFormat = detail.outputFormat ?? "application/fhir+ndjson";
  if (detail.since !== "last-completed")
    return { ...scope, ...(detail.since && { since: detail.since }), outputFormat };
  const checkpoint = await checkpoints.find(scope);
  const full = checkpoint === undefined || (fullEvery !== undefined && checkpoint.incrementals >= fullEvery - 1);
  return { ...scope, ...(!full && { since: checkpoint.since }), sinceRule: "last-completed", outputFormat };
}
