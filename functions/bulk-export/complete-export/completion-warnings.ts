import type { ExportPlan } from "#bulk-export/language/export-plan.ts";
import { type ExportWarning, type ExportWarningCode, exportWarningsOf } from "#bulk-export/language/export-warnings.ts";
import type { LandedFile } from "#bulk-export/language/landed-file.ts";
import { warningCollector } from "#platform/http/reading/reading-warnings.ts";
import { readServerInstant } from "#platform/http/reading/server-instant.ts";

/** Two clocks are rarely equal. A server's clock that is ahead by less than this is not worth a warning. */
const toleratedSkewMs = 60_000;

/** The warnings of the plan, and those that only the completed export shows. */
export function completionWarnings(plan: ExportPlan, files: readonly LandedFile[]): ExportWarning[] {
  const collector = warningCollector<ExportWarningCode>();
  const warnAboutTime = collector.at("transactionTime");
  const received = readServerInstant(plan.transactionTime);
  if (received === undefined) warnAboutTime("CHECKPOINT_NOT_MOVED");
  else if (received.earliest > Date.parse(plan.manifestReadAt) + toleratedSkewMs)
    warnAboutTime("TRANSACTION_TIME_AHEAD");
  const counts = new Map(plan.files.map(({ index, count }) => [index, count]));
  for (const { index, lines } of files) {
    const count = counts.get(index) ?? null;
    if (count !== null && lines > count) collector.at(`file ${index}`)("COUNT_EXCEEDED");
  }
  return [...(plan.warnings ?? []), ...exportWarningsOf(collector)];
}
