import type { DownloadResult, ExportContext, PendingFile } from "#bulk-export/language/export-state.ts";
import type { LandedFile } from "#bulk-export/language/landed-file.ts";
import type { AccessRefused } from "#platform/faults/faults.ts";
import { nextTry, retryIntervalMs } from "#platform/pacing/pacing.ts";

/** What the attempts of one call have come to so far. */
export interface DownloadRound {
  /** Files that have not begun. */
  waiting: PendingFile[];
  /** Files that began late and were cut off by the end of the call's time. The attempt does not count. */
  interrupted: PendingFile[];
  /** Files whose attempt failed and that get another one. */
  retried: PendingFile[];
  /** The consecutive calls before this one in which the server refused every attempt. */
  refusedCalls: number;
  /** The last refusal of the credentials. */
  refusal?: AccessRefused;
  /** Whether an attempt ended otherwise than by a refusal. */
  answered: boolean;
  landed: number;
  failed: number;
  /** The files whose outcome this call knows, for the progress of the export. */
  outcomes: { landed: LandedFile[]; missing: number[] };
  /** The most attempts at one file. */
  attempts: number;
  /** The server needs a pause of at least this length. No further file begins. */
  pauseMs?: number;
  /** The run must stop. */
  end?: { fault: unknown };
}

/** A round that has not begun. It takes the files in their order. */
export const newRound = (files: readonly PendingFile[], refusedCalls: number): DownloadRound => ({
  waiting: [...files],
  interrupted: [],
  retried: [],
  refusedCalls,
  answered: false,
  landed: 0,
  failed: 0,
  outcomes: { landed: [], missing: [] },
  attempts: 1,
});

/** What the result needs beside the round. */
interface RoundContext {
  /** Files whose time had not come. */
  later: readonly PendingFile[];
  /** The stalls before this call. */
  stalls: number;
  context: Pick<ExportContext, "deadlineAt">;
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * The result of a call: which files are pending, and when the next call is due. The pause after a fault of the server holds for all of them.
 * It doubles with each call in which nothing landed. A pause beyond the export's deadline holds for no other file: each gets a first attempt.
 */
export function resultOf(round: DownloadRound, { later, stalls, context, now }: RoundContext): DownloadResult {
  const { waiting, interrupted, retried, landed, failed, attempts, pauseMs } = round;
  const refusals = Math.max(0, ...retried.map((file) => file.refusals));
  const refused = refusals > 0 && !round.answered;
  const stalled = pauseMs === undefined || landed > 0 ? 0 : stalls + 1;
  const pauseUntil = pauseMs === undefined ? 0 : nextTry(now, retryIntervalMs(Math.max(stalled, 1), pauseMs)).nextAt;
  const earliest = pauseUntil < context.deadlineAt ? pauseUntil : 0;
  const files = [...interrupted, ...waiting, ...retried, ...later].map((file) => ({
    ...file,
    nextAt: Math.max(file.nextAt, earliest),
  }));
  const nextAt = Math.min(...files.map((file) => file.nextAt), Infinity);
  const waitMs = files.length === 0 ? 0 : 1_000 * (nextAt - Math.ceil(now / 1_000));
  return {
    outcome: files.length > 0 ? "retry" : failed > 0 ? "failed" : "landed",
    ...nextTry(now, waitMs),
    attempts,
    refusals: refused ? Math.max(refusals, round.refusedCalls + 1) : refusals,
    ...(files.length > 0 && { files }),
    ...(stalled > 0 && { stalls: stalled }),
  };
}
