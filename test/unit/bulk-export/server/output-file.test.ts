import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { IntegraClient } from "#bulk-export/server/integra-server.ts";
import { openOutputFile } from "#bulk-export/server/output-file.ts";
import { FileRefused } from "#platform/faults/file-faults.ts";
import { testClient } from "../../../fixtures/integra-client.ts";
import {
  chunked,
  head,
  says,
  startWireServer,
  type WatchedHttp,
  type WireReply,
  type WireRequest,
  type WireServer,
  watchedHttp,
} from "../../../fixtures/wire-server.ts";

const file = Buffer.from(
  Array.from({ length: 60 }, (_, n) => `{"resourceType":"Patient","id":"p${n}","name":"Ünï${n * 7919}"}\n`).join(""),
);
const zipped = gzipSync(file);

/** Each encoding and framing of a file: the head and the body on the wire. */
const travels = {
  "plain with Content-Length": { head: head(200, { "content-length": String(file.length) }), body: file },
  "plain and chunked": { head: head(200, { "transfer-encoding": "chunked" }), body: chunked(file, 100) },
  "gzip with Content-Length": {
    head: head(200, { "content-encoding": "gzip", "content-length": String(zipped.length) }),
    body: zipped,
  },
  "gzip and chunked": {
    head: head(200, { "content-encoding": "gzip", "transfer-encoding": "chunked" }),
    body: chunked(zipped, 50),
  },
  "gzip until the connection closes": {
    head: head(200, { "content-encoding": "gzip", connection: "close" }),
    body: zipped,
  },
};

/** Codings that the bridge did not request, also stacked. */
const codedFiles = {
  deflate: deflateSync(file),
  "Deflate ": deflateRawSync(file),
  br: brotliCompressSync(file),
  zstd: zstdCompressSync(file),
  "gzip, gzip": gzipSync(zipped),
  "identity, br, x-gzip": gzipSync(brotliCompressSync(file)),
};

describe("an output file", () => {
  let wire: WireServer;
  let watched: WatchedHttp;
  let client: IntegraClient;
  let reply: WireReply;
  let answers: (request: WireRequest, number: number) => WireReply;

  beforeEach(async () => {
    answers = () => reply;
    wire = await startWireServer((request, number) => answers(request, number));
    watched = watchedHttp();
    client = testClient(watched.http, wire.origin);
  });
  afterEach(async () => {
    await watched.close();
    await wire.close();
  });

  const open = (requiresAccessToken = true) =>
    openOutputFile(client, { url: new URL("/download?fileName=a.ndjson", wire.origin), requiresAccessToken });

  async function download(): Promise<{ bytes: Buffer; error: unknown }> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of (await open()).chunks) chunks.push(chunk);
    } catch (error) {
      return { bytes: Buffer.concat(chunks), error };
    }
    return { bytes: Buffer.concat(chunks), error: undefined };
  }

  it("the request for a file has the raw token and the bearer token, and accepts gzip", async () => {
    reply = says(200, {}, file);
    await download();
    expect(wire.requests[0]?.headers).toMatchObject({
      accept: "application/fhir+ndjson",
      "accept-encoding": "gzip",
      authorization: "Bearer token-1",
      "x-auth-token": "token-1",
    });
  });

  it("the request for a file has no token if the manifest says that it needs none", async () => {
    reply = says(200, {}, file);
    for await (const _ of (await open(false)).chunks);
    expect(wire.requests[0]?.headers).not.toHaveProperty("authorization");
    expect(wire.requests[0]?.headers).not.toHaveProperty("x-auth-token");
  });

  it.each([
    ["plain with Content-Length", "length"],
    ["plain and chunked", "chunked"],
    ["gzip with Content-Length", "coding"],
    ["gzip and chunked", "coding"],
    ["gzip until the connection closes", "coding"],
  ] as const)("a file sent %s arrives whole, proven by %s", async (travel, wholeness) => {
    const { head: top, body } = travels[travel];
    reply = { bytes: Buffer.concat([top, body]), end: "close" };
    const opened = await open();
    const chunks: Buffer[] = [];
    for await (const chunk of opened.chunks) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(file)).toBe(true);
    expect(opened.wholeness).toBe(wholeness);
  });

  it.each([{ connection: "close" }, { "transfer-encoding": "identity" }, { "transfer-encoding": "chunked, gzip" }])(
    "the end of the connection does not prove that a plain file is whole (%j)",
    async (headers) => {
      reply = { bytes: Buffer.concat([head(200, headers), file]), end: "close" };
      expect((await open()).wholeness).toBe("unproven");
    },
  );

  it.each(["Chunked", "gzip, chunked", "gzip, CHUNKED "])(
    "the last chunk proves that a file with the transfer codings %s is whole",
    async (codings) => {
      reply = { bytes: Buffer.concat([head(200, { "transfer-encoding": codings }), chunked(file)]), end: "close" };
      expect((await open()).wholeness).toBe("chunked");
    },
  );

  it.each(Object.entries(travels))(
    "a file sent %s and cut at any byte never ends without an error",
    async (_, { head: top, body }) => {
      const cut = fc.oneof(fc.nat({ max: body.length - 1 }), fc.constantFrom(0, 1, body.length - 1, body.length - 2));
      await fc.assert(
        fc.asyncProperty(cut, fc.constantFrom("close" as const, "reset" as const), async (at, end) => {
          reply = { bytes: Buffer.concat([top, body.subarray(0, at)]), end };
          const { bytes, error } = await download();
          // If nothing else delimits a body, only the checksum at the end of gzip can prove that it is whole.
          const vouched = bytes.equals(file) && top.includes("connection: close");
          const name = error instanceof Error ? error.name : vouched ? "whole" : "taken although it was cut";
          expect(["FileCut", "ServerUnavailable", "whole"]).toContain(name);
        }),
        { numRuns: 60 },
      );
      expect(watched.unhandledErrors).toEqual([]);
    },
  );

  describe("a file whose transfer breaks off", () => {
    const headers = { "content-length": String(file.length), etag: '"v1"' };
    const broken: WireReply = { bytes: Buffer.concat([head(200, headers), file.subarray(0, 1_000)]), end: "close" };
    const range = { "content-range": `bytes 1000-${file.length - 1}/${file.length}`, etag: '"v1"' };
    const rest = says(206, range, file.subarray(1_000));

    it("a broken transfer is resumed with a range request for the same version, without gzip and with the token", async () => {
      answers = (_, number) => (number === 1 ? broken : rest);
      const { bytes, error } = await download();
      expect(error).toBeUndefined();
      expect(bytes.equals(file)).toBe(true);
      expect(wire.requests).toHaveLength(2);
      expect(wire.requests[1]?.headers).toMatchObject({
        accept: "application/fhir+ndjson",
        "accept-encoding": "identity",
        range: "bytes=1000-",
        "if-range": '"v1"',
        authorization: "Bearer token-1",
        "x-auth-token": "token-1",
      });
      expect(watched.unhandledErrors).toEqual([]);
    });

    it("a broken transfer is resumed with a new token if the old one has expired", async () => {
      answers = (_, number) => (number === 1 ? broken : number === 2 ? says(401) : rest);
      const { bytes } = await download();
      expect(bytes.equals(file)).toBe(true);
      expect(wire.requests.map((request) => request.headers["x-auth-token"])).toEqual([
        "token-1",
        "token-1",
        "token-2",
      ]);
    });

    it("a resumption whose new token is refused as well is an AccessRefused", async () => {
      answers = (_, number) => (number === 1 ? broken : says(401));
      expect((await download()).error).toMatchObject({ name: "AccessRefused" });
    });

    it("a broken transfer of a file that needs no token is resumed without one", async () => {
      answers = (_, number) => (number === 1 ? broken : rest);
      for await (const _ of (await open(false)).chunks);
      expect(wire.requests[1]?.headers).not.toHaveProperty("authorization");
    });

    it("a resumption that meets a busy server is left to the next attempt", async () => {
      answers = (_, number) => (number === 1 ? broken : says(503, { "retry-after": "9" }));
      expect((await download()).error).toMatchObject({ name: "ServerUnavailable", retryAfterMs: 9_000 });
    });

    it("a resumption of a file that is gone is a FileRefused", async () => {
      answers = (_, number) => (number === 1 ? broken : says(404));
      expect((await download()).error).toBeInstanceOf(FileRefused);
    });

    it("a broken transfer of gzip is never resumed, even with an ETag", async () => {
      const gzip = { "content-encoding": "gzip", "content-length": String(zipped.length), etag: '"v1"' };
      reply = { bytes: Buffer.concat([head(200, gzip), zipped.subarray(0, 200)]), end: "reset" };
      expect((await download()).error).toMatchObject({ name: "FileCut" });
      expect(wire.requests).toHaveLength(1);
    });
  });

  // E10
  it.each(Object.entries(codedFiles))(
    "a file in the content coding %s, which was not requested, arrives whole, or not at all if it is cut",
    async (coding, body) => {
      const top = head(200, { "content-encoding": coding, connection: "close" });
      reply = { bytes: Buffer.concat([top, body]), end: "close" };
      const opened = await open();
      const chunks: Buffer[] = [];
      for await (const chunk of opened.chunks) chunks.push(chunk);
      expect([Buffer.concat(chunks).equals(file), opened.wholeness]).toEqual([true, "coding"]);
      for (let at = body.length - 1; at >= 0; at -= 19) {
        reply = { bytes: Buffer.concat([top, body.subarray(0, at)]), end: "close" };
        expect((await download()).error, `of ${at} bytes`).toMatchObject({ name: "FileCut" });
      }
    },
  );

  it.each(["none", "utf-8", "identity", ""])("a file with the content-encoding %j is read as it is", async (coding) => {
    reply = says(200, { "content-encoding": coding }, file);
    expect((await download()).bytes.equals(file)).toBe(true);
  });

  it.each(["compress", "aes128gcm", "gzip, dcb", "gzip, gzip, gzip, gzip, gzip"])(
    "a file with content-encoding %s is refused",
    async (encoding) => {
      reply = says(200, { "content-encoding": encoding }, file);
      expect((await download()).error).toMatchObject({
        name: "FileRefused",
        message: expect.stringMatching(/content coding "(compress|aes128gcm|dcb|5 codings)/) as string,
      });
    },
  );

  it("a file that is refused for its content-encoding leaves no error that would end the process", async () => {
    for (let round = 0; round < 20; round += 1) {
      reply = says(200, { "content-encoding": "compress" }, "short");
      await download();
    }
    reply = says(200, {}, file);
    await download();
    expect(watched.unhandledErrors).toEqual([]);
  });

  it("a file that is not read to its end leaves no error that would end the process", async () => {
    for (const { head: top, body } of Object.values(travels)) {
      reply = { bytes: Buffer.concat([top, body]), end: "keep" };
      for await (const _ of (await open()).chunks) break;
    }
    reply = says(404);
    await download();
    expect(watched.unhandledErrors).toEqual([]);
  });

  it.each([
    [403, '{"code":"ATTACHMENT_FILE_NOT_FOUND","message":"file expired"}', "ATTACHMENT_FILE_NOT_FOUND"],
    [404, "<html><h1>HTTP Status 404</h1></html>", "HTTP 404"],
    [410, "gone", "HTTP 410"],
    [400, '{"resourceType":"OperationOutcome","issue":[{"code":"invalid"}]}', "HTTP 400 (invalid)"],
    [206, "part", "206"],
    [302, "moved", "302"],
  ])("a file that is answered by %i is refused with the server's codes", async (status, body, codes) => {
    reply = says(status, {}, body);
    const { error } = await download();
    expect(error).toBeInstanceOf(FileRefused);
    expect((error as Error).message).toContain(codes);
  });

  it.each([
    [
      "an OperationOutcome",
      '{"resourceType":"OperationOutcome","issue":[{"code":"exception","diagnostics":"Jane Doe"}]}',
    ],
    ["the guide's error object", '{"status":false,"message":"no file of Jane Doe","code":"403"}'],
    ["a framework's error object", '{"error":"Internal Server Error","message":"Jane Doe has no name"}'],
    ["a page", "<html><title>Jane Doe</title><h1>Jane Doe</h1></html>"],
    ["a text", "Jane Doe"],
  ])("a refusal by %s that names a patient is repeated without the name", async (_, body) => {
    for (const status of [403, 500]) {
      reply = says(status, {}, body);
      const { error } = await download();
      expect((error as Error).message).toContain(`HTTP ${status}`);
      expect((error as Error).message).not.toMatch(/Jane|Doe/);
    }
  });

  it.each([
    [429, { "retry-after": "11" }, 11_000],
    [503, { "retry-after": "Sun, 01 Mar 2026 12:01:00 GMT" }, 60_000],
    [500, {}, undefined],
    [502, {}, undefined],
  ])("a file that is answered by %i may be requested again", async (status, headers, retryAfterMs) => {
    reply = says(status, headers);
    expect((await download()).error).toMatchObject({ name: "ServerUnavailable", retryAfterMs });
  });

  // E18
  it.each([
    [202, {}, undefined],
    [202, { "retry-after": "5" }, 5_000],
    [403, { "retry-after": "5" }, 5_000],
    [404, { "retry-after": "1.5" }, 1_500],
    [409, { "retry-after": "120 seconds" }, 120_000],
    [410, { "retry-after": "0" }, 0],
    [425, {}, undefined],
    [400, { "retry-after": "soon" }, undefined],
  ])("a file that is answered by %i with %j is not ready yet", async (status, headers, retryAfterMs) => {
    reply = says(status, headers);
    expect((await download()).error).toMatchObject({ name: "ServerUnavailable", retryAfterMs });
  });

  it("a file that is refused with two 401s is an AccessRefused", async () => {
    reply = says(401);
    expect((await download()).error).toMatchObject({ name: "AccessRefused" });
  });

  it("a fault of a file never quotes its content", async () => {
    const body = '{"resourceType":"Patient","id":"PLANTED"}\n';
    reply = { bytes: Buffer.concat([head(200, { "content-length": "900" }), Buffer.from(body)]), end: "reset" };
    const { error } = await download();
    expect((error as Error).message).not.toContain("PLANTED");
  });
});
