import { type ChildProcess, spawn } from "node:child_process";
import { type FileHandle, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { REPOSITORY, type ServerSettings, serverEnvironment } from "./environment.ts";
import { ensurePythonEnvironment } from "./python-environment.ts";
import { killGroup } from "./run-child.ts";

/** A running embedded server. */
export type Server = { endpoint: string; stop: () => Promise<void> };

/** How to start the embedded server. */
export type ServerOptions = {
  port?: number | undefined;
  waitScale: number;
  enforceIam: boolean;
  concurrentExecutions?: number | undefined;
  logFile?: string | undefined;
};

const LAUNCHER = fileURLToPath(new URL("launch.py", import.meta.url));
const START_DEADLINE_MS = 180_000;
const PORT_ATTEMPTS = 3;
const STOP_GRACE_MS = 3_000;
const TAIL_LINES = 30;

/**
 * Starts the embedded server on 127.0.0.1 and waits until it answers. If another process takes the port before the server listens on
 * it, the server starts on another port, unless the options name one.
 */
export async function startServer(options: ServerOptions, choosePort = () => freePort(0)): Promise<Server> {
  const { python } = await ensurePythonEnvironment();
  if (options.port !== undefined) return await startOn(await freePort(options.port), python, options);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOn(await choosePort(), python, options);
    } catch (cause) {
      if (attempt === PORT_ATTEMPTS || !/already in use/i.test(describe(cause))) throw cause;
    }
  }
}

async function startOn(port: number, python: string, options: ServerOptions): Promise<Server> {
  const scratch = await makeScratch();
  const logFile = options.logFile ?? join(scratch, "local-aws.log");
  const log = await open(logFile, "w");
  const child = launch(python, log, { ...options, port, scratch });
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = stopper(child, scratch);
  try {
    await log.close();
    await untilHealthy(child, () => answers(endpoint, logFile));
    return { endpoint, stop };
  } catch (cause) {
    const tail = (await readFile(logFile, "utf8").catch(() => "")).trimEnd().split("\n").slice(-TAIL_LINES);
    await stop();
    throw new Error(`The local AWS did not start. ${describe(cause)} Its last lines:\n${tail.join("\n")}`, { cause });
  }
}

function launch(python: string, log: FileHandle, settings: ServerSettings): ChildProcess {
  return spawn(python, ["-u", LAUNCHER], {
    cwd: REPOSITORY,
    env: serverEnvironment(settings),
    // The launcher lives while its standard input is open, so it cannot outlive this process.
    stdio: ["pipe", log.fd, log.fd],
    // A group of its own, so that its Lambda workers end with it.
    detached: true,
  });
}

/** A directory outside the repository: below a package.json of type "module" ministack's Lambda workers fail. */
async function makeScratch(): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), "integra-bridge-aws-"));
  await writeFile(join(scratch, "package.json"), "{}\n");
  return scratch;
}

async function untilHealthy(child: ChildProcess, healthy: () => Promise<boolean>): Promise<void> {
  const gone = new Promise<never>((_resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`It ended with ${signal ?? `exit code ${code}`}.`)));
  });
  const polling = new AbortController();
  try {
    await Promise.race([gone, poll(healthy, polling.signal)]);
  } finally {
    polling.abort();
    gone.catch(() => undefined);
  }
}

async function poll(healthy: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  while (!signal.aborted) {
    if (await healthy()) return;
    if (Date.now() > deadline) throw new Error(`It did not answer within ${START_DEADLINE_MS / 1000} seconds.`);
    await delay(50);
  }
}

async function answers(endpoint: string, logFile: string): Promise<boolean> {
  // Another server may have taken the port meanwhile and answer in place of ours, so ours must say that it listens.
  if (!(await readFile(logFile, "utf8")).includes(`Running on ${endpoint}`)) return false;
  const health = fetch(`${endpoint}/_ministack/health`, { signal: AbortSignal.timeout(2_000) });
  return health.then(
    async (response) => {
      await response.body?.cancel();
      return response.ok;
    },
    () => false,
  );
}

function stopper(child: ChildProcess, scratch: string): () => Promise<void> {
  let stopped: Promise<void> | undefined;
  return () => {
    stopped ??= end(child, scratch);
    return stopped;
  };
}

async function end(child: ChildProcess, scratch: string): Promise<void> {
  child.stdin?.on("error", () => undefined);
  child.stdin?.end();
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const exited = new Promise<true>((resolve) => child.once("exit", () => resolve(true)));
    const ended = await Promise.race([exited, delay(STOP_GRACE_MS, false, { ref: false })]);
    if (!ended) {
      killGroup(child.pid, "SIGKILL");
      await exited;
    }
  }
  // Whatever way the server ended, no Lambda worker of its group may stay behind.
  killGroup(child.pid, "SIGKILL");
  await rm(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** The port asked for, or any when asked for 0, once nothing listens on it. */
export async function freePort(wanted: number): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(wanted, "127.0.0.1", resolve);
  }).catch((cause: unknown) => {
    throw new Error(`Nothing can listen on port ${wanted} of 127.0.0.1: ${describe(cause)}`, { cause });
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("The system gave no free port.");
  return address.port;
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
