import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { writtenMetrics } from "#test/fixtures/written-metrics.ts";
import {
  type BridgeUnderTest,
  bridgeUnderTest,
  completed,
  type EndEvent,
  failed,
  isEnd,
} from "../fixtures/bridge-under-test.ts";
import { findLeaks, type Marker, type ScannedText } from "../fixtures/marker-scan.ts";
import { named, patientMarkers, planted, reported } from "../fixtures/patient-markers.ts";
import {
  auditTexts,
  deadLetterTexts,
  eventTexts,
  executionTexts,
  ledgerTexts,
  logTexts,
  objectTexts,
} from "../fixtures/written-texts.ts";

const aboutPatient = `{token} may not read {url} for ${planted.name}, born ${planted.born}`;
const aboutRequest = "the token {token} does not allow {url} (ask the portal)";

/** The event that ended each scenario, by the scenario's name. */
type Ends = Record<
  "plain" | "capabilities" | "faulty" | "resumed" | "rejected" | "jobFailed" | "refused" | "invalid",
  EndEvent
>;

describe("what the bridge writes for exports", () => {
  let test: BridgeUnderTest;
  let scratch: string;
  let ends: Ends;
  let texts: ScannedText[];

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "no-leaks-"));
    test = await bridgeUnderTest({
      algorithm: "RS384",
      simulator: { patients: 20, tokenLifetimeSeconds: 5 },
      logFile: join(scratch, "local-aws.log"),
    });
    ends = await exportInEveryWay(test);
    await misdirectRequests(test);
    await cancelAnExport(test);
    texts = [
      ...(await executionTexts(test)),
      ...eventTexts(test),
      ...(await auditTexts(test)),
      ...(await logTexts(test)),
      ...(await ledgerTexts(test)),
      ...(await deadLetterTexts(test)),
      ...(await writtenObjects(test)),
      { where: "the local AWS's own log", text: await readFile(join(scratch, "local-aws.log"), "utf8") },
    ];
  });

  afterAll(async () => {
    await test.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  it("the exports end as complete, partial, failed and invalid, and one is resumed", () => {
    expect(completed(ends.plain).status).toBe("complete");
    expect(completed(ends.capabilities).status).toBe("complete");
    expect(completed(ends.faulty)).toMatchObject({ status: "partial", totals: { failedFiles: 1 } });
    expect(completed(ends.resumed).status).toBe("complete");
    expect(failed(ends.rejected).error.name).toBe("KickOffRejected");
    expect(failed(ends.jobFailed).error.name).toBe("ExportJobFailed");
    expect(failed(ends.refused).error.name).toBe("AccessRefused");
    expect(failed(ends.invalid).error.name).toBe("InvalidRequest");
  });

  it("the functions wrote the metrics of exports that alarms and the dashboard read", () => {
    const logs = texts.filter(({ where }) => where.startsWith("log")).flatMap(({ text }) => text.split("\n"));
    const written = writtenMetrics(logs);
    const plain = ["ExportAge", "FilesLanded", "LinesLanded", "BytesLanded", "FilesMissing"];
    for (const name of plain) expect(written).toContain(`integra-bridge/local bulk-export ${name}`);
    for (const fault of ["KickOffRejected", "ExportJobFailed", "AccessRefused", "InvalidRequest"])
      expect(written).toContain(`integra-bridge/local bulk-export ExportsFailed ${fault}`);
  });

  it("no written text contains a token, assertion, key or secret URL", () => {
    expect(reported(findLeaks(texts, secretMarkers(test)))).toEqual([]);
  });

  it("no written text identifies a patient", () => {
    expect(reported(findLeaks(texts, patientMarkers(test.simulator)))).toEqual([]);
  });

  it("an error repeats the server's words about a request or a job, without the credentials in them", () => {
    for (const end of [ends.rejected, ends.jobFailed])
      expect(failed(end).error.message).toMatch(/the token \[redacted\] does not allow http:\S+ \(ask the portal\)$/);
    expect(failed(ends.invalid).error.message).toContain("patient: is not a known field");
    expect(completed(ends.faulty).failedFiles[0]?.reason).toMatch(/HTTP 403 \(processing\)$/);
  });

  it("the scan covers every place, and finds URLs and patients in the objects that may contain them", async () => {
    const places = new Set(texts.map(({ where }) => where.split(/[ /]/)[0]));
    expect([...places]).toEqual(
      expect.arrayContaining(["execution", "event", "log", "ledger", "work", "exports", "audit", "the"]),
    );
    const children = texts.filter(({ where }) => where.includes("/") && where.startsWith("execution"));
    expect(children.length).toBeGreaterThan(Object.keys(ends).length / 2);
    const logs = texts.filter(({ where }) => where.startsWith("log")).map(({ text }) => text);
    for (const { detail } of Object.values(ends))
      expect(logs.some((lines) => lines.includes(detail.exportId))).toBe(true);

    const { exportId } = ends.capabilities.detail;
    // The plan and the manifest contain the files' URLs by design, and the files contain patients.
    const [plan, landed] = [
      await objectTexts(test, `work/${exportId}/plan`),
      await objectTexts(test, `exports/${exportId}/P`),
    ];
    expect(findLeaks(plan, secretMarkers(test)).length).toBeGreaterThan(0);
    expect(findLeaks(landed, patientMarkers(test.simulator)).length).toBeGreaterThan(0);
  });
});

/** Runs one export after another, because the scripted faults are for the current one. */
async function exportInEveryWay(test: BridgeUnderTest): Promise<Ends> {
  const { simulator } = test;
  const some = { level: "patient", types: ["Patient", "Condition"] };
  const plain = await test.exportBy({ level: "patient" });

  Object.assign(simulator.settings, { manifestStyle: "standard", requiresAccessToken: false });
  const capabilities = await test.exportBy(some);
  Object.assign(simulator.settings, { manifestStyle: "guide", requiresAccessToken: true });

  const { faults } = simulator;
  faults.script("token", [{ kind: "status", status: 503, retryAfter: null, words: aboutRequest }]);
  faults.script("kick-off", [
    { kind: "status", status: 503, words: aboutRequest },
    { kind: "status", status: 502, body: "html", words: aboutPatient },
  ]);
  faults.script("status", [
    { kind: "status", status: 429, words: aboutRequest },
    { kind: "status", status: 504, body: "html", words: aboutPatient },
  ]);
  faults.script("download", [
    { kind: "status", status: 403, body: "terminal", words: aboutPatient, match: "patient_file" },
    { kind: "status", status: 503, words: aboutPatient, match: "condition_file" },
    { kind: "status", status: 500, body: "html", words: aboutPatient, match: "condition_file" },
    { kind: "cut", afterBytes: 200, match: "condition_file" },
  ]);
  simulator.revokeTokens();
  const faulty = await test.exportBy(some);
  expect((["token", "kick-off", "status", "download"] as const).map((name) => faults.pending(name))).toEqual([
    0, 0, 0, 0,
  ]);
  await test.caller.requestResumption(faulty.detail.exportId);
  const resumed = await endOf(test, ({ detail }) => detail.exportId === faulty.detail.exportId && detail.run === "r1");

  faults.script("kick-off", [{ kind: "status", status: 400, words: aboutRequest }]);
  const rejected = await test.exportBy(some);
  faults.script("status", [{ kind: "status", status: 500, body: "terminal", words: aboutRequest }]);
  const jobFailed = await test.exportBy(some);

  simulator.revokeTokens();
  const refusal = {
    kind: "status",
    status: 400,
    body: "terminal",
    words: "{assertion} is not signed as registered",
  } as const;
  faults.script(
    "token",
    Array.from({ length: 6 }, () => refusal),
  );
  const refused = await test.exportBy(some);
  faults.clear();

  const invalid = await test.exportBy({
    level: planted.name,
    groupId: planted.name,
    since: planted.born,
    types: ["Patient", planted.name],
    patient: planted,
    [planted.name]: planted.born,
  });
  return { plain, capabilities, faulty, resumed, rejected, jobFailed, refused, invalid };
}

const endOf = (test: BridgeUnderTest, wanted: (end: EndEvent) => boolean): Promise<EndEvent> =>
  test.awaitEvent((event): event is EndEvent => isEnd(event) && wanted(event));

/** Sends requests with a patient's name in place of an export's id. */
async function misdirectRequests(test: BridgeUnderTest): Promise<void> {
  const before = new Set(test.receivedEvents());
  await test.caller.requestResumption(planted.name);
  await test.awaitEvent((event): event is EndEvent => !before.has(event) && isEnd(event) && event.detail.run === "r1");
  await test.caller.requestCancellation(planted.name);
  const logged = async (): Promise<void> => {
    const lines = (await logTexts(test)).map(({ text }) => text).join();
    expect(lines).toContain("EXPORT_CANCEL_REQUEST_IGNORED");
  };
  // Hooks have no expect.poll.
  await vi.waitFor(logged, { timeout: 120_000, interval: 100 });
}

async function cancelAnExport(test: BridgeUnderTest): Promise<void> {
  test.simulator.settings.exportDurationMs = 600_000;
  const exportId = await test.startExecution({ level: "system", types: ["Patient"] });
  await test.awaitEvent(
    (event): event is typeof event => event["detail-type"] === "Export Started" && event.detail.exportId === exportId,
  );
  await test.caller.requestCancellation(exportId);
  expect((await test.awaitEndOf(exportId))["detail-type"]).toBe("Export Cancelled");
}

/** All objects except landed files, manifests and plans, which contain patients or URLs by design. */
async function writtenObjects(test: BridgeUnderTest): Promise<ScannedText[]> {
  const all = await Promise.all(["work/", "exports/"].map((prefix) => objectTexts(test, prefix)));
  return all.flat().filter(({ where }) => !/\.ndjson$|\/manifest[^/]*\.json$|\/plan\.json$/.test(where));
}

function secretMarkers({ simulator, secret }: BridgeUnderTest): Marker[] {
  const { tokens, assertions, urlSecrets } = simulator.secretsSeen();
  const { current } = z.object({ current: z.record(z.string(), z.unknown()) }).parse(secret);
  return [
    ...named("an access token", tokens),
    ...named("a client assertion", assertions),
    ...named(
      "a client assertion's signature",
      assertions.map((assertion) => assertion.split(".")[2] ?? ""),
    ),
    ...named("the secret of a file's URL", urlSecrets),
    ...["d", "p", "q", "dp", "dq", "qi"].map((name) => ({
      name: `the private key's ${name}`,
      value: String(current[name]),
    })),
  ];
}
