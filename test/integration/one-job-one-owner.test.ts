import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { clientSettings } from "#local/local-bridge.ts";
import {
  type BridgeUnderTest,
  bridgeUnderTest,
  type CompletedEvent,
  completed,
  failed,
} from "../fixtures/bridge-under-test.ts";
import { filesOfJob, landedFiles, sameBytes } from "../fixtures/landed-files.ts";
import { ledgerTexts } from "../fixtures/written-texts.ts";

const groups = ["187419279", "275131468", "383681350"];

describe("exports that are requested at the same time", () => {
  let test: BridgeUnderTest;

  beforeAll(async () => {
    test = await bridgeUnderTest({ simulator: { exportDurationMs: 1_500 } });
  });

  afterEach(() => {
    test.simulator.faults.clear();
    test.simulator.settings.exportDurationMs = 1_500;
    test.simulator.completeJobs();
  });

  afterAll(async () => {
    await test.stop();
  });

  const jobOf = (id: string) => test.simulator.jobs().find((job) => job.id === id);
  const started = (exportId: string) =>
    test.awaitEvent(
      (event): event is typeof event => event["detail-type"] === "Export Started" && event.detail.exportId === exportId,
    );

  /** How many exports wait for the lease of this level, by what the ledger shows of them. */
  async function waitingFor(level: string): Promise<number> {
    const items = await ledgerTexts(test);
    return items.filter(({ text }) => text.includes(`The lease of level ${level}, held by`)).length;
  }

  /** Asserts that the export landed the files of its own job, byte for byte. Returns that job. */
  async function expectFilesOfOwnJob({ exportId, request }: CompletedEvent["detail"]) {
    const summary = await test.caller.readSummary(exportId);
    const job = jobOf(summary.serverJobId);
    expect(job).toMatchObject({ groupId: request?.groupId ?? null, kickOffs: 1 });
    sameBytes(await landedFiles(test, exportId), filesOfJob(test.simulator, summary.serverJobId));
    return job;
  }

  it("exports of several groups each land their own group's files, although the server would give them one job", async () => {
    const types = ["Patient", "Condition"];
    const ends = await Promise.all(groups.map((groupId) => test.exportBy({ level: "group", groupId, types })));
    const jobs = await Promise.all(ends.map((end) => expectFilesOfOwnJob(completed(end))));

    expect(jobs.map((job) => job?.groupId)).toEqual(groups);
    expect(jobs.every((job) => job?.deleted)).toBe(true);
  });

  it("exports that differ only in types or since each land their own files", async () => {
    const requests = [
      { level: "patient", types: ["Patient"] },
      { level: "patient", types: ["Device"] },
      { level: "patient", types: ["Patient"], since: "2023-01-01T00:00:00Z" },
    ];
    const ends = (await Promise.all(requests.map((request) => test.exportBy(request)))).map(completed);
    for (const end of ends) await expectFilesOfOwnJob(end);

    expect(new Set(ends.map(({ totals }) => totals.lines)).size).toBe(3);
  });

  it("identical exports share one job and one download, and each has its own summary and its own end", async () => {
    const downloads = () => test.simulator.log.filter(({ endpoint }) => endpoint === "download").length;
    const before = { jobs: test.simulator.jobs().length, downloads: downloads() };
    const request = { level: "group", groupId: "age-35-to-55", types: ["Patient", "Goal"] };
    // The job is not ready before all three have begun: one has kicked it off, and two wait for that one's result.
    test.simulator.settings.exportDurationMs = 600_000;
    const ending = Promise.all([1, 2, 3].map(() => test.exportBy(request)));
    await expect.poll(() => test.simulator.jobs().length).toBe(before.jobs + 1);
    await expect.poll(() => waitingFor("group")).toBe(2);
    test.simulator.settings.exportDurationMs = 300;
    test.simulator.completeJobs();
    const ends = (await ending).map(completed);
    const summaries = await Promise.all(ends.map(({ exportId }) => test.caller.readSummary(exportId)));

    expect(test.simulator.jobs().length).toBe(before.jobs + 1);
    expect(downloads()).toBe(before.downloads + 2);
    const owner = ends.find(({ adoptedFrom }) => adoptedFrom === null);
    expect(ends.map(({ adoptedFrom }) => adoptedFrom).filter((from) => from === owner?.exportId)).toHaveLength(2);
    const stored = await test.objects(`exports/${owner?.exportId}/`);
    for (const { files, status } of summaries) {
      expect(status).toBe("complete");
      expect(files.map(({ key, bytes }) => stored.get(key) === bytes)).toEqual([true, true]);
    }
  });

  it("an export waits while the client has an unrelated job, and neither adopts nor deletes it", async () => {
    test.simulator.settings.exportDurationMs = 600_000;
    const unrelated = test.simulator.addUnrelatedJob({
      clientId: "integra-bridge-local",
      level: "Group",
      groupId: "517483350",
    });
    const ending = test.exportBy({ level: "group", groupId: "187419279", types: ["Patient"] });
    // The unrelated job runs until the export was handed it.
    await expect.poll(() => jobOf(unrelated)?.kickOffs).toBeGreaterThan(0);
    test.simulator.settings.exportDurationMs = 300;
    test.simulator.completeJobs();
    const end = completed(await ending);

    expect((await expectFilesOfOwnJob(end))?.id).not.toBe(unrelated);
    expect(jobOf(unrelated)).toMatchObject({ deleted: false, downloads: 0 });
    const facts = [...(await test.auditRecords(`exports/${end.exportId}/`)).keys()];
    expect(facts.filter((key) => key.includes("/kicked-off-"))).toHaveLength(2);
  });

  it("an export continues after the lease's holder is cancelled, and the cancellation of a waiting export does not affect the holder", async () => {
    test.simulator.settings.exportDurationMs = 600_000;
    const first = await test.startExecution({ level: "system", types: ["Patient"] }, "owner-1");
    await started(first);
    const waiting = await test.startExecution({ level: "system", types: ["Device"] }, "waiting-1");
    const next = await test.startExecution({ level: "system", types: ["Location"] }, "next-1");
    await expect.poll(() => waitingFor("system")).toBe(2);
    await test.caller.requestCancellation(waiting);
    const cancelled = await test.awaitEndOf(waiting);
    expect(cancelled).toMatchObject({
      "detail-type": "Export Cancelled",
      detail: { jobDeleted: false, request: { types: ["Device"] } },
    });
    const job = test.simulator.jobs().at(-1);
    expect(job).toMatchObject({ deleted: false, types: ["Patient"] });

    test.simulator.settings.exportDurationMs = 300;
    await test.caller.requestCancellation(first);
    expect((await test.awaitEndOf(first))["detail-type"]).toBe("Export Cancelled");
    await expectFilesOfOwnJob(completed(await test.awaitEndOf(next)));
    // The cancellation deletes the job, or the next export, if that takes over the lease first.
    expect(jobOf(job?.id ?? "")?.deleted).toBe(true);
    expect((await test.objects(`exports/${first}/`)).size).toBe(0);
  });

  it("an export takes over the lease of an execution that no longer exists, and leaves no lease behind", async () => {
    const dynamo = new DynamoDBClient(clientSettings(test.bridge.aws));
    const TableName = test.bridge.outputs.ledgerTableName;
    const pk = { S: "lease#system" };
    const Item = { pk, execution: { S: "gone-1" }, exportId: { S: "gone-1" }, asks: { S: "" }, nonce: { S: "n" } };
    await dynamo.send(new PutItemCommand({ TableName, Item }));
    await expectFilesOfOwnJob(completed(await test.exportBy({ level: "system", types: ["Organization"] })));

    expect((await dynamo.send(new GetItemCommand({ TableName, Key: { pk } }))).Item).toBeUndefined();
  });

  it("an export fails with the reason if its kick-off would come after the deadline, and the next export completes", async () => {
    test.simulator.faults.script("kick-off", [{ kind: "status", status: 503, retryAfter: 20 * 86_400 }]);
    expect(failed(await test.exportBy({ level: "system", types: ["Patient"] })).error.name).toBe("DeadlineExceeded");
    await expectFilesOfOwnJob(completed(await test.exportBy({ level: "system", types: ["Patient"] })));
  });
});
