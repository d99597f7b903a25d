import { executionName } from "#bulk-export/language/export-runs.ts";
import type { ExportContext, LeaseInput, LeaseResult } from "#bulk-export/language/export-state.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { Executions } from "#platform/executions/executions.ts";
import { reasonOf } from "#platform/faults/reason-of.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Lease, LeaseHolder, Leases } from "#platform/ledger/leases.ts";
import { elapsedOf, nextTry, turnIntervalMs } from "#platform/pacing/pacing.ts";

export interface TakeLeasePorts {
  leases: Pick<Leases, "take" | "takeOver">;
  executions: Pick<Executions, "find">;
  records: Pick<ExportRecords, "findJob" | "findPlan" | "findSummary">;
  deleteJob(statusUrl: URL, signal: AbortSignal): Promise<void>;
  /** A new one at each call, so that a write recognises itself. */
  nonce: () => string;
  log: Log;
  now: () => number;
}

/**
 * Looks once whether it is this export's turn at its level. Where an identical export has the turn, its result will be
 * this one's as well; any other is waited for. A lease whose execution has ended falls to whoever looks next: never by
 * the clock, only because Step Functions says so. What the ended one left at the server is deleted first.
 */
export const takeLease =
  (ports: TakeLeasePorts): Step<LeaseInput, LeaseResult> =>
  async ({ export: context, lease: previous }, { signal }) => {
    const attempts = (previous?.attempts ?? 0) + 1;
    const result = (outcome: LeaseResult["outcome"], following: string | null): LeaseResult => {
      const wait = outcome === "waiting" ? turnIntervalMs(attempts, elapsedOf(context, ports.now())) : 0;
      return { outcome, ...nextTry(ports.now(), wait), attempts, following };
    };
    const leader = previous?.following ?? null;
    const followed = leader === null ? "none" : await progressOf(ports, leader);
    if (followed === "running") return result("waiting", leader);
    if (followed === "succeeded") return result("adopt", leader);

    const own = holderOf(context);
    const lease = await claim(ports, context, own, signal);
    if (lease.execution === own.execution) return result("ours", null);
    ports.log.info("another export has its turn", { level: context.request.level, holder: lease.exportId, attempts });
    return result("waiting", own.asks !== "" && own.asks === lease.asks ? lease.exportId : null);
  };

/** Requests are equal where the server is asked for the same. Only a first run's result is as new as it can be. */
function holderOf({ exportId, run, request }: ExportContext): LeaseHolder {
  const { level, groupId, types, since, outputFormat } = request;
  const asks = JSON.stringify([level, groupId ?? null, types ?? null, since ?? null, outputFormat]);
  return { execution: executionName({ exportId, run }), exportId, asks: run === "first" ? asks : "" };
}

async function progressOf(ports: TakeLeasePorts, leader: string): Promise<"running" | "succeeded" | "ended"> {
  const status = (await ports.executions.find(leader))?.status ?? "ended";
  if (status !== "succeeded") return status;
  // An execution also succeeds where it only handed its request on to another export.
  return (await ports.records.findSummary(leader)) === undefined ? "ended" : "succeeded";
}

/** Who holds the lease after this try: this execution, or another. */
async function claim(
  ports: TakeLeasePorts,
  { request: { level } }: ExportContext,
  own: LeaseHolder,
  signal: AbortSignal,
): Promise<Lease> {
  const nonce = ports.nonce();
  const lease = await ports.leases.take(level, own, nonce);
  if (lease.execution === own.execution) {
    await forget(ports, lease, signal);
    return lease;
  }
  const holder = await ports.executions.find(lease.execution);
  if (holder?.status === "running") return lease;
  const taken = await ports.leases.takeOver(level, own, nonce, lease);
  if (taken.execution !== own.execution) return taken;
  ports.log.warn("took the lease over from an execution that ended without giving it back", { from: lease.execution });
  await forget(ports, taken, signal);
  return taken;
}

/**
 * Deletes the job of the export that the lease was taken over from: while it runs, the server would hand it to us. One
 * that was already planned is complete, is handed to nobody, and may yet be resumed.
 */
async function forget(ports: TakeLeasePorts, { takenFrom, exportId }: Lease, signal: AbortSignal): Promise<void> {
  if (takenFrom === undefined || takenFrom === exportId) return;
  const job = await ports.records.findJob(takenFrom);
  if (job === undefined || job.foreign || (await ports.records.findPlan(takenFrom)) !== undefined) return;
  try {
    await ports.deleteJob(new URL(job.statusUrl), signal);
  } catch (fault) {
    // Its manifest will show that it is not ours, and it will be waited out.
    ports.log.warn("the server did not delete the job of the export before", { reason: reasonOf(fault) });
  }
}
