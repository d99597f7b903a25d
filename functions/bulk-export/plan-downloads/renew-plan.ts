import { ExportJobGone } from "#bulk-export/language/export-faults.ts";
import type { ExportPlan, PlannedFile } from "#bulk-export/language/export-plan.ts";

/**
 * Renews the plan of an export that is resumed: each file keeps its index and its key, and gets the URL of the current manifest.
 * Receipts refer to files by their index, and one export must not mix the data of two transactionTimes.
 * @throws ExportJobGone if the manifest has another transactionTime or lists other files
 */
export function renewPlan(before: ExportPlan, now: ExportPlan): ExportPlan {
  const current = new Map(now.files.map((file) => [identityOf(file), file]));
  const renewed = before.files.map((file) => current.get(identityOf(file)) ?? samePlace(file, now));
  const files = before.files.flatMap(({ index, key }, position) => {
    const file = renewed[position];
    return file === undefined ? [] : [{ ...file, index, key }];
  });
  const same =
    before.transactionTime === now.transactionTime &&
    before.files.length === now.files.length &&
    files.length === before.files.length &&
    new Set(renewed).size === files.length;
  if (!same)
    throw new ExportJobGone(
      `the server's job has other files or another time than when export ${before.exportId} began`,
    );
  return { ...now, files };
}

const identityOf = ({ kind, type, key }: PlannedFile): string => JSON.stringify([kind, type, key]);

/** An entry that could not be fetched has no name. If the server has mended it since, or broken it, its place in the manifest tells. */
function samePlace(file: PlannedFile, now: ExportPlan): PlannedFile | undefined {
  const there = now.files[file.index];
  return there?.kind === file.kind && (file.url === null) !== (there.url === null) ? there : undefined;
}
