import { describe, expect, it } from "vitest";
import { exportRequestDetail, triggeredInput } from "#bulk-export/language/export-request.ts";
import type { ExportContext } from "#bulk-export/language/export-state.ts";
import { startAfresh } from "#bulk-export/start-afresh/start-afresh.ts";
import { bridgeInMemory, patientExport } from "../../../fixtures/bridge-in-memory.ts";

async function afresh(context: ExportContext) {
  const bridge = bridgeInMemory();
  const step = startAfresh({
    executions: bridge.executions,
    progress: bridge.progress,
    log: bridge.log,
    now: bridge.now,
  });
  const first = await step({ export: context }, bridge.stepContext);
  expect(await step({ export: context }, bridge.stepContext)).toEqual(first);
  expect(bridge.executions.known.size).toBe(1);
  return { exportId: first.exportId, input: triggeredInput.parse(bridge.executions.known.get(first.exportId)?.input) };
}

const resumed: ExportContext = { ...patientExport, run: "r1" };

describe("the start-afresh step", () => {
  it("a replacement export has the same request, an id of its own and its predecessor, and is started once", async () => {
    const { exportId, input } = await afresh(resumed);
    expect(exportId).toMatch(/^fresh-[0-9a-f]{40}$/);
    expect(input).toEqual({
      detail: { level: "patient", types: ["Patient"], outputFormat: "application/fhir+ndjson", requestId: "r1" },
      trigger: { kind: "resumption", id: "e1-r1" },
      predecessor: "e1",
    });
  });

  it("each resumption gets another replacement export", async () => {
    expect((await afresh({ ...resumed, run: "r2" })).exportId).not.toBe((await afresh(resumed)).exportId);
  });

  it.each([
    [
      "continues from the current checkpoint",
      { since: "2026-01-01T00:00:00Z", sinceRule: "last-completed" },
      "last-completed",
    ],
    ["keeps its own instant", { since: "2026-01-01T00:00:00Z" }, "2026-01-01T00:00:00Z"],
    ["stays a full export", {}, undefined],
  ] as const)("a replacement export %s", async (_, more, since) => {
    const request = { ...patientExport.request, level: "group" as const, groupId: "1", groupName: "a", ...more };
    const { input } = await afresh({ ...resumed, requestId: null, request });
    const detail = exportRequestDetail.parse(input.detail);
    expect(detail.since).toBe(since);
    expect(detail).toMatchObject({ level: "group", groupId: "1" });
    expect(detail.requestId).toBeUndefined();
  });
});
