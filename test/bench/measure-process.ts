import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { runChild } from "#local/local-aws/run-child.ts";
import type { Usage } from "./results.ts";

/**
 * Runs a command to its end in a process of its own, and measures it. The same Python script measures programs in any language.
 * @throws Error with the last lines of the command if it fails
 */
export async function measureProcess(
  python: string,
  argv: readonly string[],
  { env, folder, signal }: { env: NodeJS.ProcessEnv; folder: string; signal: AbortSignal },
): Promise<Usage> {
  const result = join(folder, "usage.json");
  const { code, tail } = await runChild(python, [join(import.meta.dirname, "measure_process.py"), result, ...argv], {
    env,
    signal,
  });
  if (code !== 0) throw new Error(`${argv.join(" ")} failed:\n${tail}`);
  return JSON.parse(await readFile(result, "utf8")) as Usage;
}
