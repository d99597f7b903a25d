import { constants } from "node:os";

/** A signal stopped the run. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

/**
 * Runs `main` with a signal that fires on SIGINT, SIGTERM and SIGHUP, then exits: after success with `process.exitCode` or 0, with 130,
 * 143 or 129 if a signal stopped it, and with 1 after any other error, whose causes it prints. `main` must clean up after itself:
 * open handles do not keep the process alive.
 */
export async function runStoppable(main: (signal: AbortSignal) => Promise<void>): Promise<never> {
  const controller = new AbortController();
  let stoppedBy: NodeJS.Signals | undefined;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      stoppedBy ??= name;
      controller.abort(new Stopped(`stopped by ${name}`));
    });
  }
  try {
    await main(controller.signal);
    process.exit();
  } catch (error) {
    if (stoppedBy !== undefined) process.exit(128 + constants.signals[stoppedBy]);
    console.error(`\nfailed: ${causes(error).join("\n  because: ")}`);
    process.exit(1);
  }
}

function causes(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  return [error.message, ...(error.cause === undefined ? [] : causes(error.cause))];
}
