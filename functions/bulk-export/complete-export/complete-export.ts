import { countSteps, type RepeatedSteps, repeatedSteps } from "#bulk-export/language/export-cost.ts";
import { ExportStopped, NoFileLanded, TooManyFilesMissing } from "#bulk-export/language/export-faults.ts";
import type { ExportJob } from "#bulk-export/language/export-job.ts";
import { jobIdOf } from "#bulk-export/language/export-job.ts";
import { phasesOf } from "#bulk-export/language/export-phases.ts";
import type { ExportPlan, PlannedFile } from "#bulk-export/language/export-plan.ts";
import type { CompleteInput, Completion, ExportContext } from "#bulk-export/language/export-state.ts";
import type { ExportCost, ExportSummary } from "#bulk-export/language/export-summary.ts";
import { landedFact } from "#bulk-export/language/landed-fact.ts";
import type { FailedFile, IssueCounts, LandedFile } from "#bulk-export/language/landed-file.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { Checkpoints } from "#bulk-export/records/checkpoints.ts";
import type { ExportAudit } from "#bulk-export/records/export-audit.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { ProgressReports } from "#bulk-export/records/progress-reports.ts";
import type { Receipts } from "#bulk-export/records/receipts.ts";
import type { Step } from "#platform/lambda/step.ts";
import { completionWarnings } from "./completion-warnings.ts";

export interface CompleteExportPorts {
  records: Pick<ExportRecords, "getJob" | "getPlan" | "findStop" | "landedObjects" | "saveSummary">;
  receipts: Pick<Receipts, "listLanded" | "listFailed">;
  checkpoints: Pick<Checkpoints, "advance">;
  audit: ExportAudit;
  reports: Pick<ProgressReports, "storeResult">;
  /** The share of the manifest's files (0 to 1) that may be missing. If more are missing, the export fails. */
  toleratedMissingShare: number;
  log: ExportLog;
  now: () => number;
}

/**
 * Compares the plan with the receipts and with the objects in the bucket, and writes the summary. The export is
 * complete only if each file of the manifest has a receipt and an object, and if the server reported no issue of
 * severity error or fatal.
 * @throws NoFileLanded, TooManyFilesMissing if more files are missing than is tolerated. The summary lists them
 * @throws ExportStopped if the run was stopped
 */
export const completeExport =
  (ports: CompleteExportPorts): Step<CompleteInput, Completion> =>
  async ({ export: context, ...state }) => {
    const { exportId, request } = context;
    const stop = await ports.records.findStop(context);
    if (stop !== undefined) throw new ExportStopped(`the export was stopped: ${stop.message}`);
    const plan = await ports.records.getPlan(exportId);
    const job = await ports.records.getJob(exportId);
    const { files, failedFiles } = await reconcile(ports, exportId, plan);
    const fault = missingFault(ports, files, failedFiles);
    const steps = repeatedSteps(state);
    const summary = summaryOf(
      context,
      { plan, job, files, failedFiles, steps, failed: fault !== undefined },
      ports.now(),
    );
    await ports.records.saveSummary(summary);
    await ports.reports.storeResult(summary);
    await ports.audit.append(context, "landed", landedFact(summary));
    ports.log.info("EXPORT_RECONCILED", { status: summary.status, ...summary.totals });
    for (const { code, count, example } of summary.warnings)
      ports.log.warn("EXPORT_WARNED", { warning: code, count, example });
    if (fault !== undefined) throw fault;
    const status = summary.status === "complete" ? "complete" : "partial";
    if (status === "complete") {
      const requestedAt = Date.parse(job.kickedOffAt);
      const { transactionTime } = plan;
      await ports.checkpoints.advance(request, { exportId, transactionTime, requestedAt, since: request.since });
    }
    return { status, deleteJob: failedFiles.length === 0 };
  };

interface Reconciled {
  plan: ExportPlan;
  job: ExportJob;
  files: LandedFile[];
  failedFiles: FailedFile[];
  steps: RepeatedSteps;
  failed: boolean;
}

function summaryOf(context: ExportContext, reconciled: Reconciled, now: number): ExportSummary {
  const { exportId, run, requestId, request, predecessor, startedAt } = context;
  const { plan, job, files, failedFiles, steps, failed } = reconciled;
  const totals = totalsOf(files, failedFiles);
  const partial = failedFiles.length > 0 || totals.issues.error > 0 || totals.issues.fatal > 0;
  const timings = {
    startedAt,
    kickedOffAt: job.kickedOffAt,
    manifestReadAt: plan.manifestReadAt,
    completedAt: new Date(now).toISOString(),
  };
  const end = failed ? "failed" : failedFiles.length > 0 ? "kept" : "deleted";
  return {
    version: "1",
    exportId,
    run,
    requestId,
    status: failed ? "failed" : partial ? "partial" : "complete",
    request,
    predecessor,
    adoptedFrom: null,
    transactionTime: plan.transactionTime,
    serverJobId: jobIdOf(job),
    files,
    failedFiles,
    totals,
    warnings: completionWarnings(plan, files),
    timings,
    phases: phasesOf(timings),
    cost: {
      ...countSteps(steps, end),
      polls: steps.polls,
      items: steps.items,
      ...downloadedSince(Date.parse(startedAt), files),
    },
  };
}

/** The files that landed from a moment on, in milliseconds since the epoch, and their bytes. */
function downloadedSince(startedAt: number, files: readonly LandedFile[]): Pick<ExportCost, "files" | "bytes"> {
  const downloaded = files.filter(({ landedAt }) => Date.parse(landedAt) >= startedAt);
  return { files: downloaded.length, bytes: downloaded.reduce((sum, { bytes }) => sum + bytes, 0) };
}

async function reconcile(
  { records, receipts }: CompleteExportPorts,
  exportId: string,
  plan: ExportPlan,
): Promise<{ files: LandedFile[]; failedFiles: FailedFile[] }> {
  const [landed, failed, objects] = await Promise.all([
    receipts.listLanded(exportId),
    receipts.listFailed(exportId),
    records.landedObjects(exportId),
  ]);
  const landedByIndex = new Map(landed.map((file) => [file.index, file]));
  const failedByIndex = new Map(failed.map((file) => [file.index, file]));
  const files: LandedFile[] = [];
  const failedFiles: FailedFile[] = [];
  for (const planned of plan.files) {
    const receipt = landedByIndex.get(planned.index);
    if (receipt?.key === planned.key && objects.get(planned.key) === receipt.bytes) files.push(receipt);
    else failedFiles.push(failedByIndex.get(planned.index) ?? fileWithoutFailure(planned, receipt));
  }
  return { files, failedFiles };
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

/** The fault of an export of which too many files are missing; undefined if few enough are. */
function missingFault(
  { toleratedMissingShare }: CompleteExportPorts,
  files: readonly LandedFile[],
  failedFiles: readonly FailedFile[],
): NoFileLanded | TooManyFilesMissing | undefined {
  const missing = failedFiles.length;
  const all = missing + files.length;
  if (missing === 0) return undefined;
  const reasons = [...new Set(failedFiles.map(({ reason }) => reason))].slice(0, 3).join("; ");
  if (files.length === 0) return new NoFileLanded(`none of the ${all} files landed: ${reasons}`);
  if (missing <= toleratedMissingShare * all) return undefined;
  return new TooManyFilesMissing(
    `${missing} of ${all} files are missing, more than the tolerated share of ${toleratedMissingShare} (setting export.toleratedMissingShare): ${reasons}`,
  );
}

function totalsOf(files: readonly LandedFile[], failedFiles: readonly FailedFile[]): ExportSummary["totals"] {
  const issues: IssueCounts = { fatal: 0, error: 0, warning: 0, information: 0 };
  let lines = 0;
  let bytes = 0;
  for (const file of files) {
    lines += file.lines;
    bytes += file.bytes;
    // OperationOutcomes of the list `output` are exported data. The other lists hold the reports on the export.
    if (file.issues === undefined || file.kind === "output") continue;
    for (const severity of Object.keys(issues) as (keyof IssueCounts)[]) issues[severity] += file.issues[severity];
  }
  return { files: files.length, failedFiles: failedFiles.length, lines, bytes, issues };
}
