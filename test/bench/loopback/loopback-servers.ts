import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What a server sends its parent after it listens. */
export interface LoopbackServer {
  origin: string;
}

/** Both ends of a download, each in a process of its own, so that their work does not count as a contender's. */
export interface LoopbackServers {
  /** Origin of the server of exports. See `export-server.ts` for its paths. */
  exports: string;
  /** Origin of the S3 sink. `GET /` answers the number of bytes that it got since the last such request. */
  s3: string;
  stop: () => void;
}

/** @param patients how many patients the records of the files are made of */
export async function startLoopbackServers(patients: number): Promise<LoopbackServers> {
  const servers = [startServer("export-server.ts", String(patients)), startServer("s3-sink.ts")];
  const [exports = "", s3 = ""] = await Promise.all(servers.map(({ origin }) => origin));
  return { exports, s3, stop: () => servers.forEach(({ stop }) => stop()) };
}

function startServer(module: string, ...args: string[]): { origin: Promise<string>; stop: () => void } {
  const child = fork(fileURLToPath(new URL(module, import.meta.url)), args);
  const stopped = once(child, "exit").then(() => {
    throw new Error(`the server ${module} of the bench ended before it listened`);
  });
  const listening = once(child, "message").then(([{ origin }]) => origin as LoopbackServer["origin"]);
  const stop = (): void => {
    if (child.connected) child.disconnect();
  };
  return { origin: Promise.race([listening, stopped]), stop };
}
