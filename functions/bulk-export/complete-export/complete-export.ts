import { countSteps, type RepeatedSteps, repeatedSteps } from "#bulk-export/language/export-cost.ts";
import { ExportStopped, NoFileLanded, TooManyFilesMissing } from "#bulk-export/language/export-faults.ts";
import type { ExportJob } from "#bulk-export/language/export-job.ts";
import { jobIdOf } from "#bulk-export/language/export-job.ts";
import { phasesOf } from "#bulk-export/language/export-phases.ts";
import type { StoredPlan } from "#bulk-export/language/export-plan.ts";
import type { CompleteInput, Completion, ExportContext } from "#bulk-export/language/export-state.ts";
import type { SummaryHead } from "#bulk-export/language/export-summary.ts";
import { type ExportWarning, type ExportWarningCode, exportWarningsOf } from "#bulk-export/language/export-warnings.ts";
import { landedFactHead } from "#bulk-export/language/landed-fact.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { Checkpoints } from "#bulk-export/records/checkpoints.ts";
import type { ExportAudit } from "#bulk-export/records/export-audit.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { ProgressReports } from "#bulk-export/records/progress-reports.ts";
import { warningCollector } from "#platform/http/reading/reading-warnings.ts";
import type { Step } from "#platform/lambda/step.ts";
import { type Reconciled, type ReconcilePorts, reconcile } from "./reconcile.ts";
import { warnOfTransactionTime } from "./transaction-time-warnings.ts";

export interface CompleteExportPorts extends ReconcilePorts {
  records: ReconcilePorts["records"] & Pick<ExportRecords, "getJob" | "openPlan" | "findStop" | "saveSummary">;
  checkpoints: Pick<Checkpoints, "advance">;
  audit: Pick<ExportAudit, "appendLanded">;
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
    const job = await ports.records.getJob(exportId);
    const { files: planned, ...plan } = await ports.records.openPlan(exportId);
    const collected = warningCollector<ExportWarningCode>();
    warnOfTransactionTime(plan, collected);
    const reconciled = await reconcile(ports, planned, context, collected);
    const warnings = [...(plan.warnings ?? []), ...exportWarningsOf(collected)];
    const fault = missingFault(ports, reconciled);
    const results = { plan, job, reconciled, warnings, steps: repeatedSteps(state), failed: fault !== undefined };
    const summary = summaryOf(context, results, ports.now());
    const { files, audited, linesByType } = reconciled.landed;
    await ports.records.saveSummary({ ...summary, files });
    await ports.reports.storeResult(summary, linesByType);
    await ports.audit.appendLanded(context, landedFactHead(summary), audited);
    ports.log.info("EXPORT_RECONCILED", { status: summary.status, ...summary.totals });
    for (const { code, count, example } of warnings) ports.log.warn("EXPORT_WARNED", { warning: code, count, example });
    if (fault !== undefined) throw fault;
    const status = summary.status === "complete" ? "complete" : "partial";
    if (status === "complete") {
      const requestedAt = Date.parse(job.kickedOffAt);
      const { transactionTime } = plan;
      await ports.checkpoints.advance(request, { exportId, transactionTime, requestedAt, since: request.since });
    }
    return { status, deleteJob: reconciled.failedFiles.length === 0 };
  };

interface Results {
  plan: Omit<StoredPlan, "files">;
  job: ExportJob;
  reconciled: Reconciled;
  warnings: ExportWarning[];
  steps: RepeatedSteps;
  failed: boolean;
}

function summaryOf(context: ExportContext, results: Results, now: number): SummaryHead {
  const { exportId, run, requestId, request, predecessor, startedAt } = context;
  const { plan, job, warnings, steps, failed } = results;
  const { failedFiles, totals, downloaded } = results.reconciled;
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
    failedFiles,
    totals,
    warnings,
    timings,
    phases: phasesOf(timings),
    cost: { ...countSteps(steps, end), polls: steps.polls, items: steps.items, ...downloaded },
  };
}

/** The fault of an export of which too many files are missing; undefined if few enough are. */
function missingFault(
  { toleratedMissingShare }: CompleteExportPorts,
  { failedFiles, totals }: Reconciled,
): NoFileLanded | TooManyFilesMissing | undefined {
  const missing = failedFiles.length;
  const all = missing + totals.files;
  if (missing === 0) return undefined;
  const reasons = [...new Set(failedFiles.map(({ reason }) => reason))].slice(0, 3).join("; ");
  if (totals.files === 0) return new NoFileLanded(`none of the ${all} files landed: ${reasons}`);
  if (missing <= toleratedMissingShare * all) return undefined;
  return new TooManyFilesMissing(
    `${missing} of ${all} files are missing, more than the tolerated share of ${toleratedMissingShare} (setting export.toleratedMissingShare): ${reasons}`,
  );
}
