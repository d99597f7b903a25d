import type { Readable } from "node:stream";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { ccdProtocolSettings } from "#ccd-retrieval/language/ccd-protocol.ts";
import { type CcdDownload, downloadCcds } from "#ccd-retrieval/server/download-ccds.ts";
import type { Http } from "#platform/http/http.ts";
import {
  guideAccessDenied,
  guideBadRequest,
  guideHeaders,
  guideNonce,
  guideRequestCreated,
  guideRequestPending,
  jsonReply,
} from "#test/fixtures/guide-answers.ts";
import { testUserClient } from "#test/fixtures/user-client.ts";
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
} from "#test/fixtures/wire-server.ts";
import type { UserServerSettings } from "#user-session/user-server.ts";

const defaults = ccdProtocolSettings.parse({});
const serverRequestId = guideRequestCreated.bulkActionRequest;
const xml = Buffer.from('<?xml version="1.0"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3">µ</ClinicalDocument>\n');
/** The first bytes of a ZIP, then enough others that it arrives in many chunks. */
const zip = Buffer.concat([Buffer.from("PK\u0003\u0004"), Buffer.alloc(5_000, 7)]);
const emptyZip = Buffer.concat([Buffer.from("PK\u0005\u0006"), Buffer.alloc(18)]);

const open: (WireServer | WatchedHttp)[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

async function given(
  reply: (request: WireRequest, number: number) => WireReply,
  more: Partial<UserServerSettings> = {},
) {
  const wire = await startWireServer(reply);
  const watched = watchedHttp();
  open.push(watched, wire);
  return { wire, watched, client: testUserClient(watched.http, wire.origin, more) };
}

const isNonce = ({ target }: WireRequest): boolean => target.includes("generateNonceToken");
const redirectedTo = (location: string) => (request: WireRequest) =>
  isNonce(request) ? jsonReply(200, guideNonce) : says(302, { location });

async function bytesOf(answer: CcdDownload): Promise<Buffer> {
  if (answer.state !== "ready") throw new Error(`it is ${answer.state}`);
  const chunks: Buffer[] = [];
  for await (const chunk of answer.chunks) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Gives nonces "nonce-1", "nonce-2", …, and answers the downloads with the replies in their order. The last reply repeats. */
async function givenDownloads(...replies: WireReply[]) {
  let nonces = 0;
  let downloads = 0;
  return await given((request) => {
    if (isNonce(request)) {
      nonces += 1;
      return jsonReply(200, { nonceToken: `nonce-${nonces}` });
    }
    downloads += 1;
    return replies[downloads - 1] ?? replies.at(-1) ?? says(500);
  });
}

async function download(reply: WireReply, settings: object = {}, emptyZips = 0): Promise<CcdDownload> {
  const { client } = await givenDownloads(reply);
  return await downloadCcds(client, ccdProtocolSettings.parse(settings), { serverRequestId, emptyZips });
}
describe("downloadCcds", () => {
  it("a download is the guide's, with a fresh nonce at each attempt", async () => {
    const { client, wire } = await givenDownloads(says(200, { "content-type": "application/zip" }, zip));
    await bytesOf(await downloadCcds(client, defaults, { serverRequestId, emptyZips: 0 }));
    await bytesOf(await downloadCcds(client, defaults, { serverRequestId, emptyZips: 0 }));
    const downloads = wire.requests.filter((request) => !isNonce(request));
    expect(downloads.map(({ method, target }) => [method, target])).toEqual(
      ["nonce-1", "nonce-2"].map((nonce) => [
        "GET",
        `/integra/MoBulkDownload/bulkDownload?id=${serverRequestId}&nonceToken=${nonce}`,
      ]),
    );
    const { "content-type": _, ...headers } = guideHeaders;
    expect(downloads[0]?.headers).toMatchObject(headers);
  });

  describe("ready documents", () => {
    it.each([
      ["a ZIP", zip, "application/zip", "zip"],
      ["a ZIP with the Content-Type of HTML", zip, "text/html", "zip"],
      ["a single XML document", xml, "application/xml", "xml"],
      ["an XML document with a byte order mark", Buffer.concat([Buffer.from("\ufeff \n"), xml]), "text/xml", "xml"],
      ["an XML document in UTF-16", Buffer.from(`\ufeff${xml.toString()}`, "utf16le"), "text/xml", "xml"],
      ["an XML document without a declaration", Buffer.from("<!-- x --><ClinicalDocument/>"), "text/xml", "xml"],
    ] as const)("%s is ready, and arrives byte for byte", async (_, bytes, contentType, form) => {
      const answer = await download(says(200, { "content-type": contentType }, bytes));
      expect(answer).toMatchObject({ state: "ready", form, contentType, wholeness: "length" });
      expect((await bytesOf(answer)).equals(bytes)).toBe(true);
    });

    // D4
    it.each([
      [
        "in CDATA",
        '<ClinicalDocument xmlns="urn:hl7-org:v3"><text><![CDATA[<html><OperationOutcome>]]></text></ClinicalDocument>',
      ],
      ["in a comment", "<!-- <!DOCTYPE html> <html> --><ClinicalDocument/>"],
      ["in a processing instruction", "<?xml version='1.0'?><?view <html>?><ClinicalDocument/>"],
      [
        "after a long prologue",
        `<!-- ${"x".repeat(3_000)} --><?view <html>?><ClinicalDocument><html/></ClinicalDocument>`,
      ],
    ])("a document that quotes HTML %s is ready, however the network cuts it", async (_, text) => {
      const bytes = Buffer.from(text);
      for (const size of [1, 7, 500, 10_000]) {
        const body = Buffer.concat([head(200, { "transfer-encoding": "chunked" }), chunked(bytes, size)]);
        const answer = await download({ bytes: body, end: "keep" });
        expect(answer).toMatchObject({ state: "ready", form: "xml" });
        expect((await bytesOf(answer)).equals(bytes)).toBe(true);
      }
    });

    it.each(["<?xml version='1.0'?>an error", "<ClinicalDocument", "<!-- x", `<!-- ${"x".repeat(300_000)}`])(
      "a damaged document (%.20s) is ready, so that it is refused as one",
      async (text) => {
        expect(await download(says(200, {}, text))).toMatchObject({ state: "ready", form: "xml" });
      },
    );

    it("documents arrive byte for byte in chunks of any size", async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 700 }), fc.constantFrom(zip, xml), async (size, bytes) => {
          const body = Buffer.concat([head(200, { "transfer-encoding": "chunked" }), chunked(bytes, size)]);
          const answer = await download({ bytes: body, end: "keep" });
          expect((await bytesOf(answer)).equals(bytes)).toBe(true);
        }),
        { numRuns: 25 },
      );
    });

    // E10
    it.each([
      ["gzip", gzipSync(xml)],
      ["deflate", deflateSync(xml)],
      ["br, gzip", gzipSync(brotliCompressSync(xml))],
      ["zstd", zstdCompressSync(xml)],
    ])(
      "documents in the content coding %s, although identity was requested, arrive as they are",
      async (coding, coded) => {
        const answer = await download(says(200, { "content-encoding": coding }, coded));
        expect(answer).toMatchObject({ state: "ready", form: "xml", wholeness: "coding" });
        expect((await bytesOf(answer)).equals(xml)).toBe(true);
        const cut = says(200, { "content-encoding": coding }, coded.subarray(0, -1));
        await expect(download(cut).then(bytesOf)).rejects.toMatchObject({ name: /FileCut|ServerUnavailable/ });
      },
    );

    it("documents that say gzip and are none arrive as they are", async () => {
      for (const bytes of [xml, zip, Buffer.from(`\ufeff${xml.toString()}`, "utf16le")]) {
        const answer = await download(says(200, { "content-encoding": "gzip" }, bytes));
        expect(answer).toMatchObject({ state: "ready", wholeness: "length" });
        expect((await bytesOf(answer)).equals(bytes)).toBe(true);
      }
    });

    it("a statement in a content coding is read", async () => {
      const statement = gzipSync(JSON.stringify({ status: true, message: "In-Progress" }));
      expect(await download(says(200, { "content-encoding": "gzip" }, statement))).toMatchObject({
        state: "not-ready",
      });
    });

    it.each([
      ["length", says(200, {}, xml)],
      ["chunked", { bytes: Buffer.concat([head(200, { "transfer-encoding": "chunked" }), chunked(xml)]), end: "keep" }],
      ["unproven", { bytes: Buffer.concat([head(200), xml]), end: "close" }],
    ] satisfies [string, WireReply][])(
      'a body whose completeness is proven by "%s" says so',
      async (wholeness, reply) => {
        const answer = await download(reply);
        expect(answer).toMatchObject({ state: "ready", wholeness });
        expect((await bytesOf(answer)).equals(xml)).toBe(true);
      },
    );

    it.each([
      ["reset", "9000", undefined],
      ["close", "9000", undefined],
      ["close", undefined, "chunked"],
    ] as const)(
      "a body that ends early (%s, content-length %s, transfer-encoding %s) is a FileCut",
      async (end, length, coding) => {
        const headers = length === undefined ? { "transfer-encoding": coding ?? "" } : { "content-length": length };
        const body = coding === undefined ? zip : chunked(zip, 900).subarray(0, -5);
        const bytes = Buffer.concat([head(200, headers), body]);
        await expect(bytesOf(await download({ bytes, end }))).rejects.toMatchObject({ name: "FileCut" });
      },
    );

    it("the connection is closed if the reader stops early", async () => {
      const { client } = await givenDownloads(says(200, {}, Buffer.concat([zip, Buffer.alloc(3_000_000)])));
      const bodies: Readable[] = [];
      const watching: Http = async (request) => {
        const answer = await client.http(request);
        bodies.push(answer.body);
        return answer;
      };
      const answer = await downloadCcds({ ...client, http: watching }, defaults, { serverRequestId, emptyZips: 0 });
      if (answer.state !== "ready") throw new Error("not ready");
      expect(bodies.at(-1)?.destroyed).toBe(false);
      for await (const chunk of answer.chunks) if (chunk.length > 0) break;
      expect(bodies.at(-1)?.destroyed).toBe(true);
    });

    it("a ZIP without entries is ready if the settings or earlier ones say that it means no documents", async () => {
      const answer = await download(says(200, {}, emptyZip), { notReady: { emptyZips: 0 } });
      expect((await bytesOf(answer)).equals(emptyZip)).toBe(true);
      const again = await download(says(200, {}, emptyZip), {}, 6);
      expect((await bytesOf(again)).equals(emptyZip)).toBe(true);
    });
  });

  describe("documents that are not ready", () => {
    it.each([
      ["a 202", says(202), "HTTP 202"],
      ["a 204", says(204), "HTTP 204"],
      ["a 425", says(425), "HTTP 425"],
      ["the code of a created request", jsonReply(200, guideRequestCreated), "the code BESR01"],
      ["the code of a pending request", jsonReply(400, guideRequestPending), "the code BEDR01"],
      ["a status in words", jsonReply(200, { status: "In-Progress" }), 'the state "inprogress"'],
      ["a state", jsonReply(200, { state: "QUEUED" }), 'the state "queued"'],
      ["a 404 that says so", jsonReply(404, { message: "File not ready" }), 'HTTP 404 and the words "not ready"'],
      [
        "the guide's text for a missing file",
        says(403, {}, "<h1>HTTP Status 403 - ATTACHMENT_FILE_NOT_FOUND</h1>"),
        'HTTP 403 and the words "ATTACHMENT_FILE_NOT_FOUND"',
      ],
      [
        "an HTML page that says so",
        says(200, {}, "<html><h1>Export is still processing</h1></html>"),
        "still processing",
      ],
      ["a text that says so", says(200, {}, "Your request is in progress"), "in progress"],
      ["a 500 that says so", jsonReply(500, { message: "not yet generated" }), 'HTTP 500 and the words "not yet"'],
      ["an empty 200", says(200), "an answer without a body"],
    ] satisfies [string, WireReply, string][])(
      "%s means not ready, with a reason in the bridge's own words",
      async (_, reply, reason) => {
        expect(await download(reply)).toEqual({
          state: "not-ready",
          reason: expect.stringContaining(reason) as string,
          retryAfterMs: undefined,
        });
      },
    );

    it("a ZIP without entries means not ready, up to six times in a row", async () => {
      for (const emptyZips of [0, 5]) {
        const reason = "a ZIP without entries";
        expect(await download(says(200, {}, emptyZip), {}, emptyZips)).toEqual({
          state: "not-ready",
          reason,
          retryAfterMs: undefined,
          emptyZip: true,
        });
      }
    });

    it("an answer that means not ready passes its Retry-After on", async () => {
      expect(await download(says(202, { "retry-after": "15" }))).toMatchObject({ retryAfterMs: 15_000 });
    });

    it("every 404 means not ready if the stage's settings say so", async () => {
      const plain = says(404, {}, "<h1>HTTP Status 404 - Not Found</h1>");
      expect(await download(plain, { notReady: { anyNotFound: true } })).toMatchObject({ reason: "HTTP 404" });
      expect(await download(plain)).toMatchObject({ state: "failed", status: 404 });
    });

    it("an answer does not mean not ready if the stage's settings remove it", async () => {
      const settings = { notReady: { statuses: [], codes: [], phrases: [], states: [], emptyBody: false } };
      expect(await download(jsonReply(400, guideRequestPending), settings)).toMatchObject({ state: "failed" });
      for (const reply of [says(202), says(200), jsonReply(200, { state: "QUEUED" })])
        await expect(download(reply, settings)).rejects.toMatchObject({ name: "ServerUnavailable" });
    });
  });

  describe("documents that will not come", () => {
    it.each([
      ["a 404", says(404), { status: 404, code: undefined, diagnostics: "" }],
      ["a 400", jsonReply(400, guideBadRequest), { status: 400, code: "400", diagnostics: "Bad Request: 400" }],
      ["a 410", says(410, {}, "expired"), { status: 410, diagnostics: "expired" }],
      [
        "a refusal inside a 200",
        jsonReply(200, { status: false, message: "No encounters", code: "BENE01" }),
        { status: 200, code: "BENE01", diagnostics: "No encounters: BENE01" },
      ],
    ])("%s means that there will be no documents", async (_, reply, refusal) => {
      expect(await download(reply)).toEqual({ state: "failed", code: undefined, ...refusal });
    });
  });

  it("the server's text is passed on without the token and the nonce", async () => {
    const quoting = { status: false, message: "token-1 may not have 7 with HISN262NJ66NDUH" };
    const { client } = await given((request) =>
      isNonce(request) ? jsonReply(200, guideNonce) : jsonReply(403, quoting),
    );
    expect(await downloadCcds(client, defaults, { serverRequestId, emptyZips: 0 })).toMatchObject({
      state: "failed",
      diagnostics: "[redacted] may not have 7 with [redacted]",
    });
  });

  it.each([
    ["a 500", says(500)],
    ["a 500 inside a 200", jsonReply(200, { status: false, message: "oops", responseStatus: 500 })],
    ["a 429", says(429)],
    ["a login page", says(200, { "content-type": "text/html" }, "<!DOCTYPE html><html>log in</html>")],
    ["a login page in XHTML", says(200, {}, '<?xml version="1.0"?><!DOCTYPE html PUBLIC "x"><html/>')],
    ["a login page after a long comment", says(200, {}, `<!-- ${"x".repeat(3_000)} --><HTML lang=en>log in</HTML>`)],
    ["an OperationOutcome in XML", says(200, {}, '<OperationOutcome xmlns="http://hl7.org/fhir"/>')],
    ["an unknown binary body", says(200, {}, Buffer.alloc(2_000, 1))],
    ["a JSON body without a known member", jsonReply(200, { status: true, message: "Completed" })],
    ["a body that ends before its kind is known", { bytes: head(200, { "content-length": "9" }), end: "reset" }],
    ["a coding that cannot be read", says(200, { "content-encoding": "compress" }, xml)],
    [
      "a damaged coding",
      says(200, { "content-encoding": "gzip" }, Buffer.concat([gzipSync(xml).subarray(0, 12), xml])),
    ],
  ] satisfies [string, WireReply][])("%s is an unusable answer to a download", async (_, reply) => {
    await expect(download(reply)).rejects.toMatchObject({ name: "ServerUnavailable" });
  });

  describe("a refused nonce", () => {
    it.each([
      ["the guide's 401", guideAccessDenied],
      [
        "a 400 that speaks of the nonce",
        jsonReply(400, { status: false, message: "Invalid Nonce Token", code: "400" }),
      ],
    ])("%s leads to another nonce, and the token is kept", async (_, reply) => {
      const { client, wire } = await givenDownloads(reply, says(200, {}, zip));
      expect(await downloadCcds(client, defaults, { serverRequestId, emptyZips: 0 })).toMatchObject({ state: "ready" });
      const downloads = wire.requests.filter((request) => !isNonce(request));
      expect(downloads.map(({ target }) => new URL(target, wire.origin).searchParams.get("nonceToken"))).toEqual([
        "nonce-1",
        "nonce-2",
      ]);
      expect(client.token.minted()).toBe(1);
    });

    it("two refused nonces in a row are AccessRefused", async () => {
      const { client, wire } = await givenDownloads(guideAccessDenied);
      await expect(downloadCcds(client, defaults, { serverRequestId, emptyZips: 0 })).rejects.toMatchObject({
        name: "AccessRefused",
      });
      expect(wire.requests).toHaveLength(4);
    });

    it("a nonce that was refused because the token expired is requested with a new token", async () => {
      let ended = false;
      const { client, wire } = await given((request) => {
        if (request.headers["x-auth-token"] === "token-1" && ended) return guideAccessDenied;
        if (isNonce(request)) {
          ended = wire.requests.length === 1;
          return jsonReply(200, guideNonce);
        }
        return says(200, {}, zip);
      });
      expect(await downloadCcds(client, defaults, { serverRequestId, emptyZips: 0 })).toMatchObject({ state: "ready" });
      expect(client.token.minted()).toBe(2);
    });
  });

  it("a redirect is followed to an allowed file origin without the token, and to no other origin", async () => {
    const files = await given(() => says(200, {}, zip));
    const allowed = await given(redirectedTo(`${files.wire.origin}/file`), { fileOrigins: [files.wire.origin] });
    await bytesOf(await downloadCcds(allowed.client, defaults, { serverRequestId, emptyZips: 0 }));
    expect(files.wire.requests[0]?.headers).not.toHaveProperty("x-auth-token");
    const strict = await given(redirectedTo(`${files.wire.origin}/file`));
    await expect(downloadCcds(strict.client, defaults, { serverRequestId, emptyZips: 0 })).rejects.toMatchObject({
      name: "OriginRefused",
    });
    expect(files.wire.requests).toHaveLength(1);
  });
});
