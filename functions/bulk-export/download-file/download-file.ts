import { ExportStopped } from "#bulk-export/language/export-faults.ts";
import type { ExportPlan, PlannedFile } from "#bulk-export/language/export-plan.ts";
import type { ExportRun } from "#bulk-export/language/export-runs.ts";
import type { DownloadInput, DownloadResult, PendingFile } from "#bulk-export/language/export-state.ts";
import type { LandedFile } from "#bulk-export/language/landed-file.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { ProgressReports } from "#bulk-export/records/progress-reports.ts";
import type { Receipts } from "#bulk-export/records/receipts.ts";
import type { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { describeError } from "#platform/faults/describe-error.ts";
import { AccessRefused, EventsUndelivered } from "#platform/faults/faults.ts";
import { FileCut } from "#platform/faults/file-faults.ts";
import type { Step, StepContext } from "#platform/lambda/step.ts";
import { type FaultOutcome, mostConsecutiveRefusals, outcomeOfFault } from "./attempt-outcome.ts";
import { type DownloadRound, newRound, resultOf } from "./download-round.ts";
import { type LandFilePorts, landFile } from "./land-file.ts";
import { type BatchedFile, LandedBatches, type LandedBatchesPorts } from "./landed-batches.ts";
import { divideByTime, firstFileOf, pendingFilesOf } from "./pending-files.ts";
import { SharedLook } from "./shared-look.ts";

export interface DownloadFilePorts extends LandFilePorts, LandedBatchesPorts {
  getPlan(run: ExportRun): Promise<ExportPlan>;
  records: LandedBatchesPorts["records"] & Pick<ExportRecords, "findStop" | "markStopped">;
  receipts: LandedBatchesPorts["receipts"] & Pick<Receipts, "findLandedAmong" | "writeFailed">;
  reports: Pick<ProgressReports, "storeFiles">;
  /** How many files of the item are downloaded at once. */
  filesAtOnce: number;
}

/** A file begins only if the call has this much time left. The first files of a call have all of its time. */
const enoughTimeMs = 5 * 60_000;

/**
 * Makes one attempt at each pending file of an item whose time has come. If files are pending afterwards, the outcome is
 * `retry`: the state machine waits, and calls the step again with them. Each file has attempts, a receipt and a failure of its
 * own. A file that finally fails is recorded as failed, and the other files still land.
 *
 * Right before files become visible, the step looks for a stop marker. A small file does so while the next one is downloaded, so that
 * small files share the look.
 *
 * If the server cannot be reached, is busy, or refuses the credentials, no further file begins in this call: the pause that the server
 * needs holds for all files of the item. No file begins either if the call's time is running out.
 * @throws AccessRefused, ClientKeyUnusable: the whole run must stop. A stop marker ends the other downloads
 * @throws ExportStopped if the run has a stop marker
 */
export const downloadFile =
  (ports: DownloadFilePorts): Step<DownloadInput, DownloadResult> =>
  async (input, stepContext) => {
    const { export: context, item } = input;
    const plan = await ports.getPlan(item);
    const { due, later } = divideByTime(pendingFilesOf(input), ports.now());
    // A work list that does not fit the plan is noticed before anything begins.
    for (const { index } of [...due, ...later]) fileOf(plan, index);
    const throwIfStopped = async (): Promise<void> => {
      const stop = await ports.records.findStop(item);
      if (stop !== undefined) throw new ExportStopped(`the export was stopped: ${stop.message}`);
    };
    await throwIfStopped();
    const indexes = due.map(({ index }) => index);
    const landed = await ports.receipts.findLandedAmong(item.exportId, indexes, firstFileOf(item));
    const round = newRound(due, input.download?.refusals ?? 0);
    const look = new SharedLook(throwIfStopped);
    const call: Call = { ports, input, plan, landed, stepContext, round, look, stop: new AbortController() };
    const batches = new LandedBatches<LandedInCall>(ports, input.export, firstFileOf(item), (file, fault) =>
      settleLanded(call, file, fault),
    );
    try {
      try {
        await attemptAll(call, batches);
      } finally {
        await batches.end();
      }
    } finally {
      await ports.reports.storeFiles(item.exportId, round.outcomes);
    }
    return resultOf(round, { later, stalls: input.download?.stalls ?? 0, context, now: ports.now() });
  };

function fileOf(plan: ExportPlan, index: number): PlannedFile {
  const file = plan.files[index];
  if (file === undefined) throw new Error(`the plan of export ${plan.exportId} has no file ${index}`);
  return file;
}

/** One call of the step. */
interface Call {
  ports: DownloadFilePorts;
  input: DownloadInput;
  plan: ExportPlan;
  /** The receipts of files that landed in a call whose result was lost. */
  landed: ReadonlyMap<number, LandedFile>;
  stepContext: StepContext;
  round: DownloadRound;
  /** The look for the stop marker before files become visible. */
  look: SharedLook;
  /** Aborts the other attempts if the run must stop. */
  stop: AbortController;
}

/** A file that landed in this call, or before. */
interface LandedInCall extends BatchedFile {
  pending: PendingFile;
}

/** Attempts the files, some at once. An error does not end the other attempts. It is thrown once they are over. */
async function attemptAll(call: Call, batches: LandedBatches<LandedInCall>): Promise<void> {
  const { ports, round, look, stepContext } = call;
  const attempts: Promise<void>[] = [];
  const attempt = async (file: PendingFile, hadAllTime: boolean, downloaded: () => void): Promise<void> => {
    const landed = await attemptFile(call, file, hadAllTime, downloaded);
    if (landed !== undefined) batches.add(landed);
  };
  const lane = async (): Promise<void> => {
    for (let first = true; ; first = false) {
      if (!first && !mayBegin(round, stepContext)) return;
      const file = round.waiting.shift();
      if (file === undefined) return;
      round.attempts = Math.max(round.attempts, file.attempts + 1);
      const downloaded = Promise.withResolvers<void>();
      const ended = attempt(file, first, downloaded.resolve);
      attempts.push(ended);
      await Promise.race([ended, downloaded.promise]);
    }
  };
  await Promise.allSettled(Array.from({ length: ports.filesAtOnce }, lane));
  // No further file comes that could share the look.
  look.begin();
  const outcomes = await Promise.allSettled(attempts);
  const { refusal, answered, refusedCalls } = round;
  if (refusal !== undefined && !answered && refusedCalls + 1 >= mostConsecutiveRefusals) await stopRun(call, refusal);
  if (round.end !== undefined) throw round.end.fault;
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

const mayBegin = ({ pauseMs, end }: DownloadRound, { remainingMs }: StepContext): boolean =>
  pauseMs === undefined && end === undefined && remainingMs() > enoughTimeMs;

/**
 * Makes one attempt at a file. Returns it if it has landed.
 * @param hadAllTime whether it began with the call
 * @param downloaded called when the next file may begin, if that is before the end of the attempt
 */
async function attemptFile(
  call: Call,
  pending: PendingFile,
  hadAllTime: boolean,
  downloaded: () => void,
): Promise<LandedInCall | undefined> {
  const { ports, plan, landed, stepContext, round, look, stop } = call;
  const file = fileOf(plan, pending.index);
  const beforeVisible = async (isSmall: boolean): Promise<void> => {
    const looked = look.wait();
    if (isSmall) downloaded();
    else look.begin();
    await looked;
  };
  try {
    const signal = AbortSignal.any([stepContext.signal, stop.signal]);
    const receipt = landed.get(pending.index);
    const landedFile = receipt ?? (await landFile(ports, plan, file, beforeVisible, signal));
    round.answered = true;
    return { pending, file: landedFile, hasReceipt: receipt !== undefined };
  } catch (fault) {
    if (stop.signal.aborted) return undefined;
    if (fault instanceof ExportStopped) endRound(call, fault);
    else if (!stepContext.signal.aborted) await recordFault(call, pending, file, fault);
    else if (!hadAllTime) round.interrupted.push(pending);
    else await recordFault(call, pending, file, new FileCut("it took longer than one call may last", { cause: fault }));
    return undefined;
  }
}

/** Counts a file that landed. If its receipt or its event failed, it gets another attempt. */
async function settleLanded(call: Call, { pending, file }: LandedInCall, fault: unknown): Promise<void> {
  // Without an accepted event the file still has its receipt. After any other fault, the next call says what became of it.
  if (fault === undefined || fault instanceof EventsUndelivered) call.round.outcomes.landed.push(file);
  if (fault === undefined) call.round.landed += 1;
  else if (!call.stop.signal.aborted) await recordFault(call, pending, fileOf(call.plan, pending.index), fault);
}

function endRound({ round, stop }: Call, fault: unknown): void {
  round.end ??= { fault };
  stop.abort(fault);
}

async function recordFault(call: Call, pending: PendingFile, file: PlannedFile, fault: unknown): Promise<void> {
  const { ports, input, round } = call;
  const { index, kind, type, key } = file;
  const { deadlineAt } = input.export;
  const outcome = outcomeOfFault(fault, {
    file: pending,
    refusedCalls: round.refusedCalls,
    deadlineAt,
    now: ports.now(),
  });
  if (outcome.kind === "refused") return await stopRun(call, outcome.fault);
  if (fault instanceof AccessRefused) round.refusal = fault;
  else round.answered = true;
  logFault(ports, pending, file, outcome, fault);
  if (outcome.kind === "retry") {
    round.retried.push(outcome.file);
    if (outcome.pauseMs !== undefined) round.pauseMs = Math.max(round.pauseMs ?? 0, outcome.pauseMs);
  } else if (outcome.kind === "failed") {
    const { reason, attempts } = outcome;
    await ports.receipts.writeFailed(input.export.exportId, { index, kind, type, key, reason, attempts });
    round.outcomes.missing.push(index);
    round.failed += 1;
  } else {
    round.landed += 1;
  }
}

/** Stores the stop marker, which ends the downloads of the other items as well. */
async function stopRun(call: Call, fault: AccessRefused | ClientKeyUnusable): Promise<void> {
  const { ports, input } = call;
  const at = new Date(ports.now()).toISOString();
  const { name, message } = fault;
  await ports.records.markStopped(input.item, { reason: "refused", fault: name, message, at });
  endRound(call, fault);
}

function logFault(
  { log }: Pick<DownloadFilePorts, "log">,
  { attempts: before }: PendingFile,
  { index, type }: PlannedFile,
  outcome: Exclude<FaultOutcome, { kind: "refused" }>,
  fault: unknown,
): void {
  const fields = { index, type, attempts: before + 1, reason: outcome.reason };
  if (outcome.kind === "unpublished") log.error("EXPORT_FILE_UNPUBLISHED", fields);
  else if (outcome.unexpected) log.error("EXPORT_FILE_ERROR", { ...fields, error: describeError(fault) });
  else if (outcome.kind === "retry" && outcome.file.refusals > 0)
    log.warn("EXPORT_DOWNLOAD_REFUSED", { ...fields, refusals: outcome.file.refusals });
  else log.warn("EXPORT_FILE_ATTEMPT_FAILED", fields);
}
