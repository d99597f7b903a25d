import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { landingBucket } from "#platform/bucket/landing-bucket.ts";
import { EntryLines, openLongRecord, textOfRecord } from "#platform/bucket/long-record.ts";
import { s3Error, s3InMemory } from "#test/fixtures/s3-in-memory.ts";

const written = (head: object, entries: readonly object[]): Buffer => {
  const { pieces, bytes } = textOfRecord({ head, list: "files", entries: EntryLines.of(entries) });
  const text = Buffer.concat(pieces);
  expect(text).toHaveLength(bytes);
  return text;
};

/** Reads a record whose bytes arrive in chunks of this size. */
async function read(bytes: Uint8Array, chunk = 7): Promise<{ head: unknown; entries: unknown[] }> {
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, n) =>
    bytes.subarray(n * chunk, (n + 1) * chunk),
  );
  const { head, entries } = await openLongRecord(chunks, "files");
  const all: unknown[] = [];
  for await (const entry of entries) all.push(entry);
  return { head, entries: all };
}

/** JSON as it is stored, so that a zero has no sign. */
const stored = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const entry = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue());
const head = fc
  .dictionary(
    fc.string().filter((name) => name !== "files" && name !== "__proto__"),
    fc.jsonValue(),
  )
  .map(stored);

describe("a record with a long list", () => {
  it("is one JSON object with an entry on each line", () => {
    expect(written({ exportId: "e1" }, [{ index: 0 }, { index: 1 }]).toString()).toBe(
      '{"exportId":"e1","files":[\n{"index":0},\n{"index":1}\n]}',
    );
    expect(written({}, []).toString()).toBe('{"files":[\n]}');
  });

  it("whatever was written is read again, as a whole or entry by entry, in chunks of any size", async () => {
    const record = fc.record({ head, entries: fc.array(entry.map(stored)), chunk: fc.integer({ min: 1, max: 50 }) });
    await fc.assert(
      fc.asyncProperty(record, async ({ head: members, entries, chunk }) => {
        const bytes = written(members, entries);
        expect(JSON.parse(bytes.toString())).toEqual({ ...members, files: entries });
        expect(await read(bytes, chunk)).toEqual({ head: { ...members, files: [] }, entries });
      }),
    );
  });

  it.each([
    ["on one line, as releases up to 0.2.0 wrote it", (record: object) => JSON.stringify(record)],
    ["indented", (record: object) => JSON.stringify(record, null, 2)],
  ])("is read if it stands %s", async (_, textOf) => {
    const text = textOf({ exportId: "e1", files: [{ index: 0 }, { index: 1 }], warnings: ["é"] });
    expect(await read(Buffer.from(text))).toEqual({
      head: { exportId: "e1", files: [], warnings: ["é"] },
      entries: [{ index: 0 }, { index: 1 }],
    });
  });

  it("is refused wherever it is cut", async () => {
    const bytes = written({ exportId: "e1" }, [{ index: 0 }, { index: 1 }]);
    for (let end = 0; end < bytes.length; end += 1)
      await expect(read(bytes.subarray(0, end)), `cut after ${end}`).rejects.toThrow(SyntaxError);
  });

  it("is refused if it goes on after its end, or has no such list", async () => {
    await expect(read(Buffer.from('{"files":[\n{}\n]}\n{}'))).rejects.toThrow("after its end");
    await expect(read(Buffer.from('{"other":[]}'))).rejects.toThrow('no list "files"');
  });

  it("more entries than a piece of text holds keep their order", async () => {
    const entries = Array.from({ length: 20_000 }, (_, index) => ({ index, name: `file ${index} with a long name` }));
    expect((await read(written({}, entries), 64 * 1024)).entries).toEqual(entries);
  });
});

const record = () => ({ head: { exportId: "e1" }, list: "files", entries: EntryLines.of([{ index: 0 }]) });

describe("a record with a long list in the bucket", () => {
  const schema = z.strictObject({ exportId: z.string(), files: z.array(z.unknown()) });
  it("is written again if S3 is busy, and its head can be read alone", async () => {
    const s3 = s3InMemory({ locked: true });
    s3.failures.set("PutObject", s3Error("SlowDown", 503));
    const bucket = landingBucket(s3.client, "landing");
    expect(await bucket.putLongRecord("k", record())).toBe(true);
    expect(s3.commands).toEqual(["PutObject", "PutObject"]);
    expect(await bucket.getHead("k", "files", schema)).toEqual({ exportId: "e1", files: [] });
    expect(await bucket.getJson("k", schema)).toEqual({ exportId: "e1", files: [{ index: 0 }] });
  });

  it("is not written again if S3 refuses it", async () => {
    const s3 = s3InMemory();
    s3.failures.set("PutObject", s3Error("AccessDenied", 403));
    await expect(landingBucket(s3.client, "landing").putLongRecord("k", record())).rejects.toThrow("AccessDenied");
    expect(s3.commands).toEqual(["PutObject"]);
  });

  it("stays as it is if it is to be written once", async () => {
    const bucket = landingBucket(s3InMemory().client, "landing");
    expect(await bucket.putLongRecord("k", record(), { once: true })).toBe(true);
    expect(await bucket.putLongRecord("k", { ...record(), head: { exportId: "e2" } }, { once: true })).toBe(false);
    expect(await bucket.getHead("k", "files", schema)).toMatchObject({ exportId: "e1" });
  });

  it("fails with its key if it is missing", async () => {
    const bucket = landingBucket(s3InMemory().client, "landing");
    await expect(bucket.openLongRecord("k", "files")).rejects.toThrow("s3://landing/k is missing");
    await expect(bucket.getHead("k", "files", schema)).rejects.toThrow("s3://landing/k is missing");
  });
});
