/** Why a run was stopped from outside. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

/**
 * Runs `main` with a signal that fires on SIGINT and SIGTERM, and makes what comes of it the exit code: 0, 130 or 143
 * when stopped, 1 with the cause printed. `main` cleans up after itself; whatever keeps the process alive afterwards
 * does not.
 */
export async function stoppable(main: (signal: AbortSignal) => Promise<void>): Promise<never> {
  const controller = new AbortController();
  let stoppedBy: NodeJS.Signals | undefined;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      stoppedBy ??= name;
      controller.abort(new Stopped(`stopped by ${name}`));
    });
  }
  try {
    await main(controller.signal);
    process.exit(0);
  } catch (error) {
    if (stoppedBy !== undefined) process.exit(stoppedBy === "SIGINT" ? 130 : 143);
    console.error(`\nfailed: ${causes(error).join("\n  because: ")}`);
    process.exit(1);
  }
}

function causes(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  return [error.message, ...(error.cause === undefined ? [] : causes(error.cause))];
}
