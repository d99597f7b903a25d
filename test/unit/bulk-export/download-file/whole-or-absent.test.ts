import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { downloadFile } from "#bulk-export/download-file/download-file.ts";
import type { DownloadResult } from "#bulk-export/language/export-state.ts";
import type { IntegraClient } from "#bulk-export/server/integra-server.ts";
import { openOutputFile } from "#bulk-export/server/output-file.ts";
import { verifiedUpload } from "#bulk-export/verified-file/verified-upload.ts";
import { landingBucket } from "#platform/bucket/landing-bucket.ts";
import {
  type BridgeInMemory,
  bridgeInMemory,
  patientExport,
  plannedFile,
  planOf,
} from "../../../fixtures/bridge-in-memory.ts";
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

/*
 * The step from the server's socket to S3. Whatever happens on the wire, a file's key has the whole file or no object.
 */

const recordOf = (id: number): string => `${JSON.stringify({ resourceType: "Patient", id: `p${id}`, name: "Ünï" })}\n`;
const records = (count: number): Buffer => Buffer.from(Array.from({ length: count }, (_, id) => recordOf(id)).join(""));
const count = 5;
const file = records(count);
const key = plannedFile(0).key;

interface Travel {
  head: Buffer;
  body: Buffer;
}

/** Each encoding and framing in which a server may send a file. */
function travelsOf(content: Buffer): Record<string, Travel> {
  const zipped = gzipSync(content);
  const gzip = { "content-encoding": "gzip" };
  return {
    "plain with Content-Length": { head: head(200, { "content-length": String(content.length) }), body: content },
    "plain and chunked": { head: head(200, { "transfer-encoding": "chunked" }), body: chunked(content, 50) },
    "plain until the connection closes": { head: head(200, { connection: "close" }), body: content },
    "plain with a transfer coding that is not chunked": {
      head: head(200, { "transfer-encoding": "identity" }),
      body: content,
    },
    "gzip with Content-Length": {
      head: head(200, { ...gzip, "content-length": String(zipped.length) }),
      body: zipped,
    },
    "gzip and chunked": { head: head(200, { ...gzip, "transfer-encoding": "chunked" }), body: chunked(zipped, 40) },
    "gzip until the connection closes": { head: head(200, { ...gzip, connection: "close" }), body: zipped },
  };
}

/** These bodies end with their connection (RFC 9112, 6.3), and so does each part of them. */
const unprovenTravels = new Set([
  "plain until the connection closes",
  "plain with a transfer coding that is not chunked",
]);

describe("a download over the wire", () => {
  let wire: WireServer;
  let watched: WatchedHttp;
  let client: IntegraClient;
  let bridge: BridgeInMemory;
  let answers: (request: WireRequest) => WireReply;

  beforeAll(async () => {
    wire = await startWireServer((request) => answers(request));
    watched = watchedHttp();
    client = testClient(watched.http, wire.origin);
  });
  afterAll(async () => {
    await watched.close();
    await wire.close();
  });

  /** Makes one attempt. It belongs to a new export, unless it follows a previous attempt. */
  async function attempt(announced: number | null, previous?: DownloadResult): Promise<DownloadResult> {
    if (previous === undefined) {
      bridge = bridgeInMemory();
      await bridge.records.savePlan(planOf(plannedFile(0, { url: `${wire.origin}/file`, count: announced })));
    }
    const step = downloadFile({
      ...bridge,
      openFile: (target, signal) => openOutputFile(client, target, signal),
      upload: verifiedUpload(bridge.s3.client, landingBucket(bridge.s3.client, "landing"), {
        putBytes: 128,
        partBytes: 128,
      }),
      getPlan: ({ exportId }) => bridge.records.getPlan(exportId),
      filesAtOnce: 4,
    });
    const input = {
      export: patientExport,
      item: { exportId: "e1", run: patientExport.run, index: 0 },
      ...(previous && { download: previous }),
    };
    const result = await step(input, bridge.stepContext);
    expect(bridge.s3.uploads.size, "uploads that stay behind").toBe(0);
    expect(watched.unhandledErrors, "errors that would end a Lambda").toEqual([]);
    expect(bridge.s3.objects.has(key)).toBe(result.outcome === "landed");
    return result;
  }

  /** Makes as many attempts as the state machine would. */
  async function allAttempts(announced: number | null = null): Promise<DownloadResult> {
    let result = await attempt(announced);
    while (result.outcome === "retry") result = await attempt(announced, result);
    return result;
  }

  const landed = (): Buffer | undefined => bridge.s3.objects.get(key)?.body;

  describe.each(Object.entries(travelsOf(file)))("%s", (travel, { head: top, body }) => {
    const proven = !unprovenTravels.has(travel);

    it("a file lands if something proves that it is whole", async () => {
      answers = () => ({ bytes: Buffer.concat([top, body]), end: "close" });
      expect((await attempt(count)).outcome).toBe("landed");
      expect(landed()?.equals(file)).toBe(true);
      expect((await attempt(null)).outcome).toBe(proven ? "landed" : "retry");
    });

    it.each([
      ["an announced count", count],
      ["no count", null],
    ])("a file that is cut at any of its bytes, with %s, lands unchanged or not at all", async (_, announced) => {
      for (let at = 0; at < body.length; at += 1) {
        answers = () => ({ bytes: Buffer.concat([top, body.subarray(0, at)]), end: "close" });
        await attempt(announced);
        expect(landed()?.equals(file) ?? true, `cut at ${at}`).toBe(true);
      }
    });

    it("a larger file whose connection is closed or reset at any byte lands unchanged or not at all", async () => {
      const large = records(60);
      const long = travelsOf(large)[travel] ?? { head: top, body };
      const ends = fc.constantFrom("close" as const, "reset" as const);
      await fc.assert(
        fc.asyncProperty(fc.nat(long.body.length - 1), ends, fc.constantFrom(60, null), async (at, end, announced) => {
          answers = () => ({ bytes: Buffer.concat([long.head, long.body.subarray(0, at)]), end });
          await attempt(announced);
          expect(landed()?.equals(large) ?? true).toBe(true);
        }),
        { numRuns: 60 },
      );
    });
  });

  it("a file that changes on the server while its download is resumed lands as one version", async () => {
    const versions = [records(12), records(15), Buffer.from(records(12).toString().replaceAll("p1", "q1"))];
    const last = { version: 0, bytes: 2_000, end: "close" as const, ignoresRange: false };
    const turn = fc.record({
      version: fc.constantFrom(0, 0, 0, 0, 1, 2),
      bytes: fc.oneof(fc.integer({ min: 50, max: 500 }), fc.nat(900)),
      end: fc.constantFrom("close" as const, "reset" as const),
      ignoresRange: fc.constantFrom(false, false, false, true),
    });
    let resumed = 0;
    let whole = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 10 }), async (turns) => {
        let turnsTaken = 0;
        let goingOn = false;
        answers = (request) => {
          const { version, bytes, end, ignoresRange } = turns[turnsTaken % turns.length] ?? last;
          turnsTaken += 1;
          const content = versions[version] ?? file;
          const etag = `"v${version}"`;
          const from = Number(/^bytes=(\d+)-$/.exec(request.headers["range"] ?? "")?.[1] ?? 0);
          const goesOn = from > 0 && !ignoresRange && request.headers["if-range"] === etag;
          if (goesOn) resumed += 1;
          goingOn = goesOn;
          const rest = goesOn ? content.subarray(from) : content;
          const range = { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` };
          const headers = { etag, "content-length": String(rest.length), ...(goesOn && range) };
          return { bytes: Buffer.concat([head(goesOn ? 206 : 200, headers), rest.subarray(0, bytes)]), end };
        };
        await allAttempts();
        expect(landed() === undefined || versions.some((version) => landed()?.equals(version))).toBe(true);
        if (goingOn && landed() !== undefined) whole += 1;
      }),
      { numRuns: 200 },
    );
    // The test proves something only if files were really resumed.
    expect(resumed).toBeGreaterThan(100);
    expect(whole).toBeGreaterThan(10);
  });

  const page = "<!doctype html>\n<html><body>Please log in</body></html>\n";
  const content = records(40).toString();
  const within = (line: string): string => content.replace(recordOf(20), `${line}\n`);

  it.each([
    ["a page of HTML", page, "line 1 is not a JSON object, but markup"],
    ["a line that is not JSON", within('{"resourceType":"Patient","id":}'), "line 21 is not JSON"],
    [
      "a line that is another type",
      within('{"resourceType":"Device"}'),
      "line 21 does not hold a resource of type Patient",
    ],
    [
      "a line that only contains its type",
      within(`{"resourceType":"Bundle","entry":[{"resource":${recordOf(1).trim()}}]}`),
      "line 21 does not hold a resource of type Patient",
    ],
    ["another encoding", Buffer.from(content, "latin1"), "the file is not UTF-8"],
    ["an end inside a record", content.slice(0, -9), "the file ends inside line 40"],
    ["a line too few", content.replace(recordOf(7), ""), "39 lines, but the manifest announced 40"],
    ["nothing", "", "0 lines, but the manifest announced 40"],
  ])("a file with %s is retried, and finally fails with the reason", async (_, body, reason) => {
    answers = () => says(200, {}, body);
    expect(await allAttempts(40)).toMatchObject({ outcome: "failed", attempts: 4 });
    expect(await bridge.receipts.listFailed("e1")).toMatchObject([
      { reason: expect.stringContaining(reason) as string },
    ]);
    expect(bridge.published).toEqual([]);
  });

  // E19
  it("a file with a line too many lands if the transport proves that it is whole, and is refused otherwise", async () => {
    const longer = content + recordOf(7);
    answers = () => ({ bytes: Buffer.concat([head(200, { connection: "close" }), Buffer.from(longer)]), end: "close" });
    expect(await allAttempts(40)).toMatchObject({ outcome: "failed", attempts: 4 });
    answers = () => says(200, {}, longer);
    expect(await allAttempts(40)).toMatchObject({ outcome: "landed", attempts: 1 });
    expect(landed()?.toString()).toBe(longer);
  });

  // E20
  it("a file with a byte order mark lands as received", async () => {
    answers = () => says(200, {}, `\ufeff${content}`);
    expect(await allAttempts(40)).toMatchObject({ outcome: "landed", attempts: 1 });
    expect(landed()?.toString()).toBe(`\ufeff${content}`);
  });

  // E18
  it("a file that names a time to come back lands then, within its attempts", async () => {
    let tries = 0;
    answers = () => (++tries < 3 ? says(404, { "retry-after": "1" }) : says(200, {}, content));
    expect(await allAttempts(40)).toMatchObject({ outcome: "landed", attempts: 3 });
  });

  it("a file that was damaged only in the first attempt lands in the second", async () => {
    let tries = 0;
    answers = () => says(200, {}, ++tries === 1 ? page : content);
    expect(await allAttempts(40)).toMatchObject({ outcome: "landed", attempts: 2 });
    expect(landed()?.toString()).toBe(content);
  });

  it("an empty file lands if the transport or a count of 0 proves that it is whole", async () => {
    answers = () => says(200);
    expect((await attempt(null)).outcome).toBe("landed");
    expect((await attempt(0)).outcome).toBe("landed");
    answers = () => ({ bytes: head(200, { connection: "close" }), end: "close" });
    expect((await attempt(0)).outcome).toBe("landed");
    expect((await attempt(null)).outcome).toBe("retry");
  });
});
