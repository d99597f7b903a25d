import * as z from "zod";

/**
 * The closed list of what an export warns of: something beside the data was not as it should be, and the export went on. Each
 * code has its sentence. The runbook explains each.
 */
export const exportWarningCodes = {
  DUPLICATE_FILE: "The manifest lists a file twice. It landed once.",
  COUNT_EXCEEDED: "A file has more lines than the manifest announces. It landed whole.",
} as const;

export type ExportWarningCode = keyof typeof exportWarningCodes;

/** How often an export met with something, and one place of it, such as `output.3.count`. No URL, no value of the server's. */
export const exportWarning = z.strictObject({
  code: z.string(),
  count: z.number().int().positive(),
  example: z.string().optional(),
});
export type ExportWarning = z.infer<typeof exportWarning>;
