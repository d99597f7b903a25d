import { beforeEach, describe, expect, it } from "vitest";
import type { ExportJob } from "#bulk-export/language/export-job.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
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
let s3: S3InMemory;
beforeEach(() => {
  s3 = s3InMemory({ pageSize: 7 });
});

const records = () => exportRecords(landingBucket(s3.client, "bucket"));

describe("the records of an export", () => {
  it("an export without records has no job, stop marker or objects", async () => {
    expect(await records().findJob("e1")).toBeUndefined();
    expect(await records().findStop(first)).toBeUndefined();
    expect(await records().landedObjects("e1")).toEqual(new Map());
    await expect(records().getJob("e1")).rejects.toThrow("work/e1/job.json is missing");
    await expect(records().getPlan("e1")).rejects.toThrow("work/e1/plan.json is missing");
  });

  it("a new job replaces the job of another request", async () => {
    await records().saveJob({ ...job("https://portal.example/jobs/1"), foreign: true });
    await records().saveJob(job("https://portal.example/jobs/2"));
    expect(await records().getJob("e1")).toEqual(job("https://portal.example/jobs/2"));
  });

  it("the first stop marker of a run stays", async () => {
    await records().markStopped(first, { reason: "refused", fault: "AccessRefused", message: "first", at });
    await records().markStopped(first, { reason: "cancelled", fault: "ExportStopped", message: "second", at });
    expect((await records().findStop(first))?.message).toBe("first");
  });

  it("each run has its own stop marker, so a stopped run does not stop the next", async () => {
    await records().markStopped(first, { reason: "refused", fault: "AccessRefused", message: "first", at });
    expect(await records().findStop(resumed)).toBeUndefined();
    await records().markStopped(resumed, { reason: "cancelled", fault: "ExportStopped", message: "again", at });
    expect((await records().findStop(first))?.message).toBe("first");
  });

  it("the manifest's pages are stored byte for byte", async () => {
    const page = Buffer.from('{ "a" :\n1.50 }');
    await records().saveManifest("e1", 1, page);
    await records().saveManifest("e1", 2, Buffer.from("two"));
    expect(Buffer.from(await records().getManifest("e1", 1)).equals(page)).toBe(true);
    expect([...s3.objects.keys()]).toEqual(["exports/e1/manifest.json", "exports/e1/manifest-2.json"]);
  });

  it("all objects of an export are listed over several pages, without another export's", async () => {
    for (let n = 0; n < 30; n += 1) await records().saveManifest("e1", n + 1, Buffer.alloc(n));
    await records().saveManifest("e10", 1, Buffer.alloc(1));
    const objects = await records().landedObjects("e1");
    expect(objects.size).toBe(30);
    expect(objects.get("exports/e1/manifest-30.json")).toBe(29);
  });

  it("a record with the wrong schema is refused", async () => {
    s3.objects.set("work/e1/job.json", { body: Buffer.from("{}"), crc32: "", contentType: undefined });
    await expect(records().findJob("e1")).rejects.toMatchObject({ name: "ZodError" });
  });

  it("a refusal of S3 is an error, and not a missing record", async () => {
    s3.failures.set("GetObject", s3Error("AccessDenied", 403));
    await expect(records().findJob("e1")).rejects.toMatchObject({ name: "AccessDenied" });
    s3.failures.set("PutObject", s3Error("SlowDown", 503));
    await expect(records().saveJob(job("https://portal.example/jobs/1"))).rejects.toMatchObject({ name: "SlowDown" });
  });

  it("the pointers lead to the export's prefix, manifest and summary", () => {
    expect(records().pointers("e1")).toEqual({
      destination: { bucket: "bucket", key: "exports/e1/" },
      manifest: { bucket: "bucket", key: "exports/e1/manifest.json" },
      summary: { bucket: "bucket", key: "exports/e1/summary.json" },
    });
  });

  it("the work list is stored, and its key is returned", async () => {
    const key = await records().saveWorkList("e1", [{ ...first, index: 0 }]);
    expect(JSON.parse(s3.objects.get(key)?.body.toString() ?? "")).toEqual([{ ...first, index: 0 }]);
  });
});
