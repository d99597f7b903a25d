import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Fault } from "#local/simulator/faults/fault-schema.ts";
import { type BridgeUnderTest, bridgeUnderTest, completed } from "../fixtures/bridge-under-test.ts";
import { landedFiles, sameBytes, servedFiles } from "../fixtures/landed-files.ts";

/** A fault for one file of each type, and the reason that the summary must give. The manifest announces counts, and gzip is in use. */
const faults: { type: string; fault: Fault; reason: RegExp }[] = [
  { type: "AllergyIntolerance", fault: { kind: "garbage" }, reason: /line 1 is not a JSON object, but markup/ },
  { type: "CarePlan", fault: { kind: "bad-line" }, reason: /line \d+ is not JSON/ },
  { type: "CareTeam", fault: { kind: "bad-line", how: "not-utf8" }, reason: /not UTF-8/ },
  { type: "Condition", fault: { kind: "wrong-type" }, reason: /line \d+ does not hold a resource of type Condition/ },
  {
    type: "Device",
    fault: { kind: "wrong-type", nested: true },
    reason: /line \d+ does not hold a resource of type Device/,
  },
  { type: "DiagnosticReport", fault: { kind: "truncate" }, reason: /the file ends inside line \d+/ },
  { type: "DocumentReference", fault: { kind: "truncate", framing: "close" }, reason: /the file ends inside line/ },
  { type: "Encounter", fault: { kind: "drop-line" }, reason: /has \d+ lines, but the manifest announced \d+/ },
  { type: "Goal", fault: { kind: "bad-gzip", how: "cut" }, reason: /broke off after \d+ bytes of its gzip stream/ },
  {
    type: "Immunization",
    fault: { kind: "bad-gzip", how: "garbage-behind" },
    reason: /not a gzip stream, or a damaged one/,
  },
  { type: "MedicationRequest", fault: { kind: "cut", afterBytes: 200 }, reason: /broke off after 200 bytes/ },
  { type: "Procedure", fault: { kind: "cut" }, reason: /no answer/ },
  { type: "Provenance", fault: { kind: "status", status: 502, body: "html" }, reason: /HTTP 502/ },
];

const fileOf = (type: string): string => `${type.toLowerCase()}_file_1.ndjson`;

describe("files that arrive damaged", () => {
  let test: BridgeUnderTest;

  beforeAll(async () => {
    test = await bridgeUnderTest({
      simulator: { manifestStyle: "standard" },
      settings: { export: { toleratedMissingShare: 0.9 } },
    });
  });

  afterEach(() => {
    test.simulator.faults.clear();
    test.simulator.settings.gzip = "when-accepted";
  });

  afterAll(async () => {
    await test.stop();
  });

  /** Scripts each fault for the first downloads of its file. */
  function scriptFaults(times: number): void {
    for (const { type, fault } of faults) {
      const steps = Array.from({ length: times }, () => ({ ...fault, match: fileOf(type) }));
      test.simulator.faults.script("download", steps);
    }
  }

  const downloads = () => test.simulator.log.filter(({ endpoint }) => endpoint === "download");

  it("each file that is damaged in every attempt is listed with the reason, and no part of it is in S3", async () => {
    // More than all attempts need, with the requests that are repeated at once because they went over a kept connection.
    scriptFaults(40);
    const { exportId, status, totals } = completed(await test.exportBy({ level: "patient" }));
    const { failedFiles } = await test.caller.readSummary(exportId);
    const landed = await landedFiles(test, exportId);
    const whole = [...servedFiles(test.simulator, "Patient")].filter(
      ([key]) => !faults.some(({ type }) => key.startsWith(`${type}/`)),
    );

    expect({ status, ...totals }).toMatchObject({ status: "partial", files: 7, failedFiles: faults.length });
    expect(new Map(failedFiles.map(({ type, reason }) => [type, reason]))).toEqual(
      new Map(faults.map(({ type, reason }) => [type, expect.stringMatching(reason) as string])),
    );
    sameBytes(landed, new Map(whole));
    expect(await test.openUploads()).toEqual([]);
  });

  it("each file that is damaged only once lands byte for byte", async () => {
    const before = downloads().length;
    scriptFaults(1);
    const { exportId, status } = completed(await test.exportBy({ level: "patient" }));

    expect(status).toBe("complete");
    sameBytes(await landedFiles(test, exportId), servedFiles(test.simulator, "Patient"));
    const happened = downloads()
      .slice(before)
      .map(({ fault }) => fault)
      .filter((fault) => fault !== null);
    expect(happened.toSorted()).toEqual(faults.map(({ fault }) => fault.kind).toSorted());
    expect(await test.openUploads()).toEqual([]);
  });

  it("a download without compression is resumed where it broke off", async () => {
    test.simulator.settings.gzip = "never";
    const before = downloads().length;
    for (const { type } of faults) {
      const match = fileOf(type);
      test.simulator.faults.script("download", [
        { kind: "cut", afterBytes: 700, match },
        { kind: "cut", afterBytes: 50, match },
      ]);
    }
    const { exportId, status } = completed(await test.exportBy({ level: "patient" }));
    const later = downloads().slice(before);
    const ranges = (type: string) =>
      later.filter(({ fileName }) => fileName === fileOf(type)).map(({ headers }) => headers["range"]);

    expect(status).toBe("complete");
    sameBytes(await landedFiles(test, exportId), servedFiles(test.simulator, "Patient"));
    for (const { type } of faults) expect(ranges(type)).toEqual([undefined, "bytes=700-", "bytes=750-"]);
    expect(later.filter(({ status: code }) => code === 206)).toHaveLength(2 * faults.length);
  });
});
