import type { ExportContext, PendingFile } from "#bulk-export/language/export-state.ts";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { AccessRefused, EventsUndelivered, OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { FileCut, FileDamaged, FileRefused, ObjectConflict } from "#platform/faults/file-faults.ts";
import { nextTry, retryIntervalMs } from "#platform/pacing/pacing.ts";

/** What follows from a fault of one attempt at a file. */
export type FaultOutcome =
  /** `unexpected`: the fault is none of a file or of the server. `pauseMs`: the server needs a pause, for the other files as well. */
  | { kind: "retry"; file: PendingFile; reason: string; unexpected: boolean; pauseMs?: number }
  | { kind: "failed"; attempts: number; reason: string; unexpected: boolean }
  /** The file has landed, and the bus did not accept its event in any attempt. */
  | { kind: "unpublished"; reason: string }
  /** The server refuses the client. The whole run must stop. */
  | { kind: "refused"; fault: AccessRefused | ClientKeyUnusable };

/** Eight attempts take about four minutes. A file with the wrong content at each attempt fails sooner. */
const mostAttempts = 8;
const mostDamagedAttempts = 4;
/** For faults that say nothing about the file. They are repeated as often as Step Functions repeats a function that fails. */
const mostUnexpectedAttempts = 5;

/**
 * A single 401 may be temporary. After several consecutive refusals the run stops, because IntegraConnect may block the
 * client.
 */
export const mostConsecutiveRefusals = 3;
const refusalPauseMs = 10_000;

interface AttemptContext {
  file: PendingFile;
  /** The consecutive calls before this one in which the server refused every attempt at a file of the item. */
  refusedCalls: number;
  deadlineAt: ExportContext["deadlineAt"];
  /** Milliseconds since the epoch. */
  now: number;
}

/** Decides what follows from a fault of one attempt at a file. A next attempt after the export's deadline is none. */
export function outcomeOfFault(
  fault: unknown,
  { file: before, refusedCalls, deadlineAt, now }: AttemptContext,
): FaultOutcome {
  const { index } = before;
  const attempts = before.attempts + 1;
  if (fault instanceof ClientKeyUnusable) return { kind: "refused", fault };
  if (fault instanceof AccessRefused) {
    const refusals = before.refusals + 1;
    if (refusals >= mostConsecutiveRefusals) return { kind: "refused", fault };
    const pauseMs = refusalPauseMs * Math.max(refusals, refusedCalls + 1);
    const file = { index, attempts, refusals, nextAt: nextTry(now, pauseMs).nextAt };
    return { kind: "retry", file, reason: fault.message, unexpected: false, pauseMs };
  }
  const rule = retryRuleOf(fault);
  const { nextAt } = nextTry(now, retryIntervalMs(attempts, rule.retryAfterMs));
  const late = nextAt >= deadlineAt;
  const unexpected = rule.unexpected ?? false;
  if (attempts < rule.mostAttempts && !late) {
    const file = { index, attempts, refusals: 0, nextAt };
    const pause = fault instanceof ServerUnavailable && { pauseMs: rule.retryAfterMs ?? 0 };
    return { kind: "retry", file, reason: rule.reason, unexpected, ...pause };
  }
  if (fault instanceof EventsUndelivered) return { kind: "unpublished", reason: rule.reason };
  const reason = late ? `${rule.reason}; the next attempt would come after the export's deadline` : rule.reason;
  return { kind: "failed", attempts, reason, unexpected };
}

/** How often an attempt is repeated, and why. */
interface RetryRule {
  reason: string;
  mostAttempts: number;
  retryAfterMs?: number | undefined;
  unexpected?: boolean;
}

function retryRuleOf(fault: unknown): RetryRule {
  if (fault instanceof ServerUnavailable) {
    return { reason: fault.message, mostAttempts, retryAfterMs: fault.retryAfterMs };
  }
  if (fault instanceof FileCut) return { reason: fault.message, mostAttempts };
  if (fault instanceof FileDamaged) return { reason: fault.message, mostAttempts: mostDamagedAttempts };
  if (fault instanceof FileRefused || fault instanceof ObjectConflict || fault instanceof OriginRefused) {
    return { reason: fault.message, mostAttempts: 1 };
  }
  if (fault instanceof EventsUndelivered) return { reason: fault.message, mostAttempts: mostUnexpectedAttempts };
  const name = fault instanceof Error ? fault.name : typeof fault;
  return {
    reason: `an unexpected error (${name}), which the log of the function download-file describes`,
    mostAttempts: mostUnexpectedAttempts,
    unexpected: true,
  };
}
