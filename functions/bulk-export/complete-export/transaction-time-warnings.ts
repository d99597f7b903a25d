import type { StoredPlan } from "#bulk-export/language/export-plan.ts";
import type { ExportWarningCode } from "#bulk-export/language/export-warnings.ts";
import type { WarningCollector } from "#platform/http/reading/reading-warnings.ts";
import { readServerInstant } from "#platform/http/reading/server-instant.ts";

/** Two clocks are rarely equal. A server's clock that is ahead by less than this is not worth a warning. */
const toleratedSkewMs = 60_000;

/** Warns of a transactionTime from which no export can continue, or that lies ahead. */
export function warnOfTransactionTime(
  { transactionTime, manifestReadAt }: Pick<StoredPlan, "transactionTime" | "manifestReadAt">,
  warnings: Pick<WarningCollector<ExportWarningCode>, "at">,
): void {
  const warn = warnings.at("transactionTime");
  const received = readServerInstant(transactionTime);
  if (received === undefined) warn("CHECKPOINT_NOT_MOVED");
  else if (received.earliest > Date.parse(manifestReadAt) + toleratedSkewMs) warn("TRANSACTION_TIME_AHEAD");
}
