import { executionName } from "#bulk-export/language/execution-names.ts";
import type { ResumptionInput, Trigger } from "#bulk-export/language/export-request.ts";
import { resumptionOf } from "#bulk-export/language/export-runs.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { Executions, KnownExecution } from "#platform/executions/executions.ts";

export interface StartResumptionPorts {
  executions: Pick<Executions, "start" | "find">;
  log: ExportLog;
  sleep: (ms: number) => Promise<void>;
}

export interface ResumedExport {
  /** The execution that resumes the export. */
  execution: string;
  /** Whether nothing new was started, because the trigger was delivered before or the export is being resumed already. */
  duplicate: boolean;
}

/** Resumes an export, see `startResumption`. */
export type StartResumption = (exportId: string, trigger: Trigger) => Promise<ResumedExport>;

/** A limit for a requester that resumes an export in a loop. */
const mostRuns = 99;

/**
 * An execution publishes the end of its export shortly before it ends itself. A subscriber may answer that event at once with a
 * request to resume. Therefore an execution that still runs is checked again after each of these pauses.
 */
const endingPausesMs = [250, 500, 1_000, 2_000, 3_000];

/**
 * Starts an execution that downloads the missing files of an export. A trigger that is delivered again, or a request
 * while the export is being resumed, starts nothing new. If the export cannot be resumed, an execution starts all the
 * same: it fails validation and reports the reason.
 * @throws Error if the export was resumed 99 times
 */
export const startResumption =
  (ports: StartResumptionPorts): StartResumption =>
  async (exportId, trigger) => {
    const first = await findOnceEnded(ports, exportId, await ports.executions.find(exportId));
    const refusal = first?.status === "running" ? `exportId: ${exportId} is still running` : undefined;
    for (let number = 1; number <= mostRuns; number += 1) {
      const resume = { exportId, run: `r${number}` };
      const input: ResumptionInput = { resume, trigger, ...(refusal !== undefined && { refusal }) };
      const execution = executionName(resume);
      const known = await ports.executions.start(execution, input);
      const existing = known && resumesForOther(known, trigger) ? await findOnceEnded(ports, execution, known) : known;
      if (existing === undefined || serves(existing, trigger, exportId)) {
        ports.log.info("EXPORT_RESUMED", { exportId, execution, duplicate: existing !== undefined });
        return { execution, duplicate: existing !== undefined };
      }
    }
    throw new Error(`export ${exportId} was resumed ${mostRuns} times, which is the limit: request a new export`);
  };

/** The execution after it has ended, or as it is after all pauses if it still runs. */
async function findOnceEnded(
  { executions, sleep }: StartResumptionPorts,
  name: string,
  known: KnownExecution | undefined,
): Promise<KnownExecution | undefined> {
  let execution = known;
  for (const pause of endingPausesMs) {
    if (execution?.status !== "running") return execution;
    await sleep(pause);
    execution = await executions.find(name);
  }
  return execution;
}

/** Whether an execution resumes an export because of another trigger than this one. */
function resumesForOther({ input }: KnownExecution, { id }: Trigger): boolean {
  const resumption = resumptionOf(input);
  return resumption !== undefined && resumption.trigger.id !== id;
}

/** Whether an execution already serves this trigger. An execution of that name that resumes nothing is another export. */
function serves({ status, input }: KnownExecution, { id }: Trigger, exportId: string): boolean {
  const resumption = resumptionOf(input);
  if (resumption?.resume.exportId !== exportId) return false;
  return status === "running" || resumption.trigger.id === id;
}
