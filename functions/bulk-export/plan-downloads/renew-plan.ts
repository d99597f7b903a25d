import { ExportJobGone } from "#bulk-export/language/export-faults.ts";
import type { ExportPlan, PlannedFile } from "#bulk-export/language/export-plan.ts";

/**
 * Renews the plan of an export that is resumed: each file keeps its index and gets the URL of the current manifest.
 * Receipts refer to files by their index, and one export must not mix the data of two transactionTimes.
 * @throws ExportJobGone if the manifest has another transactionTime or lists other files
 */
export function renewPlan(before: ExportPlan, now: ExportPlan): ExportPlan {
  const current = new Map(now.files.map((file) => [identityOf(file), file]));
  const files = before.files.map((file) => {
    const { url, count } = current.get(identityOf(file)) ?? {};
    return url === undefined ? undefined : { ...file, url, count: count ?? null };
  });
  const same =
    before.transactionTime === now.transactionTime &&
    before.files.length === now.files.length &&
    files.every((file) => file !== undefined);
  if (!same)
    throw new ExportJobGone(
      `the server's job has other files or another time than when export ${before.exportId} began`,
    );
  return { ...now, files };
}

const identityOf = ({ kind, type, key }: PlannedFile): string => JSON.stringify([kind, type, key]);
