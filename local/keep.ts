/*
 * `npm run local`: the whole bridge on this machine, kept up until it is stopped. With INTEGRA_BASE_URL set it talks to
 * that server, else to a simulator. What others need to use it is in .local/outputs.json.
 */
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connectionFromEnvironment, simulatedConnection } from "./integra-connection.ts";
import { REPOSITORY } from "./local-aws/environment.ts";
import { ensurePythonEnvironment } from "./local-aws/python-environment.ts";
import { type LocalBridge, startLocalBridge } from "./local-bridge.ts";
import { stoppable } from "./stoppable.ts";

const outputsFile = join(REPOSITORY, ".local", "outputs.json");

const { values: flags } = parseArgs({
  options: {
    /** What waits of Step Functions are multiplied by; 1 keeps their real length. */
    "wait-scale": { type: "string", default: "1" },
    /** Settings over those of stage `local`, as JSON. */
    settings: { type: "string", default: "{}" },
  },
});

await stoppable(async (signal) => {
  const waitScale = Number(flags["wait-scale"]);
  if (!(waitScale > 0)) throw new Error("--wait-scale must be a number above 0");
  const settings = JSON.parse(flags.settings) as Record<string, unknown>;
  await rm(outputsFile, { force: true });
  await ensurePythonEnvironment();
  const connection = (await connectionFromEnvironment(process.env)) ?? (await simulatedConnection());
  try {
    const logFile = join(REPOSITORY, ".local", "local-aws.log");
    const bridge = await startLocalBridge({ connection, settings, waitScale, report: console.log, signal, logFile });
    try {
      await keepUp(bridge, signal);
    } finally {
      await bridge.stop();
    }
  } finally {
    await rm(outputsFile, { force: true });
    await connection.close();
  }
});

async function keepUp(bridge: LocalBridge, signal: AbortSignal): Promise<void> {
  await mkdir(join(REPOSITORY, ".local"), { recursive: true });
  await writeFile(outputsFile, `${JSON.stringify(bridge.outputs, null, 2)}\n`, { mode: 0o600 });
  console.log(`outputs: ${outputsFile}`);
  console.log("ready");
  if (!signal.aborted) await once(signal, "abort");
}
