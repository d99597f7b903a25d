import { type ExportGroup, type ExportRequestDetail, exportRequestDetail } from "./export-request.ts";
import { schemaFaults } from "./schema-faults.ts";

/** The requests that the stage's settings accept. */
export interface AcceptedRequests {
  types: readonly string[];
  groups: readonly ExportGroup[];
}

type CheckedFields = { [Field in "level" | "groupId" | "types"]: ExportRequestDetail[Field] | undefined };

/** The fields that are checked against the settings. Each is undefined if it is malformed, whatever the other fields are. */
function wellFormedFields(detail: unknown): CheckedFields {
  const fields = (detail ?? {}) as Record<string, unknown>;
  const { level, groupId, types } = exportRequestDetail.shape;
  return {
    level: level.safeParse(fields["level"]).data,
    groupId: groupId.safeParse(fields["groupId"]).data,
    types: types.safeParse(fields["types"]).data,
  };
}

/** The faults of a request against the settings. Each names the field and the accepted values. */
function settingsFaults(detail: CheckedFields, { types, groups }: AcceptedRequests): string[] {
  const faults = (detail.types ?? [])
    .filter((type) => !types.includes(type))
    .map((type) => `types: ${quoted(type)} is not among the accepted types (${types.join(", ")})`);
  if (detail.level === "group" && detail.groupId === undefined) {
    faults.push(`groupId: is missing (one of ${groupList(groups)})`);
  }
  if (detail.level !== undefined && detail.level !== "group" && detail.groupId !== undefined) {
    faults.push(`groupId: belongs to level "group" only, but the level is "${detail.level}"`);
  }
  if (detail.level === "group" && detail.groupId !== undefined && findGroup(detail.groupId, groups) === undefined) {
    faults.push(`groupId: ${quoted(detail.groupId)} is not among the accepted groups (${groupList(groups)})`);
  }
  return faults;
}

/** The faults of a request against its schema and the settings. Empty if it is valid, and so `exportRequestDetail` parses it. */
export function requestFaults(detail: unknown, accepted: AcceptedRequests): string[] {
  const { error } = exportRequestDetail.safeParse(detail);
  return [...(error === undefined ? [] : schemaFaults(error)), ...settingsFaults(wellFormedFields(detail), accepted)];
}

/** An accepted group by its id or its name. */
export const findGroup = (idOrName: string, groups: readonly ExportGroup[]): ExportGroup | undefined =>
  groups.find(({ id, name }) => id === idOrName || name === idOrName);

const groupList = (groups: readonly ExportGroup[]): string =>
  groups.map(({ id, name }) => `${id} or ${name}`).join(", ");

/**
 * A value of the request, for a message. It is quoted only if it looks like an id or a type: other values may hold
 * health data.
 */
const quoted = (value: string): string => (/^[\w-]{1,64}$/.test(value) ? `"${value}"` : "a value of another form");
