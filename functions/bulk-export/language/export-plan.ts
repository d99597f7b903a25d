import * as z from "zod";
import { run } from "./export-request.ts";
import { exportId } from "./export-state.ts";
import { fileKind } from "./landed-file.ts";

/** One file of the manifest and the key under which it will land. */
export const plannedFile = z.strictObject({
  index: z.number().int().nonnegative(),
  kind: fileKind,
  type: z.string(),
  url: z.url(),
  key: z.string(),
  /** The number of lines that the manifest announces; null if it announces none. */
  count: z.number().int().nonnegative().nullable(),
});
export type PlannedFile = z.infer<typeof plannedFile>;

/** `work/{exportId}/plan.json`: which file lands under which key. A run that resumes the export renews the URLs in it. */
export const exportPlan = z.strictObject({
  exportId,
  run,
  transactionTime: z.string(),
  requiresAccessToken: z.boolean(),
  manifestReadAt: z.iso.datetime(),
  files: z.array(plannedFile),
});
export type ExportPlan = z.infer<typeof exportPlan>;
