import { executionName } from "#bulk-export/language/execution-names.ts";
import type { ExportJob } from "#bulk-export/language/export-job.ts";
import type { ExportContext, LeaseInput, LeaseResult } from "#bulk-export/language/export-state.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { ProgressReports } from "#bulk-export/records/progress-reports.ts";
import type { Executions } from "#platform/executions/executions.ts";
import { isOver } from "#platform/executions/is-over.ts";
import { reasonOf } from "#platform/faults/reason-of.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Lease, LeaseHolder, Leases } from "#platform/ledger/leases.ts";
import { elapsedOf, nextTry, timeOf, turnIntervalMs } from "#platform/pacing/pacing.ts";

export interface TakeLeasePorts {
  leases: Pick<Leases, "take" | "takeOver">;
  executions: Pick<Executions, "find">;
  records: Pick<ExportRecords, "findJob" | "hasPlan" | "hasSummary">;
  deleteJob(statusUrl: URL, signal: AbortSignal): Promise<void>;
  reports: Pick<ProgressReports, "report">;
  /** Returns a new nonce at each call. By its nonce, a write recognises itself. */
  nonce: () => string;
  log: ExportLog;
  now: () => number;
}

/**
 * Tries once to take the lease of the export's level. While another export holds it, this one waits. If that export is
 * identical, this one takes over its result when it has succeeded. A lease never expires. It can be taken over only
 * from an execution that Step Functions reports as ended, or that it has not known for minutes, and the job that this execution left on the server is deleted
 * first.
 */
export const takeLease =
  (ports: TakeLeasePorts): Step<LeaseInput, LeaseResult> =>
  async ({ export: context, lease: previous }, { signal }) => {
    const attempts = (previous?.attempts ?? 0) + 1;
    const result = (outcome: LeaseResult["outcome"], following: string | null): LeaseResult => {
      const wait = outcome === "waiting" ? turnIntervalMs(attempts, elapsedOf(context, ports.now())) : 0;
      return { outcome, ...nextTry(ports.now(), wait), attempts, following };
    };
    const waitFor = async (holder: string, following: string | null): Promise<LeaseResult> => {
      const waiting = result("waiting", following);
      const waitsFor = { what: "lease" as const, message: leaseMessage(context, holder), until: timeOf(waiting) };
      await ports.reports.report(context, { phase: "waiting", waitsFor });
      return waiting;
    };
    const followed = previous?.following ?? null;
    const progress = followed === null ? "none" : await progressOf(ports, followed);
    if (followed !== null && progress === "running") return await waitFor(followed, followed);
    if (progress === "succeeded") return result("adopt", followed);

    const own = holderOf(context);
    const lease = await claimLease(ports, context, own, signal);
    if (lease.execution === own.execution) return result("ours", null);
    ports.log.info("EXPORT_TURN_AWAITED", { level: context.request.level, holder: lease.exportId, attempts });
    const isIdentical = own.kickOff !== "" && own.kickOff === lease.kickOff;
    return await waitFor(lease.exportId, isIdentical ? lease.exportId : null);
  };

const leaseMessage = ({ request: { level } }: ExportContext, holder: string): string =>
  `The lease of level ${level}, held by export ${holder}. One export of a level runs at a time.`;

/**
 * This export as a holder of the lease. Two exports are identical if they send the server the same kick-off. A run that
 * resumes an export is identical to none, because its result is older than a new export's.
 */
function holderOf({ exportId, run, request }: ExportContext): LeaseHolder {
  const { level, groupId, types, since, outputFormat } = request;
  const kickOff = JSON.stringify([level, groupId ?? null, types ?? null, since ?? null, outputFormat]);
  return { execution: executionName({ exportId, run }), exportId, kickOff: run === "first" ? kickOff : "" };
}

async function progressOf(ports: TakeLeasePorts, exportId: string): Promise<"running" | "succeeded" | "ended"> {
  const status = (await ports.executions.find(exportId))?.status ?? "ended";
  if (status !== "succeeded") return status;
  // An execution that only started a replacement export also succeeds, but leaves no summary.
  return (await ports.records.hasSummary(exportId)) ? "succeeded" : "ended";
}

/** Takes the lease if it is free or its holder has ended. Returns the lease with its holder: this execution or another one. */
async function claimLease(
  ports: TakeLeasePorts,
  { request: { level } }: ExportContext,
  own: LeaseHolder,
  signal: AbortSignal,
): Promise<Lease> {
  const nonce = ports.nonce();
  const lease = await ports.leases.take(level, own, nonce);
  if (lease.execution === own.execution) {
    await deletePreviousJob(ports, lease, signal);
    return lease;
  }
  const holder = await ports.executions.find(lease.execution);
  if (!isOver(holder, lease.takenAt, ports.now())) return lease;
  const taken = await ports.leases.takeOver(level, own, nonce, lease);
  if (taken.execution !== own.execution) return taken;
  ports.log.warn("EXPORT_LEASE_TAKEN_OVER", { from: lease.execution });
  await deletePreviousJob(ports, taken, signal);
  return taken;
}

/**
 * Deletes the job of the export from which the lease was taken over. While that job runs, the server would hand it to
 * this export. A job that has a manifest is complete: the server hands it to no other export, and its files can still be
 * fetched by a resumption.
 */
async function deletePreviousJob(
  ports: TakeLeasePorts,
  { takenFrom, exportId }: Lease,
  signal: AbortSignal,
): Promise<void> {
  if (takenFrom === undefined || takenFrom === exportId) return;
  const job = await ports.records.findJob(takenFrom);
  if (job === undefined || job.foreign || (await isComplete(ports, job))) return;
  try {
    await ports.deleteJob(new URL(job.statusUrl), signal);
  } catch (fault) {
    // If the server hands this job to the export, its manifest will show that it belongs to another request.
    ports.log.warn("EXPORT_PREVIOUS_JOB_DELETION_FAILED", { previous: takenFrom, reason: reasonOf(fault) });
  }
}

/** Whether the server has finished a job. A job of an older version of the bridge does not say so, but its plan does. */
async function isComplete({ records }: TakeLeasePorts, { manifestUrl, exportId }: ExportJob): Promise<boolean> {
  return manifestUrl !== undefined || (await records.hasPlan(exportId));
}
