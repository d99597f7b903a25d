import * as z from "zod";
import { exportGroup, exportRequestDetail } from "#bulk-export/language/export-request.ts";
import { mostFilesOfItem } from "#bulk-export/language/export-state.ts";

/** The types that IntegraConnect exports (guide, "Supported resources"). */
const guideTypes = [
  "AllergyIntolerance",
  "CarePlan",
  "CareTeam",
  "Condition",
  "Device",
  "DiagnosticReport",
  "DocumentReference",
  "Encounter",
  "Goal",
  "Immunization",
  "Location",
  "Medication",
  "MedicationRequest",
  "Observation",
  "Organization",
  "Patient",
  "Practitioner",
  "PractitionerRole",
  "Procedure",
  "Provenance",
];

/** The groups that IntegraConnect exports (guide, "Supported Group IDs"). */
const guideGroups = [
  { id: "187419279", name: "age-below-5" },
  { id: "275131468", name: "age-5-to-18" },
  { id: "383681350", name: "age-18-to-35" },
  { id: "424548118", name: "age-35-to-55" },
  { id: "517483350", name: "age-above-55" },
];

export const bulkExport = z
  .strictObject({
    /** The types that an export may name. */
    types: z
      .array(z.string().regex(/^[A-Z][A-Za-z]+$/))
      .min(1)
      .default(guideTypes),
    /** The groups that an export may name. */
    groups: z.array(exportGroup).default(guideGroups),
    /** Hours until the server must have the export ready. */
    deadlineHours: z
      .number()
      .positive()
      .max(24 * 14)
      .default(24),
    /** The share of an export's files that may be missing. With more missing, the export is failed instead of partial. */
    toleratedMissingShare: z.number().min(0).max(1).default(0.5),
    /** How many files of an export are downloaded at once. */
    downloadConcurrency: z.number().int().min(1).max(40).default(4),
    /** The most files that one call of the function lands. Each call costs four state transitions, however many files it lands. */
    filesPerDownload: z.number().int().min(1).max(mostFilesOfItem).default(mostFilesOfItem),
  })
  .prefault({});

export type BulkExportSettings = z.infer<typeof bulkExport>;

/** The most files that one call of the function downloads at once. */
const mostFilesAtOnce = 4;

/**
 * Divides `downloadConcurrency` among calls of the function, so that never more files are downloaded at once. Below eight, each call
 * downloads one file after the other: large files have a call each, and need it. From eight on, each downloads two to four at once.
 */
export function downloadSlots({ downloadConcurrency }: Pick<BulkExportSettings, "downloadConcurrency">): {
  calls: number;
  filesAtOnce: number;
} {
  const filesAtOnce = Math.min(Math.max(Math.floor(downloadConcurrency / 4), 1), mostFilesAtOnce);
  return { calls: Math.floor(downloadConcurrency / filesAtOnce), filesAtOnce };
}

export const schedule = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,48}$/),
  /** An expression of EventBridge Scheduler: `rate(1 day)`, `cron(0 2 * * ? *)` or `at(2027-01-31T03:00:00)`. */
  expression: z.string().regex(/^(rate|cron|at)\(.+\)$/),
  timezone: z.string().refine(isTimeZone, "is no IANA time zone").default("UTC"),
  enabled: z.boolean().default(true),
  /**
   * Makes every n-th export of an incremental schedule a full one. A patient who joins a group brings older records, and
   * `_since` never returns those.
   */
  fullEvery: z.number().int().min(1).max(1000).optional(),
  /** What to export, as in an `Export Requested` event. */
  detail: exportRequestDetail.omit({ requestId: true }),
});

export type ScheduleSettings = z.infer<typeof schedule>;

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** What is wrong with a schedule's export request, given the types and groups that exports may name. */
export function scheduleFaults({ detail }: ScheduleSettings, { types, groups }: BulkExportSettings): string[] {
  const unknownTypes = (detail.types ?? []).filter((type) => !types.includes(type));
  const groupKnown = groups.some(({ id, name }) => id === detail.groupId || name === detail.groupId);
  const groupFits = detail.level === "group" ? groupKnown : detail.groupId === undefined;
  return [
    ...(unknownTypes.length > 0 ? [`unknown types: ${unknownTypes.join(", ")}`] : []),
    ...(groupFits ? [] : ["groupId must name an accepted group, at level group only"]),
  ];
}
