import * as z from "zod";
import { instant } from "#platform/fhir/instant.ts";
import { run } from "./export-id.ts";

/**
 * The levels of a bulk export: `Patient/$export`, `Group/{id}/$export` and `$export` (guide, "Types of Bulk Export
 * Requests").
 */
export const exportLevels = ["patient", "group", "system"] as const;

/** The formats that a caller may request. All of them mean NDJSON (Bulk Data Access, `_outputFormat`). */
export const outputFormats = ["application/fhir+ndjson", "application/ndjson", "ndjson"] as const;

/**
 * What a caller sends: the detail of an `Export Requested` event, a schedule's detail, or the input of a plain
 * StartExecution. The `validate-request` step checks types and groups against the stage's settings.
 */
export const exportRequestDetail = z.strictObject({
  level: z.enum(exportLevels),
  groupId: z.string().min(1).max(64).optional(),
  types: z.array(z.string()).min(1).max(200).optional(),
  since: z
    .union(
      [z.literal("last-completed"), instant],
      "must be last-completed or a FHIR instant such as 2026-01-31T00:00:00Z",
    )
    .optional(),
  outputFormat: z.enum(outputFormats).optional(),
  requestId: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/, "must be 1 to 128 letters, digits or . _ : / -")
    .optional(),
});

export type ExportRequestDetail = z.infer<typeof exportRequestDetail>;

/** A request in its normal form: the group has its id, types are sorted and unique, `since` is an instant. */
export const exportRequest = z.strictObject({
  level: z.enum(exportLevels),
  groupId: z.string().optional(),
  groupName: z.string().optional(),
  types: z.array(z.string()).optional(),
  since: instant.optional(),
  sinceRule: z.literal("last-completed").optional(),
  outputFormat: z.enum(outputFormats),
});

export type ExportRequest = z.infer<typeof exportRequest>;

const groupWord = z.string().regex(/^[\w.-]{1,64}$/, "must be 1 to 64 letters, digits or . _ -");

/** A group that may be exported: the server's id, and a name for people (guide, "Supported Group IDs"). */
export const exportGroup = z.strictObject({ id: groupWord, name: groupWord });

export type ExportGroup = z.infer<typeof exportGroup>;

/** What triggered an execution, for the audit trail: an event and its sender, a schedule, a resumption, or a call of the API. */
export const trigger = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("event"), id: z.string(), source: z.string(), account: z.string() }),
  z.strictObject({
    kind: z.literal("schedule"),
    id: z.string(),
    /** Every n-th export of this schedule is a full export, whatever its `since`. */
    fullEvery: z.number().int().positive().optional(),
  }),
  z.strictObject({ kind: z.literal("resumption"), id: z.string() }),
  /** A call of the API: its id, and the caller. */
  z.strictObject({ kind: z.literal("api"), id: z.string(), caller: z.string() }),
]);
export type Trigger = z.infer<typeof trigger>;

/**
 * The input of an execution that the bridge starts: the caller's detail, and what triggered the execution. The input of a
 * plain StartExecution is the detail itself.
 */
export const triggeredInput = z.strictObject({
  detail: z.json(),
  trigger,
  /** The export that was requested before with the same requestId and another detail. */
  conflictsWith: z.string().optional(),
  /** The export that this one replaces. */
  predecessor: z.string().optional(),
});

export type TriggeredInput = z.infer<typeof triggeredInput>;

/** The input of an execution that resumes an export. */
export const resumptionInput = z.strictObject({
  resume: z.strictObject({ exportId: z.string(), run }),
  trigger,
  /** Why this export cannot be resumed, if the `resume-export` step found out. */
  refusal: z.string().optional(),
});

export type ResumptionInput = z.infer<typeof resumptionInput>;
