import { type ExitCode, exitCodes } from "./exit-codes.ts";

/** A stream of a process, which reports that nobody reads it. */
interface ReadStream {
  on: (event: "error", listener: (error: NodeJS.ErrnoException) => void) => unknown;
}

/**
 * Runs a command for as long as somebody reads its streams. A reader such as `head` may close the pipe. The command is then stopped by its
 * signal, as by Ctrl-C, so that it removes what it made for itself.
 * @returns the command's exit code; 0 if the reader stopped it, because the reader has what it wanted
 * @throws what the command throws, unless a closed pipe stopped it; the stream's error if it cannot be written for another reason
 */
export async function whileRead(
  streams: readonly ReadStream[],
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<ExitCode>,
): Promise<ExitCode> {
  const unread = new AbortController();
  for (const stream of streams) stream.on("error", (error) => unread.abort(error));
  try {
    return await run(AbortSignal.any([signal, unread.signal]));
  } catch (error) {
    const cause = unread.signal.reason as NodeJS.ErrnoException | undefined;
    if (signal.aborted || cause?.code !== "EPIPE" || error !== cause) throw error;
    return exitCodes.done;
  }
}
