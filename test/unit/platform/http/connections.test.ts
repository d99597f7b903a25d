import { channel } from "node:diagnostics_channel";
import type { LookupAddress } from "node:dns";
import { createServer as createHttpServer } from "node:http";
import { createServer, type LookupFunction, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { integraServer } from "#bulk-export/server/integra-server.ts";
import { connections } from "#platform/http/connections.ts";
import { type Http, readBody, undiciHttp } from "#platform/http/http.ts";
import { listenOnLoopback } from "../../../fixtures/loopback.ts";
import { says, startWireServer, type WireServer } from "../../../fixtures/wire-server.ts";

/** A resolver under an attacker's control: it says what the test says, and counts how often it was asked. */
function names(answers: Record<string, string[][]>): { resolve: LookupFunction; asked: string[] } {
  const asked: string[] = [];
  const resolve: LookupFunction = (hostname, _, callback) => {
    const answer = answers[hostname]?.[asked.filter((name) => name === hostname).length] ?? [];
    asked.push(hostname);
    const found: LookupAddress[] = answer.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    if (found.length > 0) callback(null, found);
    else callback(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }), "");
  };
  return { resolve, asked };
}

async function get(http: Http, origin: string): Promise<string> {
  const answer = await http({ method: "GET", url: new URL("/file", origin), headers: {} });
  return (await readBody(answer, 100)).toString();
}

/** A server that takes one request on each connection, and resets the connection when a further one comes. */
async function serverOfOneRequest(): Promise<{ origin: string; taken: string[]; lost: string[]; close: () => void }> {
  const used = new Set<Socket>();
  const taken: string[] = [];
  const lost: string[] = [];
  const server = createHttpServer(({ socket, method = "" }, response) => {
    const isReset = used.has(socket) || method === "DELETE";
    (isReset ? lost : taken).push(method);
    used.add(socket);
    if (isReset) socket.resetAndDestroy();
    else response.end("here");
  });
  const origin = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  return { origin, taken, lost, close: () => server.close() };
}

describe("connections", () => {
  let wire: WireServer;
  let port: string;
  const open: { destroy(): Promise<void> }[] = [];

  beforeEach(async () => {
    wire = await startWireServer(() => says(200, {}, "here"));
    ({ port } = new URL(wire.origin));
  });
  afterEach(async () => {
    for (const agent of open.splice(0)) await agent.destroy();
    await wire.close();
  });

  function given(settings: { baseUrl?: string; tokenUrl?: string; fileOrigins?: string[] }, resolve?: LookupFunction) {
    const server = integraServer({ baseUrl: "https://fhir.example/", ...settings });
    const agent = connections(server, resolve);
    open.push(agent);
    return undiciHttp(agent);
  }

  it("a server that speaks HTTP/2 as well is offered HTTP/1.1 only, because its messages prove whether a body is whole", async () => {
    const hello = Promise.withResolvers<Buffer>();
    const tls = createServer((socket) => {
      socket.once("data", (bytes: Buffer) => {
        hello.resolve(bytes);
        socket.destroy();
      });
    });
    const origin = `https://127.0.0.1:${await listenOnLoopback(tls)}`;
    await expect(get(given({ baseUrl: `${origin}/` }), origin)).rejects.toMatchObject({ name: "ServerUnavailable" });
    // RFC 7301: the extension 16, its length, the length of the list, and each name behind its length.
    const offered = Buffer.from("\x00\x10\x00\x0b\x00\x09\x08http/1.1", "latin1");
    expect((await hello.promise).includes(offered)).toBe(true);
    tls.close();
  });

  it("a connection is not used again after Lambda froze the function, because the server may have closed it", async () => {
    const used: Socket[] = [];
    const server = createHttpServer(({ socket }, response) => {
      used.push(socket);
      response.end("here");
    });
    const origin = `http://127.0.0.1:${await listenOnLoopback(server)}`;
    const http = given({ baseUrl: `${origin}/` });
    for (let request = 0; request < 4; request += 1) await get(http, origin);
    const before = new Set(used.splice(0));
    expect(before.size).toBeLessThan(4);
    // A frozen process gets no events and no timers, but the clock goes on.
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 60_000);
    for (let request = 0; request < 4; request += 1) await get(http, origin);
    expect(used.filter((socket) => before.has(socket))).toEqual([]);
    vi.restoreAllMocks();
    server.close();
  });

  it("a GET that meets the end of a kept connection is repeated at once over another one", async () => {
    const { origin, taken, lost, close } = await serverOfOneRequest();
    const http = given({ baseUrl: `${origin}/` });
    for (let request = 0; request < 6; request += 1) expect(await get(http, origin)).toBe("here");
    expect(taken).toHaveLength(6);
    expect(lost.length).toBeGreaterThan(0);
    close();
  });

  it("a POST has a connection of its own, so that no code and no refresh token meets the end of a kept one", async () => {
    const { origin, taken, lost, close } = await serverOfOneRequest();
    const http = given({ baseUrl: `${origin}/` });
    await get(http, origin);
    for (let request = 0; request < 4; request += 1) {
      const answer = await http({ method: "POST", url: new URL(origin), headers: {}, body: "code=1" });
      expect((await readBody(answer, 100)).toString()).toBe("here");
    }
    expect([taken, lost]).toEqual([["GET", "POST", "POST", "POST", "POST"], []]);
    close();
  });

  it("a later request that its caller gives up without an error harms nothing", async () => {
    const [faults, request, socket] = [[] as unknown[], {}, {}];
    const listener = (fault: unknown): void => void faults.push(fault);
    process.prependOnceListener("uncaughtException", listener);
    for (const sent of [{}, request]) channel("undici:client:sendHeaders").publish({ request: sent, socket });
    channel("undici:request:error").publish({ request, error: undefined });
    // A channel throws what a subscriber throws in the next tick.
    await new Promise((resolve) => setImmediate(resolve));
    process.off("uncaughtException", listener);
    expect(faults).toEqual([]);
  });

  it("a request over a new connection that is reset is not repeated", async () => {
    const { origin, lost, close } = await serverOfOneRequest();
    const http = given({ baseUrl: `${origin}/` });
    const fault = http({ method: "DELETE", url: new URL(origin), headers: {} });
    await expect(fault).rejects.toMatchObject({ name: "ServerUnavailable" });
    expect(lost).toEqual(["DELETE"]);
    close();
  });

  it.each([
    ["a loopback address", ["127.0.0.1"]],
    ["a loopback address of IPv6", ["::1"]],
    ["a loopback address besides a public one", ["198.41.0.4", "127.0.0.1"]],
    ["a private address", ["10.0.0.1"]],
    ["a metadata service", ["169.254.169.254"]],
    ["a wrapped loopback address", ["::ffff:127.0.0.1"]],
  ])("the bridge does not connect to a file origin whose name leads to %s", async (_, addresses) => {
    const origin = `http://files.example:${port}`;
    const http = given({ fileOrigins: [origin] }, names({ "files.example": [addresses] }).resolve);
    await expect(get(http, origin)).rejects.toMatchObject({
      name: "OriginRefused",
      message: "files.example leads to an address that is not of the public internet",
    });
    expect(wire.requests).toHaveLength(0);
  });

  it("the bridge connects to a file origin whose name leads to a public address", async () => {
    const origin = `http://files.example:${port}`;
    // Addresses of the public internet that are not allocated.
    const http = given({ fileOrigins: [origin] }, names({ "files.example": [["3000::1"]] }).resolve);
    const signal = AbortSignal.timeout(500);
    const fault = await http({ method: "GET", url: new URL(origin), headers: {}, signal }).catch((e: unknown) => e);
    expect(fault).toBeInstanceOf(Error);
    expect((fault as Error).name).toMatch(/^(ServerUnavailable|TimeoutError)$/);
  });

  it("a name is resolved once per connection, and the checked address is the one that is used", async () => {
    const origin = `http://files.example:${port}`;
    const { resolve, asked } = names({ "files.example": [["127.0.0.1"], ["198.41.0.4"]] });
    await expect(get(given({ fileOrigins: [origin] }, resolve), origin)).rejects.toMatchObject({
      name: "OriginRefused",
    });
    expect(asked).toEqual(["files.example"]);
  });

  it("the bridge connects to the server and its token endpoint, wherever their names lead", async () => {
    const { resolve } = names({ "fhir.example": [["198.41.0.4"]] });
    const http = given({ baseUrl: `http://localhost:${port}`, tokenUrl: `${wire.origin}/token` }, resolve);
    expect(await get(http, `http://localhost:${port}`)).toBe("here");
    expect(await get(http, wire.origin)).toBe("here");
  });

  it("the bridge connects to a file origin that the operator configured by its address", async () => {
    expect(await get(given({ fileOrigins: [wire.origin] }), wire.origin)).toBe("here");
    expect(await get(given({ fileOrigins: [`http://localhost:${port}`] }), `http://localhost:${port}`)).toBe("here");
  });

  it.each(["127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "0.0.0.0", "[::ffff:127.0.0.1]", "2130706433"])(
    "the bridge does not connect to %s",
    async (host) => {
      await expect(get(given({}), `http://${host}:${port}`)).rejects.toMatchObject({ name: "OriginRefused" });
      expect(wire.requests).toHaveLength(0);
    },
  );

  it("another port of the server's address is another origin", async () => {
    const http = given({ baseUrl: "http://127.0.0.1:1/" });
    await expect(get(http, wire.origin)).rejects.toMatchObject({ name: "OriginRefused" });
  });

  it("a name that does not exist is a fault that another attempt may overcome", async () => {
    const origin = `http://files.example:${port}`;
    await expect(get(given({ fileOrigins: [origin] }, names({}).resolve), origin)).rejects.toMatchObject({
      name: "ServerUnavailable",
      message: expect.stringContaining("ENOTFOUND") as string,
    });
  });
});
