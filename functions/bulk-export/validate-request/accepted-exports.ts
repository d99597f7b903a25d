import {
  type ExportGroup,
  type ExportRequest,
  type ExportRequestDetail,
  exportRequestDetail,
} from "#bulk-export/language/export-request.ts";
import type { Checkpoints } from "#bulk-export/records/checkpoints.ts";

/** What the stage's settings accept, and where incremental exports go on. */
export interface AcceptedExports {
  types: readonly string[];
  groups: readonly ExportGroup[];
  checkpoints: Pick<Checkpoints, "find">;
}

type CheckedFields = { [Field in "level" | "groupId" | "types"]: ExportRequestDetail[Field] | undefined };

/** The fields that are checked against the settings, each where it is well-formed, whatever is wrong with the others. */
export function wellFormedFields(detail: unknown): CheckedFields {
  const fields = (detail ?? {}) as Record<string, unknown>;
  const { level, groupId, types } = exportRequestDetail.shape;
  return {
    level: level.safeParse(fields["level"]).data,
    groupId: groupId.safeParse(fields["groupId"]).data,
    types: types.safeParse(fields["types"]).data,
  };
}

/** What the settings do not accept of a request, each fault with the field's name and what would be accepted. */
export function settingsFaults(detail: CheckedFields, { types, groups }: AcceptedExports): string[] {
  const faults = (detail.types ?? [])
    .filter((type) => !types.includes(type))
    .map((type) => `types: ${quoted(type)} is not among the accepted types (${types.join(", ")})`);
  if (detail.level === "group" && detail.groupId === undefined) {
    faults.push(`groupId: is missing (one of ${groupList(groups)})`);
  }
  if (detail.level !== undefined && detail.level !== "group" && detail.groupId !== undefined) {
    faults.push(`groupId: belongs to level "group" only, the level is "${detail.level}"`);
  }
  if (detail.level === "group" && detail.groupId !== undefined && findGroup(detail.groupId, groups) === undefined) {
    faults.push(`groupId: ${quoted(detail.groupId)} is not among the accepted groups (${groupList(groups)})`);
  }
  return faults;
}

/**
 * A request in its normal form: the group by its id, types sorted and unique, `since` an instant. With `fullEvery`, an
 * incremental export becomes a full one where as many incremental ones as make up the rest of n have completed since the
 * last full one.
 */
export async function normalised(
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
  return { ...scope, ...(!full && { since: checkpoint.transactionTime }), sinceRule: "last-completed", outputFormat };
}

const findGroup = (wanted: string, groups: readonly ExportGroup[]): ExportGroup | undefined =>
  groups.find(({ id, name }) => id === wanted || name === wanted);

const groupList = (groups: readonly ExportGroup[]): string =>
  groups.map(({ id, name }) => `${id} or ${name}`).join(", ");

/** A value from outside is repeated only where it looks like the word that it should be. */
const quoted = (value: string): string => (/^[\w-]{1,64}$/.test(value) ? `"${value}"` : "a value of another form");
