import { executionName } from "#bulk-export/language/execution-names.ts";
import { exportLevels } from "#bulk-export/language/export-request.ts";
import { type ExportRun, runOfHolder } from "#bulk-export/language/export-runs.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { OpenRun, OpenRuns } from "#bulk-export/records/open-runs.ts";
import type { RunEnd, SettleRun } from "#bulk-export/settlement/settle-run.ts";
import type { Executions, KnownExecution } from "#platform/executions/executions.ts";
import { isSettled, settlingTimeMs } from "#platform/executions/is-over.ts";
import type { SweepResult, SweepTrigger } from "#platform/executions/sweep-trigger.ts";
import { reasonOf } from "#platform/faults/reason-of.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Leases } from "#platform/ledger/leases.ts";

export interface SweepExportsPorts {
  settle: SettleRun;
  executions: Pick<Executions, "find">;
  leases: Pick<Leases, "find">;
  openRuns: Pick<OpenRuns, "due" | "postpone" | "count">;
  /** A sweep looks at so many open runs at most. The next sweep begins with those that wait longest. */
  mostRuns: number;
  /** Counts an end that nothing else had published. */
  countEnd: () => void;
  /** Reports how many runs are open after the sweep. */
  reportOpen: (runs: number) => void;
  log: ExportLog;
}

/**
 * How long an execution that Step Functions does not know may still be started, in milliseconds. EventBridge, the Scheduler and
 * Lambda repeat a trigger for six hours (`infra/constructs/bulk-export/export-triggers.ts`); after that, nothing starts it any more.
 */
export const startTimeMs = 7 * 3_600_000;

/**
 * Finds runs whose execution is over and whose end was not published, and leases whose holder is gone, and settles them. This
 * happens if an event of Step Functions was lost (they are best effort), if the function behind the rule failed for good, or if an
 * execution was recorded and never started. A run that is still alive is looked at again by a later sweep.
 * @throws Error if a run or a lease could not be settled. The others are settled first
 */
export const sweepExports =
  (ports: SweepExportsPorts): Step<SweepTrigger, SweepResult> =>
  async ({ time }, { signal }) => {
    const sweep = new Sweep(ports, Date.parse(time), signal);
    for await (const run of ports.openRuns.due(sweep.now)) {
      if (sweep.checked >= ports.mostRuns || signal.aborted) break;
      await sweep.checkRun(run);
    }
    for (const level of exportLevels) if (!signal.aborted) await sweep.checkLease(level);
    ports.reportOpen(await ports.openRuns.count());
    const { checked, published, failed } = sweep;
    ports.log.info("EXPORTS_SWEPT", { checked, published, failed });
    if (failed > 0) throw new Error(`${failed} exports could not be settled; the next sweep tries them again`);
    return { checked, published };
  };

class Sweep {
  readonly now: number;
  checked = 0;
  published = 0;
  failed = 0;
  readonly #ports: SweepExportsPorts;
  readonly #signal: AbortSignal;

  constructor(ports: SweepExportsPorts, now: number, signal: AbortSignal) {
    this.now = now;
    this.#ports = ports;
    this.#signal = signal;
  }

  async checkRun(run: OpenRun): Promise<void> {
    this.checked += 1;
    await this.#guard(run, async () => {
      // It is postponed first, so that a run that cannot be settled never keeps a sweep from the others.
      await this.#ports.openRuns.postpone(run, this.now + settlingTimeMs);
      const execution = await this.#ports.executions.find(executionName(run));
      const mayStart = execution === undefined && this.now - run.openedAt < startTimeMs;
      if (!mayStart && isSettled(execution, run.openedAt, this.now)) await this.#settle(run, execution);
    });
  }

  async checkLease(level: (typeof exportLevels)[number]): Promise<void> {
    const lease = await this.#ports.leases.find(level);
    if (lease === undefined) return;
    const run = runOfHolder(lease);
    await this.#guard(run, async () => {
      const execution = await this.#ports.executions.find(lease.execution);
      if (isSettled(execution, lease.takenAt, this.now)) await this.#settle(run, execution);
    });
  }

  async #settle({ exportId, run }: ExportRun, execution: KnownExecution | undefined): Promise<void> {
    const end = endOf(execution);
    const { published } = await this.#ports.settle({ exportId, run }, end, this.#signal);
    if (!published) return;
    this.published += 1;
    this.#ports.countEnd();
    this.#ports.log.warn("EXPORT_END_SWEPT", { exportId, run, status: end.status });
  }

  async #guard({ exportId, run }: ExportRun, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (fault) {
      this.failed += 1;
      this.#ports.log.error("EXPORT_NOT_SETTLED", { exportId, run, reason: reasonOf(fault) });
    }
  }
}

function endOf(execution: KnownExecution | undefined): RunEnd {
  if (execution === undefined) return { status: "MISSING" };
  return execution.end ?? { status: "SUCCEEDED" };
}
