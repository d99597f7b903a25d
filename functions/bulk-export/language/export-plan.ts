import * as z from "zod";
import { exportId, run } from "./export-id.ts";
import { exportWarning } from "./export-warnings.ts";
import { fileKind } from "./landed-file.ts";

/** One file of the manifest and the key under which it will land. */
export const plannedFile = z.strictObject({
  index: z.number().int().nonnegative(),
  kind: fileKind,
  type: z.string(),
  /** Null if the manifest's entry cannot be fetched. Such a file is on no work list. It is reported as failed, because of `fault`. */
  url: z.url().nullable(),
  /** Why `url` is null, for people. It quotes nothing of the entry. */
  fault: z.string().optional(),
  key: z.string(),
  /** The number of lines that the manifest announces; null if it announces none. */
  count: z.number().int().nonnegative().nullable(),
});
export type PlannedFile = z.infer<typeof plannedFile>;

/** `work/{exportId}/plan.json`: which file lands under which key. A run that resumes the export renews the URLs in it. */
export const exportPlan = z.strictObject({
  exportId,
  run,
  /** The server's time as received. Null if the manifest has none that is a text. */
  transactionTime: z.string().nullable(),
  requiresAccessToken: z.boolean(),
  manifestReadAt: z.iso.datetime(),
  files: z.array(plannedFile),
  /** What was not as it should be up to the plan, one entry for each code. Absent in plans of older versions. */
  warnings: z.array(exportWarning).optional(),
});
export type ExportPlan = z.infer<typeof exportPlan>;

/** A plan that is read file by file. Its files can be read once. */
export interface StoredPlan extends Omit<ExportPlan, "files"> {
  files: AsyncIterable<PlannedFile>;
}
