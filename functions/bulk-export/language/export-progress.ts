import * as z from "zod";
import { exportFaultNames } from "./export-faults.ts";
import { exportId, run } from "./export-id.ts";
import { exportLevels } from "./export-request.ts";
import { exportPhases, exportTotals } from "./export-summary.ts";

/*
 * The progress of an export, for people: one ledger item for each export, from its request until its files expire. Nothing that
 * decides about data is read from it. At the end, the numbers are those of `summary.json`.
 */

export const exportStates = ["requested", "running", "completed", "partial", "failed", "cancelled"] as const;
export type ExportState = (typeof exportStates)[number];

/** The phases of a run, in their order. `summary.json` says how long each took. */
export const exportPhaseNames = ["waiting", "atServer", "downloading"] as const satisfies (keyof z.infer<
  typeof exportPhases
>)[];
export type ExportPhaseName = (typeof exportPhaseNames)[number];

/** What an export waits for. */
export const awaited = z.strictObject({
  what: z
    .enum(["lease", "server", "retry"])
    .describe(
      "lease: another export of the level runs. server: the server prepares the files. retry: an attempt failed.",
    ),
  message: z.string().describe("What the export waits for, for people."),
  until: z.iso.datetime().nullable().describe("When the bridge looks again."),
});
export type Awaited = z.infer<typeof awaited>;

/** What was requested, as far as people want to see it. */
export const requestedExport = z.strictObject({
  level: z.enum(exportLevels),
  groupId: z.string().nullable(),
  types: z.array(z.string()).nullable(),
  since: z.string().nullable(),
});
export type RequestedExport = z.infer<typeof requestedExport>;

/** Who requested an export: the caller of the API, the source of the event, or the name of the schedule. */
export const exportOrigin = z.strictObject({
  kind: z
    .enum(["api", "event", "schedule", "resumption", "direct"])
    .describe(
      "resumption: it replaces an export that could not be resumed. direct: somebody started the state machine.",
    ),
  by: z.string().nullable(),
});
export type ExportOrigin = z.infer<typeof exportOrigin>;

/** The numbers of `summary.json`, without its lists. */
export const exportResult = z.strictObject({
  run,
  status: z.enum(["complete", "partial", "failed"]),
  totals: exportTotals,
  linesByType: z.record(z.string(), z.number().int().nonnegative()),
  phases: exportPhases.nullable(),
});
export type ExportResult = z.infer<typeof exportResult>;

export const exportError = z.strictObject({
  name: z.union([z.enum(exportFaultNames), z.literal("Unexpected")]),
  message: z.string(),
});
export type ExportError = z.infer<typeof exportError>;

/** The call of the API that requested an export. A call with the same Idempotency-Key must have the same body. */
const requestingCall = z.strictObject({ caller: z.string(), bodyDigest: z.string() });

export const exportProgress = z.strictObject({
  exportId,
  /** The newest run. */
  run,
  state: z.enum(exportStates),
  phase: z.enum(exportPhaseNames).nullable(),
  requestedAt: z.iso.datetime(),
  /** When the newest run began and ended. */
  startedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  trigger: exportOrigin,
  /** Null if the request was invalid. */
  request: requestedExport.nullable(),
  call: requestingCall.nullable(),
  waitsFor: awaited.nullable(),
  /** X-Progress, as the server said it last. */
  serverProgress: z.string().nullable(),
  nextPollAt: z.iso.datetime().nullable(),
  /** The files of the manifest. */
  filesPlanned: z.number().int().nonnegative().nullable(),
  /** When the newest run began to download. */
  downloadingSince: z.iso.datetime().nullable(),
  result: exportResult.nullable(),
  error: exportError.nullable(),
  stopRequestedAt: z.iso.datetime().nullable(),
});
export type ExportProgress = z.infer<typeof exportProgress>;

/** The place of an export in the list: when it was requested, and its id. */
export const progressPlace = z.string().regex(/^\d{4}-\d\d-\d\dT[\d:.]{8,12}Z [A-Za-z0-9][A-Za-z0-9._-]{0,71}$/);

/** Whether the newest run has ended. */
export const hasEnded = ({ state }: Pick<ExportProgress, "state">): boolean =>
  state !== "requested" && state !== "running";
