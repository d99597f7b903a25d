import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { buildConsole } from "#console/build-console.ts";
import type { ConsoleConfig } from "#console/config.ts";
import { consoleMediaTypes } from "#console/media-types.ts";
import { consolePolicy, permissionsPolicy } from "#console/security-policy.ts";
import type { LocalIssuer } from "./local-issuer.ts";

/** The console of a local stage, as CloudFront serves that of a stage on AWS: files, `/config.json`, and the API below `/api`. */
export interface LocalConsole {
  url: string;
  close(): Promise<void>;
}

export interface LocalConsoleOptions {
  /** The URL of the local stage's API. */
  apiUrl: string;
  issuer: LocalIssuer;
  port?: number;
}

/** Builds the console, and serves it on 127.0.0.1. */
export async function startLocalConsole({ apiUrl, issuer, port = 0 }: LocalConsoleOptions): Promise<LocalConsole> {
  const files = consoleFiles();
  const config: ConsoleConfig = {
    stage: "local",
    apiUrl,
    issuer: issuer.url,
    clientId: issuer.clientId,
    scopes: ["openid"],
    parameters: {},
    idleMinutes: 15,
  };
  files.set("/config.json", Buffer.from(JSON.stringify(config)));
  const headers = {
    "content-security-policy": consolePolicy([issuer.url]),
    "permissions-policy": permissionsPolicy,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  };
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    if (path.startsWith("/api/")) return forward(apiUrl, request, response);
    return serveFile(files, path === "/" ? "/index.html" : path, response);
  });
  await new Promise<void>((listening, failed) => {
    server.once("error", failed);
    server.listen(port, "127.0.0.1", listening);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  issuer.register(url);
  return {
    url: `${url}/`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** The built files by their paths. */
function consoleFiles(): Map<string, Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "integra-bridge-console-"));
  try {
    buildConsole(folder);
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return new Map(paths.map((path) => [path.slice(folder.length), readFileSync(path)]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function serveFile(files: Map<string, Buffer>, path: string, response: ServerResponse): void {
  const file = files.get(path);
  const type = consoleMediaTypes[extname(path)];
  response.writeHead(file === undefined ? 404 : 200, {
    ...(file !== undefined && type !== undefined && { "content-type": type }),
    "cache-control": "no-store",
  });
  response.end(file);
}

/** Forwards a call to the routes for callers with a token, as CloudFront does on AWS: everything stays but the prefix and the host. */
function forward(apiUrl: string, request: IncomingMessage, response: ServerResponse): void {
  const { hostname, port, host, pathname } = new URL(apiUrl);
  const path = `${pathname.replace(/\/$/, "")}/jwt${(request.url ?? "").slice("/api".length)}`;
  const { method } = request;
  const call = httpRequest({ hostname, port, path, method, headers: { ...request.headers, host } }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  call.on("error", () => {
    if (!response.headersSent) response.writeHead(502);
    response.end();
  });
  request.pipe(call);
}
