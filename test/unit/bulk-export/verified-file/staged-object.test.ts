import { S3Client } from "@aws-sdk/client-s3";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PartMemory } from "#bulk-export/verified-file/part-memory.ts";
import { StagedObject, type Staging } from "#bulk-export/verified-file/staged-object.ts";
import { crcOf } from "../../../fixtures/s3-in-memory.ts";
import { says, startWireServer, type WireRequest, type WireServer } from "../../../fixtures/wire-server.ts";

const created = "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>";
const completed = "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>";
const slowDown = "<Error><Code>SlowDown</Code><Message>slow down</Message></Error>";

const staging = (partBytes: number, memory = new PartMemory()): Staging => ({
  contentType: "text/plain",
  putBytes: partBytes,
  partBytes,
  memory,
  onAbortFailed: () => undefined,
});

/** The bodies that an object with this text is sent in. */
const piecesOf = (text: string): string[] => text.match(/.{1,8}/g) ?? [""];

/** The requests over the wire. The tests of verifiedUpload show how whole files land. */
describe("the requests that write an object to S3", () => {
  let wire: WireServer;
  let s3: S3Client;
  let refusals: number;

  beforeEach(async () => {
    refusals = 0;
    wire = await startWireServer((request) => {
      if (refusals > 0 && request.target.includes("partNumber=2")) {
        refusals -= 1;
        return says(503, {}, slowDown);
      }
      if (request.target.includes("uploads")) return says(200, {}, created);
      return says(200, { etag: '"e"' }, request.method === "POST" ? completed : "");
    });
    s3 = new S3Client({
      endpoint: wire.origin,
      region: "us-east-1",
      credentials: { accessKeyId: "a", secretAccessKey: "s" },
      requestChecksumCalculation: "WHEN_REQUIRED",
    });
  });
  afterEach(async () => {
    s3.destroy();
    await wire.close();
  });

  async function store(memory: PartMemory, ...chunks: Buffer[]): Promise<void> {
    const object = new StagedObject(s3, "bucket", "key", staging(8, memory));
    for (const chunk of chunks) await object.write(chunk);
    await object.publish(() => Promise.resolve());
  }

  const bodies = (): WireRequest[] => wire.requests.filter(({ method }) => method === "PUT");

  it.each([
    ["at once", "small", ["small"]],
    ["in parts", "part one, part two", ["part one", ", part t", "wo"]],
  ])(
    "an object that is sent %s has the checksum of each body in the signature, and no other digest",
    async (_, text, sent) => {
      await store(new PartMemory(), Buffer.from(text));
      expect(bodies().map(({ body }) => body)).toEqual(sent);
      for (const { headers, body } of bodies()) {
        expect(headers["x-amz-content-sha256"]).toBe("UNSIGNED-PAYLOAD");
        expect(headers["x-amz-checksum-crc32"]).toBe(crcOf(Buffer.from(body)));
        expect(headers["authorization"]).toContain("x-amz-checksum-crc32");
      }
    },
  );

  it("the request that completes an upload has the CRC-32 of the whole object, over all its parts", async () => {
    const bytes = fc.uint8Array({ minLength: 9, maxLength: 60 }).map((array) => Buffer.from(array));
    const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(bytes, sizes, async (content, pieceSizes) => {
        wire.requests.length = 0;
        const pieces: Buffer[] = [];
        for (let at = 0; at < content.length; at += pieces.at(-1)?.length ?? 0) {
          pieces.push(content.subarray(at, at + (pieceSizes[pieces.length % pieceSizes.length] ?? 1)));
        }
        await store(new PartMemory(), ...pieces);
        const completion = wire.requests.find(({ method, target }) => method === "POST" && target.includes("uploadId"));
        expect(completion?.headers["x-amz-checksum-crc32"]).toBe(crcOf(content));
        expect(completion?.headers["x-amz-checksum-type"]).toBe("FULL_OBJECT");
      }),
      { numRuns: 30 },
    );
  });

  it("objects that share memory keep their own bytes, one after another and at once", async () => {
    const memory = new PartMemory();
    const texts = ["a", "bb", "part one, part two", "cc", "another part, the last one", ""];
    for (const text of texts) await store(memory, Buffer.from(text));
    expect(bodies().map(({ body }) => body)).toEqual(texts.flatMap(piecesOf));
    wire.requests.length = 0;
    await Promise.all(texts.map((text) => store(memory, Buffer.from(text))));
    expect(
      bodies()
        .map(({ body }) => body)
        .toSorted(),
    ).toEqual(texts.flatMap(piecesOf).toSorted());
  });

  it("a small object gives its memory back before it becomes visible, and keeps its bytes", async () => {
    const memory = new PartMemory();
    const taken = vi.spyOn(memory, "take");
    const object = new StagedObject(s3, "bucket", "key", staging(64, memory));
    await object.write(Buffer.from("abcd"));
    await object.publish((isSmall) => {
      expect(isSmall).toBe(true);
      const next = memory.take(64);
      expect(next).toBe(taken.mock.results[0]?.value);
      next.fill("x");
      return Promise.resolve();
    });
    expect(bodies().map(({ body }) => body)).toEqual(["abcd"]);
  });

  it.each([
    ["with one request", "abcde"],
    ["in parts", "x".repeat(65)],
  ])("an object that is sent %s and is not small says so", async (_, text) => {
    const object = new StagedObject(s3, "bucket", "key", staging(64));
    await object.write(Buffer.from(text));
    const sizes: boolean[] = [];
    await object.publish((isSmall) => {
      sizes.push(isSmall);
      return Promise.resolve();
    });
    expect(sizes).toEqual([false]);
  });

  it("an object gives back the memory of all its parts after it was stored, and none after a request failed", async () => {
    const memory = new PartMemory();
    const given = vi.spyOn(memory, "giveBack");
    const taken = vi.spyOn(memory, "take");
    await store(memory, Buffer.from("part one, part two, part three, part four, part five"));
    const takenBuffers = taken.mock.results.map(({ value }) => value as Buffer);
    expect(new Set(given.mock.calls.map(([buffer]) => buffer.buffer))).toEqual(
      new Set(takenBuffers.map(({ buffer }) => buffer)),
    );
    expect(given.mock.calls).toHaveLength(3);
    given.mockClear();
    refusals = Number.POSITIVE_INFINITY;
    await expect(store(memory, Buffer.from("part one, part"))).rejects.toThrow("slow down");
    expect(given).not.toHaveBeenCalled();
  });

  it("an object keeps its bytes when the memory of a chunk is reused", async () => {
    const chunk = Buffer.from("abcdef");
    const object = new StagedObject(s3, "bucket", "key", staging(64));
    await object.write(chunk);
    chunk.fill("x");
    await object.publish(() => Promise.resolve());
    expect(bodies()[0]?.body).toBe("abcdef");
  });

  it("a part that a busy S3 refused is sent again with the same bytes", async () => {
    refusals = 1;
    await store(
      new PartMemory(),
      ...["part one", "part two", "part 3..", "part 4..", "part 5.."].map((text) => Buffer.from(text)),
    );
    const second = bodies().filter(({ target }) => target.includes("partNumber=2"));
    expect(second.map(({ body }) => body)).toEqual(["part two", "part two"]);
    const parts = new Map(bodies().map(({ target, body }) => [target.replace(/.*partNumber=(\d+).*/, "$1"), body]));
    expect(["1", "2", "3", "4", "5"].map((number) => parts.get(number)).join("")).toBe(
      "part onepart twopart 3..part 4..part 5..",
    );
  });
});
