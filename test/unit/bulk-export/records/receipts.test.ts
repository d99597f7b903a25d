import { beforeEach, describe, expect, it } from "vitest";
import type { FailedFile, LandedFile } from "#bulk-export/language/landed-file.ts";
import { type Receipts, receipts } from "#bulk-export/records/receipts.ts";
import { landingBucket } from "#platform/bucket/landing-bucket.ts";
import { s3InMemory } from "../../../fixtures/s3-in-memory.ts";

const at = "2026-03-01T12:00:00.000Z";
const landed = (index: number): LandedFile => ({
  index,
  kind: "output",
  type: "Patient",
  key: `exports/e1/Patient/${index}.ndjson`,
  lines: 1,
  bytes: 2,
  checksum: { algorithm: "CRC32", value: "AAAAAA==" },
  landedAt: at,
});

let written: Receipts;
beforeEach(() => {
  written = receipts(landingBucket(s3InMemory({ pageSize: 7 }).client, "bucket"));
});

describe("receipts", () => {
  it("the receipts of many files are listed in the manifest's order", async () => {
    for (let index = 99; index >= 0; index -= 1) await written.writeLanded("e1", 0, [landed(index)]);
    expect((await written.listLanded("e1")).map(({ index }) => index)).toEqual(
      Array.from({ length: 100 }, (_, n) => n),
    );
  });

  it.each([
    ["receipts of each file alone", [[2], [4], [6]]],
    ["receipts of several files", [[2, 4], [6]]],
  ])("a call finds %s of its item, and none of another item", async (_, batches) => {
    for (const indexes of batches) await written.writeLanded("e1", 2, indexes.map(landed));
    await written.writeLanded("e1", 3, [landed(3), landed(5)]);
    const found = await written.findLandedAmong("e1", [2, 3, 6], 2);
    expect([...found].toSorted(([a], [b]) => a - b)).toEqual([2, 6].map((index) => [index, landed(index)]));
  });

  it("the receipts of any files are found, whichever items they are of", async () => {
    await written.writeLanded("e1", 0, [landed(0), landed(3)]);
    await written.writeLanded("e1", 1, [landed(1), landed(2)]);
    await written.writeLanded("e1", 4, [landed(4)]);
    expect([...(await written.findLandedAmong("e1", [2, 3, 4, 5])).keys()].toSorted((a, b) => a - b)).toEqual([
      2, 3, 4,
    ]);
  });

  it("one request finds that none of an item's files has a receipt", async () => {
    const s3 = s3InMemory();
    const indexes = Array.from({ length: 25 }, (_, n) => n + 100);
    expect((await receipts(landingBucket(s3.client, "bucket")).findLandedAmong("e1", indexes, 100)).size).toBe(0);
    expect(s3.commands).toEqual(["ListObjectsV2"]);
  });

  it("two calls that land different files of an item keep the receipts of both", async () => {
    await written.writeLanded("e1", 0, [landed(0), landed(1)]);
    await written.writeLanded("e1", 0, [landed(0)]);
    expect(await written.listLanded("e1")).toEqual([landed(0), landed(1)]);
  });

  it("receipts of the form up to 0.2.0, an object for each file, are read", async () => {
    const s3 = s3InMemory();
    const bucket = landingBucket(s3.client, "bucket");
    for (const index of [7, 8]) await bucket.putJson(`work/e1/receipts/00000${index}.json`, landed(index));
    const read = receipts(bucket);
    await read.writeLanded("e1", 9, [landed(9)]);
    expect(await read.listLanded("e1")).toEqual([7, 8, 9].map(landed));
    expect((await read.findLandedAmong("e1", [7, 8])).get(8)).toEqual(landed(8));
    expect((await read.readLanded("e1")).find(8)).toEqual(landed(8));
  });

  it("a receipt that was taken is kept no longer", async () => {
    await written.writeLanded("e1", 0, [landed(0), landed(1)]);
    const read = await written.readLanded("e1");
    expect(read.take(1)).toEqual(landed(1));
    expect(read.find(1)).toBeUndefined();
    expect(read.find(0)).toEqual(landed(0));
  });

  it("failed files are listed apart from landed ones", async () => {
    const file: FailedFile = { index: 3, kind: "output", type: "Patient", key: "k", reason: "gone", attempts: 1 };
    await written.writeFailed("e1", file);
    expect(await written.listFailed("e1")).toEqual([file]);
    expect(await written.listLanded("e1")).toEqual([]);
  });
});
