import { beforeEach, describe, expect, it } from "vitest";
import { failExport } from "#bulk-export/fail-export/fail-export.ts";
import { exportFaultNames } from "#bulk-export/language/export-faults.ts";
import { type FailInput, failInput, type UnvalidatedExport } from "#bulk-export/language/export-state.ts";
import type { StopMarker } from "#bulk-export/language/stop-marker.ts";
import { type Explanation, explanation } from "#platform/executions/explained-failure.ts";
import { type BridgeInMemory, bridgeInMemory, patientExport } from "../../../fixtures/bridge-in-memory.ts";

const unvalidated = (executionName: string, input: UnvalidatedExport["input"]) => ({
  executionName,
  startedAt: "2026-03-01T12:00:00Z",
  input,
});
const lambda = (errorType: string, errorMessage: string): string =>
  JSON.stringify({ errorType, errorMessage, trace: ["at x (/var/task/index.js:1:1)"] });

describe("the fail-export step", () => {
  let bridge: BridgeInMemory;
  beforeEach(() => {
    bridge = bridgeInMemory();
  });

  async function fail(
    failure: FailInput["failure"],
    context: FailInput["export"] = patientExport,
  ): Promise<Explanation> {
    const step = failExport({ records: bridge.records, bus: bridge.bus, log: bridge.log });
    return explanation.parse(await step(failInput.parse({ export: context, failure }), bridge.stepContext));
  }
  const stop = (reason: StopMarker["reason"], fault: StopMarker["fault"], message: string) =>
    bridge.records.markStopped(patientExport, { reason, fault, message, at: "2026-03-01T12:00:00Z" });

  it.each(exportFaultNames)("a fault %s keeps its name and message", async (name) => {
    expect(await fail({ Error: name, Cause: lambda(name, "because of this") })).toEqual({
      error: name,
      cause: "because of this",
    });
    expect(bridge.published).toEqual([
      {
        type: "Export Failed",
        detail: {
          version: "1",
          eventId: "e1/failed",
          exportId: "e1",
          run: "first",
          requestId: "r1",
          request: patientExport.request,
          predecessor: null,
          error: { name, message: "because of this" },
          destination: { bucket: "landing", key: "exports/e1/" },
        },
      },
    ]);
  });

  it.each([
    ["Lambda.Unknown", "the function timed out"],
    ["States.Timeout", undefined],
    ["TypeError", lambda("TypeError", "x is undefined")],
    ["Sandbox.Timedout", '{"errorMessage":'],
  ])("an unknown error (%s) is named Unexpected and keeps its message", async (name, cause) => {
    const { error, cause: words } = await fail({ Error: name, ...(cause !== undefined && { Cause: cause }) });
    expect(error).toBe("Unexpected");
    expect(words).toContain(name);
  });

  it("an export whose download was refused names the refusal, which the Map does not pass on", async () => {
    await stop("refused", "AccessRefused", "the server refused a new access token");
    for (const Error of ["ExportStopped", "States.ExceedToleratedFailureThreshold"]) {
      expect(await fail({ Error, Cause: "1 child failed" })).toEqual({
        error: "AccessRefused",
        cause: "the server refused a new access token",
      });
    }
  });

  it("an export that was cancelled fails with ExportStopped", async () => {
    await stop("cancelled", "ExportStopped", "its execution was stopped");
    expect((await fail({ Error: "ExportStopped" })).error).toBe("ExportStopped");
  });

  it("an old stop marker does not replace another fault", async () => {
    await stop("refused", "AccessRefused", "an old refusal");
    expect((await fail({ Error: "NoFileLanded", Cause: lambda("NoFileLanded", "none") })).error).toBe("NoFileLanded");
  });

  it.each([
    ["a plain input", { level: "nonsense", requestId: "r-9" }],
    [
      "a triggered input",
      {
        detail: { level: "nonsense", requestId: "r-9" },
        trigger: { kind: "event", id: "x", source: "s", account: "1" },
      },
    ],
  ])("an export with an invalid request still names the requester's id, for %s", async (_, input) => {
    await fail({ Error: "InvalidRequest", Cause: lambda("InvalidRequest", "level: …") }, unvalidated("e1", input));
    expect(bridge.published[0]?.detail).toMatchObject({
      requestId: "r-9",
      request: null,
      error: { name: "InvalidRequest" },
    });
  });

  it.each([null, "text", 7, [], { requestId: { a: 1 } }, { requestId: "with spaces" }])(
    "an export with the input %j has no requester's id",
    async (input) => {
      await fail({ Error: "InvalidRequest" }, unvalidated("e1", input));
      expect(bridge.published[0]?.detail).toMatchObject({ requestId: null, request: null });
    },
  );

  it.each(["_starts-wrong", "übung", "a@b", "with=sign"])(
    "a failure is published even if the execution is named %s, which cannot be an export's id",
    async (name) => {
      expect(
        (await fail({ Error: "InvalidRequest", Cause: lambda("InvalidRequest", "the name") }, unvalidated(name, {})))
          .error,
      ).toBe("InvalidRequest");
      expect(bridge.published).toHaveLength(1);
    },
  );

  it("an export that could not be resumed fails under its own id, with an event id for the run", async () => {
    const input = { resume: { exportId: "e0", run: "r2" }, trigger: { kind: "resumption", id: "x" } };
    await fail({ Error: "InvalidRequest", Cause: lambda("InvalidRequest", "no") }, unvalidated("e0-r2", input));
    expect(bridge.published[0]?.detail).toMatchObject({ exportId: "e0", run: "r2", eventId: "e0/failed/r2" });
  });

  it("the stop marker of the previous run does not explain the failure of a run that resumes", async () => {
    await stop("refused", "AccessRefused", "the run before");
    const { error } = await fail({ Error: "ExportStopped", Cause: "now" }, { ...patientExport, run: "r1" });
    expect(error).toBe("ExportStopped");
  });

  it("a failure's message never holds a credential or a URL's query", async () => {
    const words =
      "GET https://portal.example/d?patient=17 with Bearer abcdefgh12345678 and eyJhbGciOiJSUzM4NCJ9.e30.c2ln";
    const { cause } = await fail({ Error: "ServerUnavailable", Cause: lambda("ServerUnavailable", words) });
    for (const text of [cause, JSON.stringify(bridge.published), bridge.logged.join()]) {
      expect(text).not.toMatch(/patient=17|abcdefgh|eyJ/);
    }
  });

  it("a message that is too long for an event is cut", async () => {
    expect(
      (await fail({ Error: "KickOffRejected", Cause: lambda("KickOffRejected", "x".repeat(300_000)) })).cause.length,
    ).toBeLessThan(2_100);
  });
});
