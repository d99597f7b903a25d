import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fetchKeySet } from "#cli/checks/served-key-set.ts";
import { listenOnLoopback } from "#test/fixtures/loopback.ts";

const answers: Record<string, [status: number, headers: Record<string, string>, body: string]> = {
  "/keys": [
    200,
    { "content-type": "application/json", "cache-control": "public, max-age=300" },
    JSON.stringify({ keys: [{ kid: "a", kty: "EC" }] }),
  ],
  "/down": [503, { "cache-control": "no-store" }, "{}"],
  "/page": [200, { "content-type": "text/html" }, "<html>log in</html>"],
  "/nameless": [200, {}, JSON.stringify({ keys: [{ kty: "EC" }] })],
};

describe("the public key set as it is fetched", () => {
  let server: Server;
  let base: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const [status, headers, body] = answers[request.url ?? ""] ?? [404, {}, ""];
      response.writeHead(status, headers).end(body);
    });
    base = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("has its headers, and its keys with all their members", async () => {
    expect(await fetchKeySet(`${base}/keys`)).toEqual({
      status: 200,
      contentType: "application/json",
      cacheControl: "public, max-age=300",
      keys: [{ kid: "a", kty: "EC" }],
    });
    expect(await fetchKeySet(`${base}/down`)).toMatchObject({ status: 503, cacheControl: "no-store", keys: [] });
  });

  it.each(["/page", "/nameless"])("%s is no key set", async (path) => {
    await expect(fetchKeySet(base + path)).rejects.toMatchObject({
      name: "KeySetUnreadable",
      message: `${base}${path} answers with something else than a key set`,
    });
  });

  it("an address without a server is named with the reason", async () => {
    await expect(fetchKeySet("http://127.0.0.1:9/keys")).rejects.toMatchObject({
      name: "KeySetUnreadable",
      message: expect.stringMatching(/127\.0\.0\.1:9\/keys does not answer \(/) as string,
      action: expect.stringContaining("api.domain") as string,
    });
  });
});
