import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type LocalConsole, startLocalConsole } from "./console/local-console.ts";
import { type LocalIssuer, startLocalIssuer } from "./console/local-issuer.ts";
import { connectionFromEnvironment, simulatedConnection } from "./integra-connection.ts";
import { demoLaunches } from "./link-demo.ts";
import { REPOSITORY } from "./local-aws/environment.ts";
import { ensurePythonEnvironment } from "./local-aws/python-environment.ts";
import { type LocalBridge, type LocalOutputs, startLocalBridge } from "./local-bridge.ts";

/** How a local bridge is kept. */
export interface KeptBridge {
  /** Factor for the waits of Step Functions; 1 keeps their real length. */
  waitScale: number;
  /** Settings over those of stage `local`. */
  settings: Record<string, unknown>;
  /** Gets the addresses and names that a caller needs while the bridge runs: `.local/outputs.json`. */
  outputsFile: string;
  env: Record<string, string | undefined>;
  /** Gets a line of progress. */
  report: (line: string) => void;
  /** Is called as soon as the bridge can be used. */
  ready: (outputs: KeptOutputs) => void;
}

/** The addresses and names of a kept bridge. With a simulator, it serves the console. */
export type KeptOutputs = LocalOutputs & { consoleUrl?: string };

/**
 * Runs the whole bridge on this machine until the signal fires. If INTEGRA_BASE_URL is set, the bridge talks to that server, otherwise to a
 * simulator, and the console is served.
 * @throws the signal's reason if it fires before the bridge is ready, or the cause if it cannot start. What was started is stopped before
 */
export async function keepLocalBridge(kept: KeptBridge, signal: AbortSignal): Promise<void> {
  const { waitScale, outputsFile, report } = kept;
  await rm(outputsFile, { force: true });
  await ensurePythonEnvironment();
  const connection = (await connectionFromEnvironment(kept.env)) ?? (await simulatedConnection());
  // Everybody may sign in at the local issuer, so it is for synthetic data only.
  const issuer = connection.simulator && (await startLocalIssuer());
  try {
    const settings = {
      ...(connection.simulator !== undefined && { smart: demoLaunches }),
      ...kept.settings,
      ...(issuer && { api: { jwt: issuer.trust, ...(kept.settings["api"] as object | undefined) } }),
    };
    const logFile = join(REPOSITORY, ".local", "local-aws.log");
    const bridge = await startLocalBridge({ connection, settings, waitScale, report, signal, logFile });
    let served: LocalConsole | undefined;
    try {
      served = issuer && (await serveConsole(bridge, issuer, report));
      const outputs = { ...bridge.outputs, ...(served && { consoleUrl: served.url }) };
      await mkdir(dirname(outputsFile), { recursive: true });
      await writeFile(outputsFile, `${JSON.stringify(outputs, null, 2)}\n`, { mode: 0o600 });
      kept.ready(outputs);
      if (!signal.aborted) await once(signal, "abort");
    } finally {
      await served?.close();
      await bridge.stop();
    }
  } finally {
    await rm(outputsFile, { force: true });
    await issuer?.close();
    await connection.close();
  }
}

async function serveConsole(
  bridge: LocalBridge,
  issuer: LocalIssuer,
  report: (line: string) => void,
): Promise<LocalConsole> {
  report("building the console");
  return await startLocalConsole({ apiUrl: bridge.outputs.apiUrl, issuer });
}
