import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** What a finished child leaves: its exit code (null when a signal ended it) and the last lines it wrote. */
export type ChildResult = { code: number | null; tail: string };

/** How to run a child: its surroundings, who reads its lines, and what ends it early. */
export type ChildOptions = {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  signal?: AbortSignal;
  onLine?: (line: string) => void;
};

const TAIL_LINES = 40;

/**
 * Runs a command to its end in a process group of its own.
 *
 * Aborting kills the whole group and rejects with the abort's reason; a non-zero exit is a result, not an error.
 */
export async function runChild(command: string, args: readonly string[], options: ChildOptions = {}) {
  const { cwd, signal, onLine } = options;
  signal?.throwIfAborted();
  const child = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: options.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
    // The CLI tools we run start helpers; only a group can be ended together with them.
    detached: true,
  });
  const kill = () => killGroup(child.pid, "SIGKILL");
  signal?.addEventListener("abort", kill, { once: true });
  process.once("exit", kill);

  const tail: string[] = [];
  const read = (line: string) => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    onLine?.(line);
  };
  createInterface({ input: child.stdout }).on("line", read);
  createInterface({ input: child.stderr }).on("line", read);

  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    signal?.throwIfAborted();
    return { code, tail: tail.join("\n") } satisfies ChildResult;
  } finally {
    signal?.removeEventListener("abort", kill);
    process.removeListener("exit", kill);
  }
}

/** Signals every process of a group; a group that has already ended is fine. */
export function killGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if (!hasCode(error, "ESRCH")) throw error;
  }
}

/** Whether something thrown is an error of the system with this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
