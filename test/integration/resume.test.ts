import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { clientSettings } from "#local/local-bridge.ts";
import type { Fault } from "#local/simulator/faults/fault-schema.ts";
import {
  type BridgeUnderTest,
  bridgeUnderTest,
  completed,
  type EndEvent,
  failed,
} from "../fixtures/bridge-under-test.ts";
import { filesOfJob, landedFiles, sameBytes } from "../fixtures/landed-files.ts";

const fileGone: Fault = { kind: "status", status: 403, body: "attachment-not-found" };

describe("an export that is resumed", () => {
  let test: BridgeUnderTest;

  beforeAll(async () => {
    test = await bridgeUnderTest();
  });

  afterEach(() => {
    test.simulator.faults.clear();
  });

  afterAll(async () => {
    await test.stop();
  });

  const downloads = () =>
    test.simulator.log.filter(({ endpoint }) => endpoint === "download").map(({ fileName }) => fileName);
  const endOfRun = (exportId: string, run: string) =>
    test.awaitEvent(
      (event): event is EndEvent =>
        event["detail-type"] !== "Export Started" &&
        event["detail-type"] !== "Export File Landed" &&
        event.detail.exportId === exportId &&
        event.detail.run === run,
    );
  const request = { level: "patient", types: ["Condition", "Device", "Patient"] };

  it("a resumption downloads only the missing files from the same job, and completes the export", async () => {
    test.simulator.faults.script("download", [{ ...fileGone, match: "condition_file_1" }]);
    const { exportId, status } = completed(await test.exportBy(request));
    const { serverJobId } = await test.caller.readSummary(exportId);
    const before = downloads().length;
    await test.caller.requestResumption(exportId);
    const end = completed(await endOfRun(exportId, "r1"));

    expect(status).toBe("partial");
    expect(end).toMatchObject({ status: "complete", totals: { files: 3, failedFiles: 0 }, predecessor: null });
    expect(downloads().slice(before)).toEqual(["condition_file_1.ndjson"]);
    sameBytes(await landedFiles(test, exportId), filesOfJob(test.simulator, serverJobId));
    expect(test.simulator.jobs().find(({ id }) => id === serverJobId)?.deleted).toBe(true);
    const ids = test.eventsOf(exportId).map(({ detail }) => detail.eventId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("an export that failed because no file landed is resumed with its job", async () => {
    test.simulator.faults.script("download", [fileGone]);
    const { exportId, error } = failed(await test.exportBy({ level: "system", types: ["Patient"] }));
    await test.caller.requestResumption(exportId);

    expect(error.name).toBe("NoFileLanded");
    expect(completed(await endOfRun(exportId, "r1")).status).toBe("complete");
  });

  it("an export that failed because the client was refused lands the missing files when it is resumed", async () => {
    const refused = Array.from({ length: 60 }, () => ({ kind: "unauthorized" }) as const);
    test.simulator.faults.script("download", refused);
    const { exportId, error } = failed(await test.exportBy({ level: "system", types: ["Device", "Goal"] }));
    test.simulator.faults.clear();
    await test.caller.requestResumption(exportId);

    expect(error.name).toBe("AccessRefused");
    expect(completed(await endOfRun(exportId, "r1"))).toMatchObject({ status: "complete", totals: { files: 2 } });
  });

  it("a resumption without a job starts an export with another id, which names its predecessor", async () => {
    const { simulator } = test;
    simulator.faults.script("download", [{ ...fileGone, match: "device_file_1" }]);
    const { exportId, requestId, transactionTime } = completed(await test.exportBy(request));
    const landed = await landedFiles(test, exportId);
    const { serverJobId } = await test.caller.readSummary(exportId);
    const jobGone = { kind: "status", status: 404, body: "terminal" } as const;
    simulator.faults.script("status", [jobGone, jobGone, jobGone]);
    await test.caller.requestResumption(exportId);
    const fresh = completed(
      await test.awaitEvent(
        (event): event is EndEvent =>
          event["detail-type"] === "Export Completed" && event.detail.predecessor === exportId,
      ),
    );

    expect(fresh).toMatchObject({ status: "complete", requestId, run: "first" });
    expect(fresh.exportId).not.toBe(exportId);
    expect(fresh.transactionTime).not.toBe(transactionTime);
    const summary = await test.caller.readSummary(fresh.exportId);
    expect(summary.predecessor).toBe(exportId);
    expect(summary.serverJobId).not.toBe(serverJobId);
    sameBytes(await landedFiles(test, fresh.exportId), filesOfJob(simulator, summary.serverJobId));
    // The files under the old id are unchanged.
    sameBytes(await landedFiles(test, exportId), landed);
  });

  it("a resumption of an unknown export is refused with the reason", async () => {
    await test.caller.requestResumption("unknown-export");
    const end = failed(await endOfRun("unknown-export", "r1"));

    expect(end.error).toEqual({
      name: "InvalidRequest",
      message: "exportId: there is no export unknown-export",
    });
  });

  it("an export leaves an audit trail for each run, and each fact is written once", async () => {
    const detail = completed(await test.exportBy({ level: "patient", types: ["Location"] }));
    const prefix = `exports/${detail.exportId}/`;
    const names = async () => [...(await test.auditRecords(prefix)).keys()].map((key) => key.split("/first/").at(-1));

    // The last fact is recorded after its event was published.
    await expect
      .poll(names)
      .toEqual([
        expect.stringMatching(/^kicked-off-[0-9a-f]{24}\.json$/),
        "landed.json",
        "requested.json",
        "told-completed.json",
        "told-started.json",
      ]);
    const records = await test.auditRecords(prefix);
    const read = (name: string) => JSON.parse(records.get(`${prefix}first/${name}`) ?? "") as Record<string, unknown>;
    expect(read("requested.json")).toMatchObject({
      by: { kind: "event", source: "example.requester", account: "000000000000" },
      request: { level: "patient", types: ["Location"] },
    });
    expect(read("landed.json")).toMatchObject({ status: "complete", files: [{ type: "Location", lines: 6 }] });
    const s3 = new S3Client({ ...clientSettings(test.bridge.aws), forcePathStyle: true });
    const object = { Bucket: test.bridge.outputs.auditBucketName, Key: `${prefix}first/requested.json` };
    await expect(s3.send(new PutObjectCommand({ ...object, Body: "{}", IfNoneMatch: "*" }))).rejects.toMatchObject({
      name: "PreconditionFailed",
    });
  });
});
