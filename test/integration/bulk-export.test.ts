import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deployByCdk } from "#local/local-bridge.ts";
import {
  type BridgeUnderTest,
  bridgeUnderTest,
  completed,
  type FailedEvent,
  failed,
} from "../fixtures/bridge-under-test.ts";
import { landedFiles, sameBytes, servedFiles } from "../fixtures/landed-files.ts";

describe("a bulk export with an ES384 key", () => {
  let test: BridgeUnderTest;

  beforeAll(async () => {
    // Deploys with the CDK CLI, as users do. The other test files deploy without it.
    test = await bridgeUnderTest({ algorithm: "ES384", deploy: deployByCdk });
  });

  afterAll(async () => {
    await test.stop();
  });

  it("the files of all patients land byte for byte, and subscribers receive the events", async () => {
    const { simulator } = test;
    const detail = completed(await test.exportBy({ level: "patient" }));
    const { exportId } = detail;
    const served = servedFiles(simulator, "Patient");
    const lines = [...served.values()].reduce((sum, body) => sum + body.toString().split("\n").length - 1, 0);

    sameBytes(await landedFiles(test, exportId), served);
    expect(detail).toMatchObject({
      version: "1",
      status: "complete",
      request: { level: "patient", outputFormat: "application/fhir+ndjson" },
      totals: { files: 20, failedFiles: 0, lines },
      failedFiles: [],
      summary: { bucket: test.bridge.outputs.bucketName, key: `exports/${exportId}/summary.json` },
    });
    const landedEvents = test.eventsOf(exportId).filter((event) => event["detail-type"] === "Export File Landed");
    expect(new Set(landedEvents.map((event) => event.detail.eventId)).size).toBe(20);
    expect(test.eventsOf(exportId)[0]?.["detail-type"]).toBe("Export Started");
  });

  it("an export stores the manifest as received and a summary, and deletes its job at the server", async () => {
    const { simulator, caller } = test;
    const { exportId } = completed(await test.exportBy({ level: "patient", types: ["Patient", "Device"] }));
    const job = simulator.jobs().findLast(({ level }) => level === "Patient");
    const manifest = (await caller.readObject(`exports/${exportId}/manifest.json`)).toString("utf8");
    const summary = await caller.readSummary(exportId);

    // The guide prints line breaks inside of URLs. They must be in the stored manifest, too.
    expect(manifest).toMatch(/\\n/);
    expect(JSON.parse(manifest)).toMatchObject({ transactionTime: job?.transactionTime, requiresAccessToken: true });
    expect(summary).toMatchObject({
      exportId,
      serverJobId: job?.id,
      transactionTime: job?.transactionTime,
      status: "complete",
    });
    expect(summary.files.map(({ type }) => type)).toEqual(["Device", "Patient"]);
    expect(job).toMatchObject({ deleted: true, types: ["Device", "Patient"] });
    const requests = simulator.log.filter(({ jobId, endpoint }) => jobId === job?.id && endpoint !== "kick-off");
    expect(requests.at(-1)).toMatchObject({ endpoint: "delete", status: 202 });
    expect(requests.filter(({ endpoint }) => endpoint === "download")).toEqual(
      Array.from({ length: 2 }, () =>
        expect.objectContaining({
          authorization: { present: true, accepted: true },
          xAuthToken: { present: true, accepted: true },
        }),
      ),
    );
  });

  it("an export that is started by hand with a group's name lands the files of that group only", async () => {
    const exportId = await test.startExecution({ level: "group", groupId: "age-18-to-35" });
    const end = await test.awaitEndOf(exportId);

    expect(completed(end).request).toMatchObject({ level: "group", groupId: "383681350", groupName: "age-18-to-35" });
    const kickOff = test.simulator.log.findLast(({ endpoint }) => endpoint === "kick-off");
    expect(kickOff?.path).toMatch(/\/Group\/383681350\/(\$|%24)export$/);
    sameBytes(await landedFiles(test, exportId), servedFiles(test.simulator, "Group"));
  });

  it("exports of the levels system, patient and group run at the same time, and each lands its own files", async () => {
    const ends = await Promise.all([
      test.exportBy({ level: "system", types: ["Organization", "Location"] }),
      test.exportBy({ level: "patient", types: ["Patient"] }),
      test.exportBy({ level: "group", groupId: "517483350", types: ["Patient", "Condition"] }),
    ]);
    const [system, patient, group] = ends.map(completed);
    sameBytes(await landedFiles(test, system?.exportId ?? ""), servedFiles(test.simulator, "System"));
    sameBytes(await landedFiles(test, patient?.exportId ?? ""), servedFiles(test.simulator, "Patient"));
    sameBytes(await landedFiles(test, group?.exportId ?? ""), servedFiles(test.simulator, "Group"));
  });

  it("a redelivered request starts no second export, and its requestId is refused for another request", async () => {
    const detail = { level: "patient", types: ["Location"], requestId: "same-request" };
    const kickOffs = () => test.simulator.log.filter(({ endpoint }) => endpoint === "kick-off").length;
    const before = kickOffs();
    await test.caller.requestExport(detail);
    const first = completed(await test.awaitEnd("same-request"));
    await test.caller.requestExport(detail);
    await test.caller.requestExport({ ...detail, types: ["Medication"] });
    const refused = await test.awaitEvent(
      (event): event is FailedEvent =>
        event["detail-type"] === "Export Failed" && event.detail.requestId === "same-request",
    );

    expect(failed(refused)).toMatchObject({ error: { name: "InvalidRequest" }, request: null });
    expect(failed(refused).error.message).toContain(first.exportId);
    expect(failed(refused).exportId).not.toBe(first.exportId);
    expect(kickOffs()).toBe(before + 1);
  });

  it("an export with since: last-completed continues from the last complete export", async () => {
    const { simulator } = test;
    const request = {
      level: "group",
      groupId: "424548118",
      types: ["Observation", "Condition"],
      since: "last-completed",
    };
    simulator.setTransactionTime("2023-01-01T00:00:00.000Z");
    const first = completed(await test.exportBy(request));
    simulator.setTransactionTime(null);
    const second = completed(await test.exportBy(request));

    expect(first.request?.since).toBeUndefined();
    expect(second.request).toMatchObject({ since: "2023-01-01T00:00:00.000Z", sinceRule: "last-completed" });
    expect(second.totals.lines).toBeGreaterThan(0);
    sameBytes(await landedFiles(test, second.exportId), servedFiles(simulator, "Group"));
  });

  it("a manifest in the standard's form is read with its pages, outcomes, deleted resources and files without a token", async () => {
    const { simulator } = test;
    const changed = {
      manifestStyle: "standard",
      manifestPageSize: 3,
      requiresAccessToken: false,
      errorFile: "information",
    } as const;
    const before = { ...simulator.settings };
    Object.assign(simulator.settings, changed);
    const detail = completed(await test.exportBy({ level: "patient", since: "2022-01-01T00:00:00Z" }));
    const job = simulator.jobs().findLast(({ level }) => level === "Patient");
    const files = await landedFiles(test, detail.exportId);
    const served = simulator.filesOf(job?.id ?? "");
    Object.assign(simulator.settings, before);

    expect(detail.status).toBe("complete");
    expect(files.size).toBe(served.all.length);
    expect([...files.keys()].filter((key) => key.startsWith("errors/"))).toHaveLength(served.outcome.length);
    expect([...files.keys()].filter((key) => key.startsWith("deleted/"))).toHaveLength(served.deleted.length);
    expect(served.deleted.length).toBeGreaterThan(0);
    const downloads = simulator.log.filter(({ jobId, endpoint }) => jobId === job?.id && endpoint === "download");
    expect(downloads.filter(({ authorization, xAuthToken }) => authorization.present || xAuthToken.present)).toEqual(
      [],
    );
    expect((await test.objects(`exports/${detail.exportId}/manifest`)).size).toBeGreaterThan(1);
  });

  it("an export is partial if the server reports an error", async () => {
    test.simulator.settings.errorFile = "error";
    const detail = completed(await test.exportBy({ level: "patient", types: ["Patient"] }));
    test.simulator.settings.errorFile = "none";
    const summary = await test.caller.readSummary(detail.exportId);

    expect(detail.status).toBe("partial");
    expect(summary.totals.issues.error + summary.totals.issues.fatal).toBeGreaterThan(0);
    expect(summary.files.some(({ key }) => key.includes("/errors/"))).toBe(true);
    expect(test.simulator.jobs().at(-1)?.deleted).toBe(true);
  });
});
