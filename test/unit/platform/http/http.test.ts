import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { Agent } from "undici";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connections } from "#platform/http/connections.ts";
import { discardBody, type Http, readBody, readRefusal, undiciHttp } from "#platform/http/http.ts";
import { head, says, startWireServer, type WireReply, type WireServer } from "../../../fixtures/wire-server.ts";

const never = new Promise<WireReply>(() => undefined);

describe("the bridge's HTTP client", () => {
  let wire: WireServer;
  let reply: () => WireReply | Promise<WireReply>;
  let agent: Agent;

  beforeEach(async () => {
    wire = await startWireServer(() => reply());
    agent = new Agent();
  });
  afterEach(async () => {
    await agent.destroy();
    await wire.close();
  });

  const ask = (http: Http, headers = {}) => http({ method: "GET", url: new URL("/a", wire.origin), headers });

  it("a server that never answers ends as a fault in bounded time", async () => {
    reply = () => never;
    const fault = ask(undiciHttp(agent, { headersMs: 200, bodyMs: 60_000 }));
    await expect(fault).rejects.toMatchObject({
      name: "ServerUnavailable",
      message: `no answer from ${wire.origin} (UND_ERR_HEADERS_TIMEOUT)`,
    });
  });

  it("a server that stops in the middle of its body ends as a fault in bounded time", async () => {
    reply = () => ({
      bytes: Buffer.concat([head(200, { "content-length": "100" }), Buffer.from("half")]),
      end: "keep",
    });
    const answer = await ask(undiciHttp(agent, { headersMs: 60_000, bodyMs: 200 }));
    await expect(readBody(answer, 1_000)).rejects.toMatchObject({
      name: "ServerUnavailable",
      message: "the answer broke off after 4 bytes (UND_ERR_BODY_TIMEOUT)",
    });
  });

  it("in Lambda the bridge waits for a silent server for a minute at most", async () => {
    const seen: unknown[] = [];
    const watching = new Agent().compose((dispatch) => (options, handler) => {
      seen.push([options.headersTimeout, options.bodyTimeout]);
      return dispatch(options, handler);
    });
    reply = () => says(200);
    await discardBody(await ask(undiciHttp(watching)));
    await watching.destroy();
    expect(seen).toEqual([[60_000, 60_000]]);
  });

  it("a server that never completes the TLS handshake ends as a fault in bounded time", async () => {
    reply = () => never;
    const origin = wire.origin.replace("http:", "https:");
    const trusted = {
      tokenOrigins: new Set([origin]),
      fileOrigins: new Set<string>(),
      privateOrigins: new Set([origin]),
    };
    const secure = connections(trusted, undefined, 200);
    const fault = undiciHttp(secure)({ method: "GET", url: new URL(origin), headers: {} });
    await expect(fault).rejects.toMatchObject({
      name: "ServerUnavailable",
      message: `no answer from ${origin} (UND_ERR_CONNECT_TIMEOUT)`,
    });
    await secure.destroy();
    // undici's own limit is 10 s.
  }, 9_000);

  it("an answer with headers of 20,000 characters is read", async () => {
    reply = () => says(202, { "x-progress": "x".repeat(20_000) });
    const own = {
      tokenOrigins: new Set<string>(),
      fileOrigins: new Set<string>(),
      privateOrigins: new Set([wire.origin]),
    };
    const pool = connections(own);
    const answer = await ask(undiciHttp(pool));
    expect(answer.status).toBe(202);
    await discardBody(answer);
    await pool.destroy();
  });

  it("a request says that it accepts gzip, unless it names other codings", async () => {
    reply = () => says(200);
    const http = undiciHttp(agent);
    await discardBody(await ask(http));
    await discardBody(await ask(http, { "accept-encoding": "identity" }));
    expect(wire.requests.map(({ headers }) => headers["accept-encoding"])).toEqual(["gzip", "identity"]);
  });

  it("a body is decoded from the coding that the server chose", async () => {
    reply = () => says(200, { "content-encoding": "gzip" }, gzipSync('{"a":1}'));
    expect((await readBody(await ask(undiciHttp(agent)), 100)).toString()).toBe('{"a":1}');
  });

  it("a content coding that the bridge cannot read is named at once", async () => {
    reply = () => says(200, { "content-encoding": "compress" }, "x");
    const answer = await ask(undiciHttp(agent));
    await expect(readBody(answer, 100)).rejects.toThrow('in the content coding "compress"');
  });

  it("a body that is longer than the limit is refused, on the wire and decoded", async () => {
    reply = () => says(200, {}, "x".repeat(101));
    await expect(readBody(await ask(undiciHttp(agent)), 100)).rejects.toThrow("longer than 100 bytes");
    reply = () => says(200, { "content-encoding": "gzip" }, gzipSync(Buffer.alloc(1_000_000)));
    await expect(readBody(await ask(undiciHttp(agent)), 5_000)).rejects.toThrow("longer than 5000 bytes");
  });

  it("a refusal is read in any coding, with its Retry-After in any spelling", async () => {
    const outcome = { resourceType: "OperationOutcome", issue: [{ code: "throttled", diagnostics: "slow down" }] };
    reply = () =>
      says(429, { "content-encoding": "gzip", "retry-after": "1.5" }, gzipSync(`\uFEFF${JSON.stringify(outcome)}`));
    expect(await readRefusal(await ask(undiciHttp(agent)), 0)).toMatchObject({
      text: "slow down",
      temporary: true,
      retryAfterMs: 1_500,
    });
  });

  it("a refusal whose coding cannot be read counts as one without words", async () => {
    reply = () => says(503, { "content-encoding": "compress" }, "x");
    expect(await readRefusal(await ask(undiciHttp(agent)), 0)).toMatchObject({
      status: 503,
      text: "",
      temporary: true,
    });
  });
});

describe("a refusal", () => {
  it("a refusal is read without a fault, whatever its coding, its Retry-After and its body are", async () => {
    const header = fc.option(fc.oneof(fc.string(), fc.constantFrom("gzip", "br, gzip", "deflate")), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(header, header, fc.uint8Array(), async (coding, wait, bytes) => {
        const headers = { "content-encoding": coding, "retry-after": wait };
        const body = Readable.from([Buffer.from(bytes)]);
        expect((await readRefusal({ status: 503, headers, body }, 0)).temporary).toBe(true);
      }),
    );
  });
});
