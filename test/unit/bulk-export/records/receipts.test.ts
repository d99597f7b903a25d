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
    expect(await written.findLanded("e1", 42)).toEqual(landed(42));
    expect(await written.findLanded("e1", 100)).toBeUndefined();
  });

  it("failed files are listed apart from landed ones", async () => {
    const file: FailedFile = { index: 3, kind: "output", type: "Patient", key: "k", reason: "gone", attempts: 1 };
    await written.writeFailed("e1", file);
    expect(await written.listFailed("e1")).toEqual([file]);
    expect(await written.listLanded("e1")).toEqual([]);
  });
});
