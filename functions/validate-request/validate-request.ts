import { InvalidRequest } from "#contracts/errors.ts";
import {
  type ExportGroup,
  type ExportRequest,
  type ExportRequestDetail,
  exportRequestDetail,
  triggeredInput,
} from "#contracts/export-request.ts";
import { type ExportContext, exportId as exportIdSchema, type UnvalidatedExport } from "#contracts/export-state.ts";
import type { Checkpoints } from "#ledger/checkpoints.ts";
import { schemaFaults } from "./schema-faults.ts";

export interface ValidateRequestPorts {
  types: readonly string[];
  groups: readonly ExportGroup[];
  /** How long an export may take from its start. */
  deadlineHours: number;
  checkpoints: Pick<Checkpoints, "find">;
}

/**
 * Checks a request against the contract and the stage's settings, before anything is sent to IntegraConnect, and brings
 * it into its normal form.
 * @throws InvalidRequest naming every fault at once
 */
export const validateRequest =
  (ports: ValidateRequestPorts) =>
  async ({ exportId, startedAt, input }: UnvalidatedExport): Promise<ExportContext> => {
    const triggered = triggeredInput.safeParse(input);
    const detail: unknown = triggered.success ? triggered.data.detail : input;
    const parsed = exportRequestDetail.safeParse(detail);
    const faults = [
      ...executionFaults(exportId, triggered.data?.conflictsWith),
      ...(parsed.success ? [] : schemaFaults(parsed.error)),
      ...settingsFaults(wellFormedFields(detail), ports),
    ];
    if (!parsed.success || faults.length > 0) throw new InvalidRequest(faults);
    const started = new Date(startedAt);
    return {
      exportId,
      requestId: parsed.data.requestId ?? null,
      request: await normalised(parsed.data, ports),
      startedAt: started.toISOString(),
      deadlineAt: Math.floor(started.getTime() / 1000) + Math.round(ports.deadlineHours * 3600),
    };
  };

function executionFaults(exportId: string, conflictsWith: string | undefined): string[] {
  const faults: string[] = [];
  if (!exportIdSchema.safeParse(exportId).success) {
    faults.push(
      "the execution's name becomes the export's id: use letters, digits, dots, hyphens and underscores only",
    );
  }
  if (conflictsWith !== undefined) {
    faults.push(`requestId: was already used with another detail, by export ${conflictsWith}`);
  }
  return faults;
}

type CheckedFields = { [Field in "level" | "groupId" | "types"]: ExportRequestDetail[Field] | undefined };

/** The fields that are checked against the settings, each where it is well-formed, whatever is wrong with the others. */
function wellFormedFields(detail: unknown): CheckedFields {
  const fields = (detail ?? {}) as Record<string, unknown>;
  const { level, groupId, types } = exportRequestDetail.shape;
  return {
    level: level.safeParse(fields["level"]).data,
    groupId: groupId.safeParse(fields["groupId"]).data,
    types: types.safeParse(fields["types"]).data,
  };
}

function settingsFaults(detail: CheckedFields, { types, groups }: ValidateRequestPorts): string[] {
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

async function normalised(detail: ExportRequestDetail, ports: ValidateRequestPorts): Promise<ExportRequest> {
  const group = detail.groupId === undefined ? undefined : findGroup(detail.groupId, ports.groups);
  const scope = {
    level: detail.level,
    ...(group && { groupId: group.id, groupName: group.name }),
    ...(detail.types && { types: [...new Set(detail.types)].toSorted() }),
  };
  const outputFormat = detail.outputFormat ?? "application/fhir+ndjson";
  if (detail.since !== "last-completed")
    return { ...scope, ...(detail.since && { since: detail.since }), outputFormat };
  const since = await ports.checkpoints.find(scope);
  return { ...scope, ...(since !== undefined && { since }), sinceRule: "last-completed", outputFormat };
}

const findGroup = (wanted: string, groups: readonly ExportGroup[]): ExportGroup | undefined =>
  groups.find(({ id, name }) => id === wanted || name === wanted);

const groupList = (groups: readonly ExportGroup[]): string =>
  groups.map(({ id, name }) => `${id} or ${name}`).join(", ");

/** A value from outside is repeated only where it looks like the word that it should be. */
const quoted = (value: string): string => (/^[\w-]{1,64}$/.test(value) ? `"${value}"` : "a value of another form");
