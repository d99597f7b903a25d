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
    for (let index = 99; index >= 0; index -= 1) await written.writeLanded("e1", landed(index));
    expect((await written.listLanded("e1")).map(({ index }) => index)).toEqual(
      Array.from({ length: 100 }, (_, n) => n),
    );
  });

  it.each([
    ["one file", [42]],
    ["files side by side", [40, 41, 42, 43, 44, 45]],
    ["files far apart", [0, 42, 5_000]],
    ["files from the first one on", [0, 1, 2]],
  ])("the receipts among %s are found by index, those of other files are not", async (_, indexes) => {
    for (const index of [0, 2, 39, 42, 45, 46, 5_000]) await written.writeLanded("e1", landed(index));
    const found = await written.findLandedAmong("e1", indexes);
    const expected = indexes.filter((index) => [0, 2, 42, 45, 5_000].includes(index));
    expect([...found].toSorted(([a], [b]) => a - b)).toEqual(expected.map((index) => [index, landed(index)]));
  });

  it("one request finds that none of 25 files side by side has a receipt", async () => {
    const s3 = s3InMemory();
    const indexes = Array.from({ length: 25 }, (_, n) => n + 100);
    expect((await receipts(landingBucket(s3.client, "bucket")).findLandedAmong("e1", indexes)).size).toBe(0);
    expect(s3.commands).toEqual(["ListObjectsV2"]);
  });

  it("failed files are listed apart from landed ones", async () => {
    const file: FailedFile = { index: 3, kind: "output", type: "Patient", key: "k", reason: "gone", attempts: 1 };
    await written.writeFailed("e1", file);
    expect(await written.listFailed("e1")).toEqual([file]);
    expect(await written.listLanded("e1")).toEqual([]);
  });
});
