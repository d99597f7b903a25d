import { nameByEvent } from "#bulk-export/language/execution-names.ts";
import { aboutAnExport } from "#bulk-export/language/export-events.ts";
import type { ResumptionInput } from "#bulk-export/language/export-request.ts";
import { executionName, resumptionOf } from "#bulk-export/language/export-runs.ts";
import { exportId as exportIdSchema } from "#bulk-export/language/export-state.ts";
import type { RequestedByEvent } from "#bulk-export/language/triggers.ts";
import type { Executions, KnownExecution } from "#platform/executions/executions.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface ResumeExportPorts {
  executions: Pick<Executions, "start" | "find">;
  log: Log;
  sleep: (ms: number) => Promise<void>;
}

export interface ResumedExport {
  /** The execution that resumes the export. */
  execution: string;
  /** Whether this request had been seen before, or the export is being resumed already, so that nothing new was started. */
  duplicate: boolean;
}

/** More resumptions of one export than anybody needs: a loop in the requester is not to run for ever. */
const mostRuns = 99;

/**
 * An execution tells the end of its export a moment before it ends itself. Whoever answers that event at once is not too
 * early: for so long an execution that still runs is looked at again.
 */
const endingPausesMs = [250, 500, 1_000, 2_000, 3_000];

/**
 * Starts an execution that fetches what is missing of an export. The same event delivered again, and a request while the
 * export is being resumed, start nothing new. What cannot be resumed becomes an execution all the same: it fails
 * validation and says so.
 * @throws Error where an export was resumed 99 times
 */
export const resumeExport =
  (ports: ResumeExportPorts): Step<RequestedByEvent, ResumedExport> =>
  async (event) => {
    const about = aboutAnExport.extend({ exportId: exportIdSchema }).safeParse(event.detail);
    if (!about.success) return await refuse(ports, event);
    const { exportId } = about.data;
    const first = await ended(ports, exportId, await ports.executions.find(exportId));
    const refusal = first?.status === "running" ? `exportId: ${exportId} is still running` : undefined;
    for (let number = 1; number <= mostRuns; number += 1) {
      const input = inputOf(event, { exportId, run: `r${number}` }, refusal);
      const execution = executionName(input.resume);
      const known = await ports.executions.start(execution, input);
      const existing = known && isAnothers(known, event) ? await ended(ports, execution, known) : known;
      if (existing === undefined || isSame(existing, event, exportId)) {
        ports.log.info("export resumed", { exportId, execution, duplicate: existing !== undefined });
        return { execution, duplicate: existing !== undefined };
      }
    }
    throw new Error(`export ${exportId} was resumed ${mostRuns} times; ask for it anew`);
  };

/** What is known of an execution once it has ended, or as it is where it really goes on. */
async function ended(
  { executions, sleep }: ResumeExportPorts,
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

/** Whether an execution resumes an export for another event than this one. */
function isAnothers({ input }: KnownExecution, { id }: RequestedByEvent): boolean {
  const resumption = resumptionOf(input);
  return resumption !== undefined && resumption.trigger.id !== id;
}

/** An execution that only says what is wrong with the request. */
async function refuse({ executions }: ResumeExportPorts, event: RequestedByEvent): Promise<ResumedExport> {
  const execution = nameByEvent(event.id);
  const refusal = 'exportId: is missing, or is not an export\'s id; the detail is {"exportId": "…"} and nothing else';
  const existing = await executions.start(execution, inputOf(event, { exportId: execution, run: "r1" }, refusal));
  return { execution, duplicate: existing !== undefined };
}

function inputOf(
  { id, source, account }: RequestedByEvent,
  resume: ResumptionInput["resume"],
  refusal: string | undefined,
): ResumptionInput {
  return { resume, trigger: { kind: "event", id, source, account }, ...(refusal !== undefined && { refusal }) };
}

/** Whether an execution already does what this event asks for. One of that name that resumes nothing is another export. */
function isSame({ status, input }: KnownExecution, { id }: RequestedByEvent, exportId: string): boolean {
  const resumption = resumptionOf(input);
  if (resumption?.resume.exportId !== exportId) return false;
  return status === "running" || resumption.trigger.id === id;
}
