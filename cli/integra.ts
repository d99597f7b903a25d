/*
 * `npx integra`: exports, documents, links and the operation of a stage, from the command line. docs/cli.md lists the commands.
 * integra.mjs starts this file.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runStoppable } from "#local/run-stoppable.ts";
import { runIntegra } from "./run-integra.ts";

// A reader such as `head` may close the pipe. Nothing else is to be said then.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

await runStoppable(async (signal) => {
  process.exitCode = await runIntegra(process.argv.slice(2), {
    streams: { input: process.stdin, output: process.stdout, errors: process.stderr },
    env: process.env,
    signal,
    outputsFile: join(import.meta.dirname, "..", ".local", "outputs.json"),
    now: Date.now,
    sleep: (ms) => sleep(ms, undefined, { signal }),
  });
});
