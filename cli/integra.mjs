#!/usr/bin/env node
/*
 * `npx integra`: runs integra.ts under the Node that npm installed for this project, whatever the machine's own Node is. This file is
 * JavaScript, because an older Node cannot read TypeScript.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const node = join(dirname(createRequire(import.meta.url).resolve("node/package.json")), "bin", "node");
const program = join(dirname(fileURLToPath(import.meta.url)), "integra.ts");
const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: "inherit" });

// The program cleans up after a signal, so this process waits for it. In a terminal both get Ctrl-C; a second one changes nothing.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => child.kill(name));

child.on("error", (error) => {
  console.error(`${node} does not start: ${error.message}. Run npm ci`);
  process.exitCode = 1;
});
child.on("exit", (code, signal) => {
  process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
});
