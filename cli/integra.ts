/*
 * `npx integra`: exports, documents, links and the operation of a stage, from the command line. docs/cli.md lists the commands.
 * integra.mjs starts this file.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runStoppable } from "#local/run-stoppable.ts";
import { whileRead } from "./output/while-read.ts";
import { runIntegra } from "./run-integra.ts";

const { stdin, stdout, stderr, env } = process;

await runStoppable(async (stop) => {
  process.exitCode = await whileRead([stdout, stderr], stop, (signal) =>
    runIntegra(process.argv.slice(2), {
      streams: { input: stdin, output: stdout, errors: stderr },
      env,
      signal,
      outputsFile: join(import.meta.dirname, "..", ".local", "outputs.json"),
      now: Date.now,
      sleep: (ms) => sleep(ms, undefined, { signal }),
    }),
  );
});
