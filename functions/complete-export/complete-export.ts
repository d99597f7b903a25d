import { ExportStopped, NoFileLanded } from "#contracts/errors.ts";
import type { CompleteInput, Completion } from "#contracts/export-state.ts";
import type { ExportPlan, ExportSummary, FailedFile, IssueCounts, LandedFile, PlannedFile } from "#contracts/landed.ts";
import type { ExportRecords } from "#landing/export-records.ts";
import type { Receipts } from "#landing/receipts.ts";
import type { Checkpoints } from "#ledger/checkpoints.ts";
import type { Log } from "#runtime/log.ts";
import type { Step } from "#runtime/step.ts";

export interface CompleteExportPorts {
  records: Pick<ExportRecords, "getJob" | "getPlan" | "findStop" | "landedObjects" | "saveSummary">;
  receipts: Pick<Receipts, "allLanded" | "allFailed">;
  checkpoints: Pick<Checkpoints, "advance">;
  log: Log;
  now: () => number;
}

/**
 * Holds the receipts against the plan and against the objects that really stand in the bucket, and writes the summary.
 * "complete" is said only when each file of the manifest has both, and no reported issue is an error.
 * @throws NoFileLanded where there were files and none landed; ExportStopped where the export was stopped meanwhile
 */
export const completeExport =
  (ports: CompleteExportPorts): Step<CompleteInput, Completion> =>
  async ({ export: context }) => {
    const { exportId, request, requestId, startedAt } = context;
    const stop = await ports.records.findStop(exportId);
    if (stop !== undefined) throw new ExportStopped(`the export was stopped: ${stop.message}`);
    const plan = await ports.records.getPlan(exportId);
    const job = await ports.records.getJob(exportId);
    const { files, failedFiles } = await reconcile(ports, exportId, plan);
    if (plan.files.length > 0 && files.length === 0) throw nothingLanded(failedFiles);

    const totals = totalsOf(files, failedFiles);
    const status =
      failedFiles.length > 0 || totals.issues.error > 0 || totals.issues.fatal > 0 ? "partial" : "complete";
    const summary: ExportSummary = {
      version: "1",
      exportId,
      requestId,
      status,
      request,
      transactionTime: plan.transactionTime,
      serverJobId: new URL(job.statusUrl).pathname.split("/").at(-1) ?? "",
      files,
      failedFiles,
      totals,
      timings: {
        startedAt,
        kickedOffAt: job.kickedOffAt,
        manifestReadAt: plan.manifestReadAt,
        completedAt: new Date(ports.now()).toISOString(),
      },
    };
    await ports.records.saveSummary(summary);
    if (status === "complete") await ports.checkpoints.advance(request, plan.transactionTime, request.since, exportId);
    ports.log.info("export reconciled", { status, files: files.length, failedFiles: failedFiles.length });
    return { status, deleteJob: failedFiles.length === 0 };
  };

async function reconcile(
  { records, receipts }: CompleteExportPorts,
  exportId: string,
  plan: ExportPlan,
): Promise<{ files: LandedFile[]; failedFiles: FailedFile[] }> {
  const [landed, failed, objects] = await Promise.all([
    receipts.allLanded(exportId),
    receipts.allFailed(exportId),
    records.landedObjects(exportId),
  ]);
  const landedByIndex = new Map(landed.map((file) => [file.index, file]));
  const failedByIndex = new Map(failed.map((file) => [file.index, file]));
  const files: LandedFile[] = [];
  const failedFiles: FailedFile[] = [];
  for (const planned of plan.files) {
    const receipt = landedByIndex.get(planned.index);
    if (receipt?.key === planned.key && objects.get(planned.key) === receipt.bytes) files.push(receipt);
    else failedFiles.push(failedByIndex.get(planned.index) ?? unexplained(planned, receipt));
  }
  return { files, failedFiles };
}

function unexplained({ index, kind, type, key }: PlannedFile, receipt: LandedFile | undefined): FailedFile {
  const reason = receipt ? "its receipt is there, but the object is not" : "its download ended without a receipt";
  return { index, kind, type, key, reason, attempts: 0 };
}

function nothingLanded(failedFiles: readonly FailedFile[]): NoFileLanded {
  const reasons = [...new Set(failedFiles.map(({ reason }) => reason))].slice(0, 3);
  return new NoFileLanded(`none of the ${failedFiles.length} files landed: ${reasons.join("; ")}`);
}

function totalsOf(files: readonly LandedFile[], failedFiles: readonly FailedFile[]): ExportSummary["totals"] {
  const issues: IssueCounts = { fatal: 0, error: 0, warning: 0, information: 0 };
  let lines = 0;
  let bytes = 0;
  for (const file of files) {
    lines += file.lines;
    bytes += file.bytes;
    // OperationOutcomes that are output are exported data; only the server's own reports judge the export.
    if (file.issues === undefined || file.kind === "output") continue;
    for (const severity of Object.keys(issues) as (keyof IssueCounts)[]) issues[severity] += file.issues[severity];
  }
  return { files: files.length, failedFiles: failedFiles.length, lines, bytes, issues };
}
