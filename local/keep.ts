/*
 * `npm run local`: runs the whole bridge on this machine until it is stopped. If INTEGRA_BASE_URL is set, the bridge talks
 * to that server, otherwise to a simulator, and the console is served. .local/outputs.json has the addresses and names that a
 * caller needs.
 */
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type LocalConsole, startLocalConsole } from "./console/local-console.ts";
import { type LocalIssuer, startLocalIssuer } from "./console/local-issuer.ts";
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
  // Everybody may sign in at the local issuer, so it is for synthetic data only.
  const issuer = connection.simulator && (await startLocalIssuer());
  try {
    const settings = {
      ...(connection.simulator !== undefined && { smart: demoLaunches }),
      ...given,
      ...(issuer && { api: { jwt: issuer.trust, ...(given["api"] as object | undefined) } }),
    };
    const logFile = join(REPOSITORY, ".local", "local-aws.log");
    const bridge = await startLocalBridge({ connection, settings, waitScale, report: console.log, signal, logFile });
    let served: LocalConsole | undefined;
    try {
      served = issuer && (await serveConsole(bridge, issuer));
      await runUntilAborted(bridge, served, signal);
    } finally {
      await served?.close();
      await bridge.stop();
    }
  } finally {
    await rm(outputsFile, { force: true });
    await issuer?.close();
    await connection.close();
  }
});

async function serveConsole(bridge: LocalBridge, issuer: LocalIssuer): Promise<LocalConsole> {
  console.log("building the console");
  return await startLocalConsole({ apiUrl: bridge.outputs.apiUrl, issuer });
}

async function runUntilAborted(
  bridge: LocalBridge,
  served: LocalConsole | undefined,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(join(REPOSITORY, ".local"), { recursive: true });
  const outputs = { ...bridge.outputs, ...(served && { consoleUrl: served.url }) };
  await writeFile(outputsFile, `${JSON.stringify(outputs, null, 2)}\n`, { mode: 0o600 });
  console.log(`outputs: ${outputsFile}`);
  if (served) console.log(`console: ${served.url} (no password)`);
  console.log("ready");
  if (!signal.aborted) await once(signal, "abort");
}
