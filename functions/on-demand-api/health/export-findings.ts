import { type ExportProgress, hasEnded } from "#bulk-export/language/export-progress.ts";
import { type Finding, failed, ok, warning } from "#platform/findings/findings.ts";

/** An export that runs for longer deserves a look. The bridge has no such limit. */
const longRunMs = 24 * 3_600_000;

/**
 * What the newest exports say about the stage: the last one that completed, the last one that failed, and those that run.
 * @param exports the newest first, by the times of their requests
 * @param now milliseconds since the epoch
 */
export function exportFindings(exports: readonly ExportProgress[], now: number): Finding[] {
  if (exports.length === 0) return [ok("no export was requested yet")];
  return [completedFinding(exports), failedFinding(exports), runningFinding(exports, now)];
}

function completedFinding(exports: readonly ExportProgress[]): Finding {
  const completed = lastEnded(exports, ["completed"]);
  if (completed !== undefined)
    return ok(`the last export that completed is ${completed.exportId}, at ${completed.endedAt}`);
  if (!exports.some(hasEnded)) return ok("no export has ended yet");
  return warning(
    `none of the newest ${exports.length} exports completed`,
    "read the newest ones: each says what to do",
  );
}

function failedFinding(exports: readonly ExportProgress[]): Finding {
  const bad = lastEnded(exports, ["failed", "partial"]);
  if (bad === undefined) return ok(`none of the newest ${exports.length} exports failed or lacks files`);
  const { exportId, state, error, endedAt } = bad;
  const how = state === "failed" ? `failed (${error?.name ?? "no summary"})` : "is partial";
  const seen = `export ${exportId} ${how}, at ${endedAt}`;
  if (exports.some((one) => replaces(one, bad))) return ok(`${seen}, and a later one of the same patients completed`);
  const show = `run npx integra export show ${exportId}, or open it in the console`;
  return state === "failed" ? failed(seen, `${show}: it says what to do`) : warning(seen, `${show}, and resume it`);
}

function runningFinding(exports: readonly ExportProgress[], now: number): Finding {
  const running = exports.filter((one) => !hasEnded(one)).toSorted((a, b) => sinceOf(a).localeCompare(sinceOf(b)));
  const [oldest] = running;
  if (oldest === undefined) return ok("no export runs");
  const seen = `${running.length} of the newest exports run, the oldest, ${oldest.exportId}, since ${sinceOf(oldest)}`;
  if (now - Date.parse(sinceOf(oldest)) <= longRunMs) return ok(seen);
  return warning(
    `${seen}: more than a day`,
    `run npx integra export show ${oldest.exportId}: it says what it waits for`,
  );
}

const sinceOf = ({ startedAt, requestedAt }: ExportProgress): string => startedAt ?? requestedAt;

/** The export with one of these states that ended last. */
function lastEnded(
  exports: readonly ExportProgress[],
  states: readonly ExportProgress["state"][],
): ExportProgress | undefined {
  const ended = exports.filter(({ state, endedAt }) => states.includes(state) && endedAt !== null);
  return ended.reduce<ExportProgress | undefined>(
    (last, one) => (last === undefined || endOf(one) > endOf(last) ? one : last),
    undefined,
  );
}

/** Whether an export of the same level and group completed later. */
const replaces = (one: ExportProgress, bad: ExportProgress): boolean =>
  one.state === "completed" &&
  endOf(one) > endOf(bad) &&
  one.request?.level === bad.request?.level &&
  one.request?.groupId === bad.request?.groupId;

const endOf = ({ endedAt }: ExportProgress): number => Date.parse(endedAt ?? "");
