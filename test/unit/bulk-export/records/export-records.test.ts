import { beforeEach, describe, expect, it } from "vitest";
import type { ExportJob, FailedFile, LandedFile } from "#bulk-export/language/export-records.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { lastPlan } from "#bulk-export/records/last-plan.ts";
import { receipts } from "#bulk-export/records/receipts.ts";
import { landingBucket } from "#platform/bucket/landing-bucket.ts";
import { type S3InMemory, s3Error, s3InMemory } from "../../../fixtures/s3-in-memory.ts";

const at = "2026-03-01T12:00:00.000Z";
const job = (statusUrl: string): ExportJob => ({
  exportId: "e1",
  statusUrl,
  kickOffUrl: "https://portal.example/$export",
  kickedOffAt: at,
  foreign: false,
});
const first = { exportId: "e1", run: "first" };
const resumed = { exportId: "e1", run: "r1" };
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

const plan = (exportId: string, run: string) => ({
  exportId,
  run,
  transactionTime: "t",
  requiresAccessToken: true,
  manifestReadAt: at,
  files: [],
});

let s3: S3InMemory;
beforeEach(() => {
  s3 = s3InMemory(7);
});

const records = () => exportRecords(landingBucket(s3.client, "bucket"));

const book = () => receipts(landingBucket(s3.client, "bucket"));

describe("the records of an export", () => {
  it("say nothing of an export that has none", async () => {
    expect(await records().findJob("e1")).toBeUndefined();
    expect(await records().findStop(first)).toBeUndefined();
    expect(await records().landedObjects("e1")).toEqual(new Map());
    await expect(records().getJob("e1")).rejects.toThrow("work/e1/job.json is missing");
    await expect(records().getPlan("e1")).rejects.toThrow("work/e1/plan.json is missing");
  });

  it("keep the job that took the place of another request's", async () => {
    await records().saveJob({ ...job("https://portal.example/jobs/1"), foreign: true });
    await records().saveJob(job("https://portal.example/jobs/2"));
    expect(await records().getJob("e1")).toEqual(job("https://portal.example/jobs/2"));
  });

  it("keep the first stop marker", async () => {
    await records().markStopped(first, { reason: "refused", fault: "AccessRefused", message: "first", at });
    await records().markStopped(first, { reason: "cancelled", fault: "ExportStopped", message: "second", at });
    expect((await records().findStop(first))?.message).toBe("first");
  });

  it("keep the stop markers of runs apart: what stopped one does not stop the next", async () => {
    await records().markStopped(first, { reason: "refused", fault: "AccessRefused", message: "first", at });
    expect(await records().findStop(resumed)).toBeUndefined();
    await records().markStopped(resumed, { reason: "cancelled", fault: "ExportStopped", message: "again", at });
    expect((await records().findStop(first))?.message).toBe("first");
  });

  it("keep the manifest's pages byte for byte", async () => {
    const page = Buffer.from('{ "a" :\n1.50 }');
    await records().saveManifest("e1", 1, page);
    await records().saveManifest("e1", 2, Buffer.from("two"));
    expect(Buffer.from(await records().getManifest("e1", 1)).equals(page)).toBe(true);
    expect([...s3.objects.keys()]).toEqual(["exports/e1/manifest.json", "exports/e1/manifest-2.json"]);
  });

  it("list all that landed, over several pages of the listing, and nothing of another export", async () => {
    for (let n = 0; n < 30; n += 1) await records().saveManifest("e1", n + 1, Buffer.alloc(n));
    await records().saveManifest("e10", 1, Buffer.alloc(1));
    const objects = await records().landedObjects("e1");
    expect(objects.size).toBe(30);
    expect(objects.get("exports/e1/manifest-30.json")).toBe(29);
  });

  it("refuse a record that is not what it should be", async () => {
    s3.objects.set("work/e1/job.json", { body: Buffer.from("{}"), crc32: "", contentType: undefined });
    await expect(records().findJob("e1")).rejects.toMatchObject({ name: "ZodError" });
  });

  it("do not take S3's refusal for an absence", async () => {
    s3.failures.set("GetObject", s3Error("AccessDenied", 403));
    await expect(records().findJob("e1")).rejects.toMatchObject({ name: "AccessDenied" });
    s3.failures.set("PutObject", s3Error("SlowDown", 503));
    await expect(records().saveJob(job("https://portal.example/jobs/1"))).rejects.toMatchObject({ name: "SlowDown" });
  });

  it("point consumers to the export's place", () => {
    expect(records().pointers("e1")).toEqual({
      destination: { bucket: "bucket", key: "exports/e1/" },
      manifest: { bucket: "bucket", key: "exports/e1/manifest.json" },
      summary: { bucket: "bucket", key: "exports/e1/summary.json" },
    });
  });

  it("write a work list of items, and answer where it is", async () => {
    const key = await records().saveWorkList("e1", [{ ...first, index: 0 }]);
    expect(JSON.parse(s3.objects.get(key)?.body.toString() ?? "")).toEqual([{ ...first, index: 0 }]);
  });
});

describe("receipts", () => {
  it("of many files are all found again, in the manifest's order", async () => {
    for (let index = 99; index >= 0; index -= 1) await book().writeLanded("e1", landed(index));
    expect((await book().allLanded("e1")).map(({ index }) => index)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(await book().find("e1", 42)).toEqual(landed(42));
    expect(await book().find("e1", 100)).toBeUndefined();
  });

  it("of failures stand apart", async () => {
    const file: FailedFile = { index: 3, kind: "output", type: "Patient", key: "k", reason: "gone", attempts: 1 };
    await book().writeFailed("e1", file);
    expect(await book().allFailed("e1")).toEqual([file]);
    expect(await book().allLanded("e1")).toEqual([]);
  });
});

describe("the last plan", () => {
  it("is read once a run: the next run of an export has other URLs", async () => {
    const read: string[] = [];
    let run = "first";
    const getPlan = lastPlan({
      getPlan: (exportId) => {
        read.push(`${exportId} ${run}`);
        return Promise.resolve(plan(exportId, run));
      },
    });
    for (const exportId of ["e1", "e1", "e2", "e2", "e1"]) {
      expect(await getPlan({ exportId, run })).toMatchObject({ exportId, run });
    }
    run = "r1";
    expect(await getPlan(resumed)).toMatchObject(resumed);
    expect(read).toEqual(["e1 first", "e2 first", "e1 first", "e1 r1"]);
  });
});
