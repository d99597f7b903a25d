import type { PlannedFile } from "#bulk-export/language/export-plan.ts";
import type { ExportContext } from "#bulk-export/language/export-state.ts";
import type { ExportCost, ExportSummary } from "#bulk-export/language/export-summary.ts";
import type { ExportWarningCode } from "#bulk-export/language/export-warnings.ts";
import type { FailedFile, IssueCounts, LandedFile } from "#bulk-export/language/landed-file.ts";
import { LandedList } from "#bulk-export/language/landed-list.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { Receipts } from "#bulk-export/records/receipts.ts";
import type { WarningCollector } from "#platform/http/reading/reading-warnings.ts";

export interface ReconcilePorts {
  records: Pick<ExportRecords, "landedObjects">;
  receipts: Pick<Receipts, "readLanded" | "listFailed">;
}

/** What landed of a plan. */
export interface Reconciled {
  landed: LandedList;
  failedFiles: FailedFile[];
  totals: ExportSummary["totals"];
  /** The files that landed in this run, and their bytes. */
  downloaded: Pick<ExportCost, "files" | "bytes">;
}

/**
 * Compares a plan with the receipts and with the objects in the bucket, file by file.
 * @param planned its files are read once
 * @param warnings gets a warning for each file with more lines than the manifest announced
 */
export async function reconcile(
  { records, receipts }: ReconcilePorts,
  planned: AsyncIterable<PlannedFile>,
  { exportId, startedAt }: Pick<ExportContext, "exportId" | "startedAt">,
  warnings: Pick<WarningCollector<ExportWarningCode>, "at">,
): Promise<Reconciled> {
  const [landed, failed, objects] = await Promise.all([
    receipts.readLanded(exportId),
    receipts.listFailed(exportId),
    records.landedObjects(exportId),
  ]);
  const failedByIndex = new Map(failed.map((file) => [file.index, file]));
  const reconciled = nothingReconciled();
  for await (const file of planned) {
    const receipt = landed.take(file.index);
    if (receipt?.key === file.key && objects.get(file.key) === receipt.bytes) {
      addLanded(reconciled, receipt, Date.parse(startedAt));
      if (file.count !== null && receipt.lines > file.count) warnings.at(`file ${file.index}`)("COUNT_EXCEEDED");
    } else reconciled.failedFiles.push(failedByIndex.get(file.index) ?? fileWithoutFailure(file, receipt));
  }
  reconciled.totals.failedFiles = reconciled.failedFiles.length;
  return reconciled;
}

const nothingReconciled = (): Reconciled => ({
  landed: new LandedList(),
  failedFiles: [],
  totals: { files: 0, failedFiles: 0, lines: 0, bytes: 0, issues: { fatal: 0, error: 0, warning: 0, information: 0 } },
  downloaded: { files: 0, bytes: 0 },
});

function addLanded({ landed, totals, downloaded }: Reconciled, file: LandedFile, startedAt: number): void {
  landed.add(file);
  totals.files += 1;
  totals.lines += file.lines;
  totals.bytes += file.bytes;
  if (Date.parse(file.landedAt) >= startedAt) {
    downloaded.files += 1;
    downloaded.bytes += file.bytes;
  }
  // OperationOutcomes of the list `output` are exported data. The other lists hold the reports on the export.
  if (file.issues === undefined || file.kind === "output") return;
  for (const severity of Object.keys(totals.issues) as (keyof IssueCounts)[])
    totals.issues[severity] += file.issues[severity];
}

/** A missing file for which no failure was recorded. */
function fileWithoutFailure(
  { index, kind, type, key, fault }: PlannedFile,
  receipt: LandedFile | undefined,
): FailedFile {
  const reason = receipt
    ? "it has a receipt, but its object is missing or differs"
    : (fault ?? "its download ended without a receipt");
  return { index, kind, type, key, reason, attempts: 0 };
}
