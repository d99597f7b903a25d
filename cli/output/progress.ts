import { withoutControls } from "./table.ts";
import { readableBytes, readableCount, readableDuration } from "./units.ts";

/** Where progress is shown: a terminal, or a file or pipe. */
export interface ProgressOutput {
  write: (text: string) => unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
}

/** How far something is. */
export interface ProgressState {
  /** What happens now: "waiting for the server". */
  message: string;
  /** `total` is null as long as nobody knows it. */
  files: { done: number; total: number | null };
  lines?: number;
  bytes?: number;
  /** All bytes, if they are known. The time that is left follows from them, otherwise from the files. */
  totalBytes?: number;
  bytesPerSecond?: number | null;
}

/** Shows progress until it is cleared. */
export interface Progress {
  show: (state: ProgressState) => void;
  /** A line that stays. */
  note: (line: string) => void;
  /** Removes the bar. Lines stay. */
  clear: () => void;
}

/** Elsewhere than in a terminal, counts are reported at most this often. A new message is reported at once. */
const linesEveryMs = 10_000;

/** A bar is drawn at most this often: a file arrives in thousands of pieces. */
const redrawEveryMs = 100;

/** Progress as a bar in a terminal, and as plain lines elsewhere. */
export function progressOn(output: ProgressOutput, now: () => number): Progress {
  return output.isTTY === true ? bar(output, now) : plainLines(output, now);
}

function bar(output: ProgressOutput, now: () => number): Progress {
  const estimate = timeLeft(now);
  let shown: { message: string; at: number } | undefined;
  const clear = () => {
    if (shown !== undefined) output.write("\r\u001b[K");
    shown = undefined;
  };
  return {
    show: (state) => {
      const leftMs = estimate(state);
      const { message } = state;
      if (shown?.message === message && now() - shown.at < redrawEveryMs) return;
      output.write(`\r\u001b[K${barText(state, leftMs, columnsOf(output))}`);
      shown = { message, at: now() };
    },
    note: (line) => {
      clear();
      output.write(`${line}\n`);
    },
    clear,
  };
}

function plainLines(output: ProgressOutput, now: () => number): Progress {
  const estimate = timeLeft(now);
  let last = { message: "", reached: "", at: -Infinity };
  return {
    show: (state) => {
      const leftMs = estimate(state);
      const reached = [state.message, ...amounts(state, undefined)].join(", ");
      const isDue = state.message !== last.message || now() - last.at >= linesEveryMs;
      if (!isDue || reached === last.reached) return;
      output.write(`${withoutControls([state.message, ...amounts(state, leftMs)].join(", "))}\n`);
      last = { message: state.message, reached, at: now() };
    },
    note: (line) => {
      output.write(`${line}\n`);
    },
    clear: () => undefined,
  };
}

/** A terminal that does not know its width says 0. */
const columnsOf = ({ columns = 0 }: ProgressOutput): number => (columns > 0 ? columns : 80);

const barWidth = 24;

function barText(state: ProgressState, leftMs: number | undefined, columns: number): string {
  const share = shareOf(state);
  const filled = Math.round((share ?? 0) * barWidth);
  const drawn = share === undefined ? "" : `[${"#".repeat(filled)}${"-".repeat(barWidth - filled)}] `;
  const text = `${drawn}${[state.message, ...amounts(state, leftMs)].join("  ")}`;
  // A line that wraps could not be overwritten.
  return withoutControls(text).slice(0, Math.max(columns - 1, 20));
}

function amounts({ files, lines, bytes, bytesPerSecond }: ProgressState, leftMs: number | undefined): string[] {
  const total = files.total === null ? "" : ` of ${readableCount(files.total)}`;
  return [
    ...(files.total === null && files.done === 0 ? [] : [`${readableCount(files.done)}${total} files`]),
    ...(lines === undefined || lines === 0 ? [] : [`${readableCount(lines)} lines`]),
    ...(bytes === undefined || bytes === 0 ? [] : [readableBytes(bytes)]),
    ...(typeof bytesPerSecond === "number" && bytesPerSecond > 0 ? [`${readableBytes(bytesPerSecond)}/s`] : []),
    ...(leftMs === undefined ? [] : [`${readableDuration(leftMs)} left`]),
  ];
}

/** Between 0 and 1; undefined if the whole is not known. */
function shareOf({ files, bytes = 0, totalBytes }: ProgressState): number | undefined {
  const [done, total] = totalBytes === undefined ? [files.done, files.total] : [bytes, totalBytes];
  return total === null || total === 0 ? undefined : Math.min(done / total, 1);
}

/** Estimates the time that is left, in milliseconds, from what happened since the first call. */
function timeLeft(now: () => number): (state: ProgressState) => number | undefined {
  let first: { at: number; share: number } | undefined;
  return (state) => {
    const share = shareOf(state);
    if (share === undefined) return undefined;
    first ??= { at: now(), share };
    const gained = share - first.share;
    return gained <= 0 || share >= 1 ? undefined : ((now() - first.at) / gained) * (1 - share);
  };
}
