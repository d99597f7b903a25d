/*
 * `npm run local`: runs the whole bridge on this machine until it is stopped. If INTEGRA_BASE_URL is set, the bridge talks
 * to that server, otherwise to a simulator. .local/outputs.json has the addresses and names that a caller needs.
 */
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connectionFromEnvironment, simulatedConnection } from "./integra-connection.ts";
import { demoLaunches } from "./link-demo.ts";
import { REPOSITORY } from "./local-aws/environment.ts";
import { ensurePythonEnvironment } from "./local-aws/python-environment.ts";
import { type LocalBridge, startLocalBridge } from "./local-bridge.ts";
import { runStoppable } from "./run-stoppable.ts";

const outputsFile = join(REPOSITORY, ".local", "outputs.json");

const { values: flags } = parseArgs({
  options: {
    /** Factor for the waits of Step Functions; 1 keeps their real length. */
    "wait-scale": { type: "string", default: "1" },
    /** JSON of settings that override those of stage `local`. */
    settings: { type: "string", default: "{}" },
  },
});

await runStoppable(async (signal) => {
  const waitScale = Number(flags["wait-scale"]);
  if (!(waitScale > 0)) throw new Error("--wait-scale must be a number above 0");
  const given = JSON.parse(flags.settings) as Record<string, unknown>;
  await rm(outputsFile, { force: true });
  await ensurePythonEnvironment();
  const connection = (await connectionFromEnvironment(process.env)) ?? (await simulatedConnection());
  try {
    const settings = { ...(connection.simulator !== undefined && { smart: demoLaunches }), ...given };
    const logFile = join(REPOSITORY, ".local", "local-aws.log");
    const bridge = await startLocalBridge({ connection, settings, waitScale, report: console.log, signal, logFile });
    try {
      await runUntilAborted(bridge, signal);
    } finally {
      await bridge.stop();
    }
  } finally {
    await rm(outputsFile, { force: true });
    await connection.close();
  }
});

async function runUntilAborted(bridge: LocalBridge, signal: AbortSignal): Promise<void> {
  await mkdir(join(REPOSITORY, ".local"), { recursive: true });
  await writeFile(outputsFile, `${JSON.stringify(bridge.outputs, null, 2)}\n`, { mode: 0o600 });
  console.log(`outputs: ${outputsFile}`);
  console.log("ready");
  if (!signal.aborted) await once(signal, "abort");
}
