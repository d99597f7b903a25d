import * as z from "zod";
import { readingWarningCodes, type WarningCollector } from "#platform/http/reading/reading-warnings.ts";

/**
 * The closed list of what an export warns of: something beside the data was not as it should be, and the export went on. Each
 * code has its sentence. The runbook explains each.
 */
export const exportWarningCodes = {
  ...readingWarningCodes,
  REQUEST_UNREADABLE: "The manifest does not say in a text which request it answers. It counts as unsaid.",
  TYPE_UNREADABLE: "The type of a file is not a text. The type of its list counts.",
  DUPLICATE_FILE: "The manifest lists a file twice. It landed once.",
  TRANSACTION_TIME_AHEAD:
    "The manifest's transactionTime lies ahead of the bridge's clock. The checkpoint is the bridge's time of the kick-off.",
  CHECKPOINT_NOT_MOVED: "The manifest has no transactionTime that can be read. The checkpoint did not move.",
  COUNT_EXCEEDED: "A file has more lines than the manifest announces. It landed whole.",
} as const;

export type ExportWarningCode = keyof typeof exportWarningCodes;

/** The number of warnings of one code, and the place of one of them, such as `output.3.count`. Never a URL or a value of the server. */
export const exportWarning = z.strictObject({
  code: z.string(),
  count: z.number().int().positive(),
  example: z.string().optional(),
});
export type ExportWarning = z.infer<typeof exportWarning>;

/** The number of warnings of each code, as a step passes it on in the state. */
export const warningCounts = z.record(z.string(), z.number().int().positive());
export type WarningCounts = z.infer<typeof warningCounts>;

/** The counts of warnings, by code. */
export function warningCountsOf(warnings: readonly ExportWarning[]): WarningCounts {
  return Object.fromEntries(warnings.map(({ code, count }) => [code, count]));
}

/** The sum of two counts. */
export function addWarningCounts(counts: WarningCounts = {}, more: WarningCounts = {}): WarningCounts {
  const codes = new Set([...Object.keys(counts), ...Object.keys(more)]);
  return Object.fromEntries([...codes].map((code) => [code, (counts[code] ?? 0) + (more[code] ?? 0)]));
}

/** The warnings that were collected, and those that earlier steps counted: one entry for each code, with the first place. */
export function exportWarningsOf(
  collector: WarningCollector<ExportWarningCode>,
  counted: WarningCounts = {},
): ExportWarning[] {
  return Object.entries(addWarningCounts(counted, collector.counts())).map(([code, count]) => {
    const example = collector.warnings.find((warning) => warning.code === code)?.at;
    return { code, count, ...(example !== undefined && { example }) };
  });
}
