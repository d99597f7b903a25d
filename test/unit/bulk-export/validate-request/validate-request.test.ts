import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ExportContext, exportContext, type UnvalidatedExport } from "#bulk-export/language/export-state.ts";
import type { Checkpoint, CheckpointScope } from "#bulk-export/records/checkpoints.ts";
import { validateRequest } from "#bulk-export/validate-request/validate-request.ts";
import { InvalidRequest } from "#platform/faults/faults.ts";
import { type BridgeInMemory, bridgeInMemory } from "../../../fixtures/bridge-in-memory.ts";

type Input = UnvalidatedExport["input"];

const types = ["Patient", "Observation", "Device"];
const groups = [
  { id: "275131468", name: "age-5-to-18" },
  { id: "383681350", name: "age-18-to-35" },
];

interface Setting {
  executionName?: string;
  checkpoint?: Checkpoint;
  scopes?: CheckpointScope[];
  bridge?: BridgeInMemory;
}

async function validate(
  input: Input,
  { executionName = "e1", checkpoint, scopes = [], bridge = bridgeInMemory() }: Setting = {},
): Promise<ExportContext> {
  const step = validateRequest({
    types,
    groups,
    deadlineHours: 36,
    checkpoints: {
      find: (scope) => {
        scopes.push(scope);
        return Promise.resolve(checkpoint);
      },
    },
    records: bridge.records,
    audit: bridge.audit,
    openRuns: bridge.openRuns,
    progress: bridge.progress,
  });
  return exportContext.parse(await step({ executionName, startedAt: "2026-03-01T12:00:00Z", input }));
}

async function faultsOf(input: Input, setting?: Setting): Promise<readonly string[]> {
  try {
    await validate(input, setting);
  } catch (error) {
    if (error instanceof InvalidRequest) return error.faults;
    throw error;
  }
  throw new Error("the request was accepted");
}

describe("a valid request", () => {
  it("a valid request is brought into its normal form", async () => {
    expect(await validate({ level: "patient" })).toEqual({
      exportId: "e1",
      run: "first",
      requestId: null,
      request: { level: "patient", outputFormat: "application/fhir+ndjson" },
      predecessor: null,
      startedAt: "2026-03-01T12:00:00.000Z",
      deadlineAt: Date.parse("2026-03-03T00:00:00Z") / 1000,
    });
  });

  it.each(["383681350", "age-18-to-35"])("a group is found by its id or its name, as in %s", async (groupId) => {
    expect((await validate({ level: "group", groupId })).request).toMatchObject({
      groupId: "383681350",
      groupName: "age-18-to-35",
    });
  });

  it("the types of a request are sorted and unique", async () => {
    const { request } = await validate({ level: "system", types: ["Patient", "Device", "Patient"] });
    expect(request.types).toEqual(["Device", "Patient"]);
  });

  it("a triggered request and a plain one have the same normal form", async () => {
    const detail = { level: "group", groupId: "age-5-to-18", requestId: "r-1", outputFormat: "ndjson" };
    const triggered = { detail, trigger: { kind: "event", id: "id-1", source: "my.app", account: "1" } };
    expect(await validate(triggered)).toEqual(await validate(detail));
    expect((await validate(detail)).requestId).toBe("r-1");
  });

  it.each(["2026-01-31T00:00:00Z", "2024-02-29T23:59:59.123456789+05:30", "2026-01-31T00:00:00-12:00"])(
    "a request may have the instant %s as its since",
    async (since) => {
      expect((await validate({ level: "patient", since })).request).toMatchObject({ since });
    },
  );

  it("a since that cannot be compared, such as a leap second, is refused or rewritten", async () => {
    const leap = await validate({ level: "patient", since: "2016-12-31T23:59:60Z" }).catch((error: unknown) => error);
    expect(
      leap instanceof InvalidRequest || !Number.isNaN(Date.parse((leap as ExportContext).request.since ?? "")),
    ).toBe(true);
  });

  describe("since the last completed export", () => {
    const input = { level: "group", groupId: "age-5-to-18", types: ["Patient", "Device"], since: "last-completed" };

    it("an incremental export continues from the checkpoint of its level, group and types", async () => {
      const scopes: CheckpointScope[] = [];
      const { request } = await validate(input, {
        checkpoint: { since: "2026-02-01T00:00:00Z", incrementals: 0 },
        scopes,
      });
      expect(request).toMatchObject({ since: "2026-02-01T00:00:00Z", sinceRule: "last-completed" });
      expect(scopes).toMatchObject([{ level: "group", groupId: "275131468", types: ["Device", "Patient"] }]);
    });

    it("an incremental export without a checkpoint becomes a full one", async () => {
      const { request } = await validate(input);
      expect(request).not.toHaveProperty("since");
      expect(request.sinceRule).toBe("last-completed");
    });

    it.each([
      [3, 0, "incremental"],
      [3, 1, "incremental"],
      [3, 2, "full"],
      [3, 9, "full"],
      [1, 0, "full"],
      [undefined, 9, "incremental"],
    ])("a scheduled export with fullEvery %s, after %d incremental exports, is %s", async (n, incrementals, kind) => {
      const trigger = { kind: "schedule", id: "nightly x", ...(n !== undefined && { fullEvery: n }) };
      const checkpoint = { since: "2026-02-01T00:00:00Z", incrementals };
      const { request } = await validate({ detail: input, trigger }, { checkpoint });
      expect(request.since === undefined ? "full" : "incremental").toBe(kind);
    });
  });

  it("a valid request is stored for resumptions and cancellations", async () => {
    const bridge = bridgeInMemory();
    const { request } = await validate({ level: "patient", requestId: "r-1" }, { bridge });
    const record = { exportId: "e1", requestId: "r-1", request, predecessor: null };
    expect(await bridge.records.findExport("e1")).toEqual(record);
  });

  it("a valid request is recorded in the audit trail with its trigger", async () => {
    const bridge = bridgeInMemory();
    const trigger = { kind: "event", id: "id-1", source: "my.app", account: "123456789012" };
    await validate({ detail: { level: "patient" }, trigger, predecessor: "e0" }, { bridge });
    const fact = JSON.parse(
      bridge.auditS3.objects.get("exports/e1/first/requested.json")?.body.toString() ?? "",
    ) as object;
    expect(fact).toEqual({
      version: "1",
      exportId: "e1",
      run: "first",
      fact: "requested",
      at: "2026-03-01T12:00:00.000Z",
      by: trigger,
      request: { level: "patient", outputFormat: "application/fhir+ndjson" },
      faults: [],
      predecessor: "e0",
    });
  });

  describe("a request to resume an export", () => {
    const trigger = { kind: "event", id: "id-2", source: "my.app", account: "1" };
    const resume = { resume: { exportId: "e1", run: "r1" }, trigger };

    it("a resumption uses the export's stored request, even if the settings would refuse it now", async () => {
      const bridge = bridgeInMemory();
      const request = { level: "patient", types: ["Goal"], outputFormat: "ndjson" } as const;
      const record = { exportId: "e1", requestId: "r-1", predecessor: null, request: { ...request, types: ["Goal"] } };
      await bridge.records.saveExport(record);
      expect(await validate(resume, { executionName: "e1-r1", bridge })).toEqual({
        ...record,
        run: "r1",
        startedAt: "2026-03-01T12:00:00.000Z",
        deadlineAt: Date.parse("2026-03-03T00:00:00Z") / 1000,
      });
      expect(await bridge.records.findExport("e1")).toEqual(record);
      expect(bridge.audited()).toEqual(["exports/e1/r1/requested.json"]);
    });

    it("a resumption begins a run in the progress of the export, and one that is refused does not", async () => {
      const bridge = bridgeInMemory();
      await validate({ level: "patient" }, { bridge });
      await faultsOf({ ...resume, refusal: "exportId: e1 is still running" }, { executionName: "e1-r1", bridge });
      expect(await bridge.progress.find("e1")).toMatchObject({
        run: "first",
        state: "running",
        trigger: { kind: "direct" },
      });
      await validate(resume, { executionName: "e1-r1", bridge });
      expect(await bridge.progress.find("e1")).toMatchObject({ run: "r1", state: "running", phase: "waiting" });
    });

    it("a resumption of an export that does not exist is refused", async () => {
      expect(await faultsOf(resume, { executionName: "e1-r1" })).toEqual(["exportId: there is no export e1"]);
    });

    it("a resumption that was refused keeps its reason", async () => {
      const input = { ...resume, refusal: "exportId: e1 is still running" };
      expect(await faultsOf(input, { executionName: "e1-r1" })).toEqual(["exportId: e1 is still running"]);
    });
  });
});

describe("an invalid request", () => {
  it.each([
    ["an unknown level", { level: "practice" }, ["level: must be one of patient, group, system"]],
    ["no level", {}, ["level: must be one of patient, group, system"]],
    ["no object", "patient", ["the request: must be a JSON object"]],
    ["null", null, ["the request: must be a JSON object"]],
    ["a list", [], ["the request: must be a JSON object"]],
    ["an empty list of types", { level: "patient", types: [] }, ["types: is empty"]],
    ["a type that is none", { level: "patient", types: [7] }, ["types.0: must be a string, or is missing"]],
    ["an unknown format", { level: "patient", outputFormat: "csv" }, ["outputFormat: must be one of"]],
    ["an unknown type", { level: "patient", types: ["Claim"] }, ['types: "Claim" is not among the accepted types']],
    ["no group", { level: "group" }, ["groupId: is missing (one of 275131468 or age-5-to-18"]],
    ["an unknown group", { level: "group", groupId: "g-9" }, ['groupId: "g-9" is not among the accepted groups']],
    [
      "a group that does not belong",
      { level: "patient", groupId: "275131468" },
      ['groupId: belongs to level "group" only'],
    ],
    ["an unreadable instant", { level: "patient", since: "yesterday" }, ["since: must be a FHIR instant"]],
    ["a date without a time", { level: "patient", since: "2026-01-31" }, ["since: must be a FHIR instant"]],
    [
      "an instant without a zone",
      { level: "patient", since: "2026-01-31T00:00:00" },
      ["since: must be a FHIR instant"],
    ],
    [
      "a day that does not exist",
      { level: "patient", since: "2026-02-29T00:00:00Z" },
      ["since: names a day that does not exist"],
    ],
    ["an unreadable requestId", { level: "patient", requestId: "a b" }, ["requestId: must be 1 to 128"]],
    ["an unknown field", { level: "patient", groupid: "1" }, ["groupid: is not a known field"]],
  ])("a request with %s is refused with a matching fault", async (_, input, expected) => {
    const faults = await faultsOf(input);
    expect(faults.length).toBeGreaterThanOrEqual(expected.length);
    for (const [place, words] of expected.entries()) expect(faults[place]).toContain(words);
  });

  it("all faults in the form of a request are reported at once", async () => {
    const faults = (await faultsOf({ level: "practice", types: [], since: "x", outputFormat: "csv", other: 1 })).join(
      "\n",
    );
    for (const field of ["level", "types", "since", "outputFormat", "other"]) expect(faults).toContain(`${field}: `);
  });

  it("all faults against the settings are reported at once", async () => {
    const faults = await faultsOf({ level: "group", types: ["Claim", "Patient", "Coverage"] });
    expect(faults).toHaveLength(3);
  });

  it("faults in the form and faults against the settings are reported together", async () => {
    const faults = (await faultsOf({ level: "group", groupId: "g-9", types: ["Claim"], since: "x", other: 1 })).join(
      "\n",
    );
    for (const words of ["since: ", "other: ", '"Claim"', '"g-9"']) expect(faults).toContain(words);
  });

  it("a malformed instant is reported as one fault", async () => {
    expect(await faultsOf({ level: "patient", since: "yesterday" })).toHaveLength(1);
  });

  it("the second use of a requestId with another detail is refused", async () => {
    const input = {
      detail: { level: "patient", requestId: "r" },
      trigger: { kind: "event", id: "i", source: "my.app", account: "1" },
      conflictsWith: "request-1",
    };
    expect(await faultsOf(input)).toEqual(["requestId: was already used with another detail, by export request-1"]);
  });

  it.each(["_x", "a b", "ä", "x".repeat(73), ""])(
    "an execution named %j is refused, because its name cannot be an export's id",
    async (executionName) => {
      expect((await faultsOf({ level: "patient" }, { executionName })).join()).toContain("execution's name");
    },
  );

  it("an invalid name and an invalid detail are reported together", async () => {
    expect(await faultsOf({ level: "x" }, { executionName: "a b" })).toHaveLength(2);
  });

  it("a fault never quotes a value that is not a plain word", async () => {
    const marker = "Jane Doe <1970>";
    const value = fc.constantFrom(marker, [marker], { [marker]: marker }, `${marker}\n`);
    const field = fc.constantFrom("level", "groupId", "types", "since", "outputFormat", "requestId", marker);
    await fc.assert(
      fc.asyncProperty(fc.dictionary(field, value, { minKeys: 1, noNullPrototype: true }), async (spoiled) => {
        const faults = await faultsOf({ level: "group", ...spoiled });
        expect(faults.join()).not.toContain("Jane");
      }),
    );
  });

  it("any invalid input is refused with InvalidRequest and no other error", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (input) => {
        expect((await faultsOf(input as Input)).length).toBeGreaterThan(0);
      }),
    );
  });
});
