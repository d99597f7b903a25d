import { describe, expect, it } from "vitest";
import type { ExportProgress } from "#bulk-export/language/export-progress.ts";
import { exportFindings } from "#on-demand-api/health/export-findings.ts";

const now = Date.parse("2027-01-10T12:00:00Z");
const at = (day: number): string => `2027-01-${String(day).padStart(2, "0")}T10:00:00.000Z`;

const progress = (exportId: string, more: Partial<ExportProgress>): ExportProgress => ({
  exportId,
  run: "first",
  state: "completed",
  phase: null,
  requestedAt: at(1),
  startedAt: at(1),
  endedAt: at(1),
  trigger: { kind: "schedule", by: "nightly" },
  request: { level: "patient", groupId: null, types: null, since: null },
  call: null,
  waitsFor: null,
  serverProgress: null,
  nextPollAt: null,
  filesPlanned: null,
  downloadingSince: null,
  result: null,
  error: null,
  stopRequestedAt: null,
  ...more,
});
const failure = { state: "failed", error: { name: "KickOffRejected", message: "hidden words" } } as const;
const running = { state: "running", endedAt: null } as const;
const verdictsOf = (...exports: ExportProgress[]) => exportFindings(exports, now).map(({ verdict }) => verdict);
const [completed, failed, runs] = [0, 1, 2];

describe("what the newest exports say", () => {
  it("a stage without exports is well", () => {
    expect(exportFindings([], now)).toEqual([{ verdict: "ok", seen: "no export was requested yet" }]);
    expect(verdictsOf(progress("e1", { ...running, startedAt: at(10) }))).toEqual(["ok", "ok", "ok"]);
  });

  it("the export that ended last counts, not the one that was requested last", () => {
    const found = exportFindings([progress("e2", { endedAt: at(2) }), progress("e1", { endedAt: at(3) })], now);
    expect(found[completed]?.seen).toBe(`the last export that completed is e1, at ${at(3)}`);
  });

  it("a failed export is named with its fault and what to do, and without the words of the server", () => {
    const found = exportFindings([progress("e2", { ...failure, endedAt: at(3) }), progress("e1", {})], now);
    expect(found[failed]).toEqual({
      verdict: "failed",
      seen: `export e2 failed (KickOffRejected), at ${at(3)}`,
      action: "run npx integra export show e2, or open it in the console: it says what to do",
    });
    expect(JSON.stringify(found)).not.toContain("hidden");
  });

  it("a failure is over if a later export of the same patients completed", () => {
    const bad = progress("e1", { ...failure, endedAt: at(3) });
    expect(verdictsOf(progress("e2", { endedAt: at(4) }), bad)[failed]).toBe("ok");
    const others = { level: "group", groupId: "7", types: null, since: null } as const;
    expect(verdictsOf(progress("e2", { endedAt: at(4), request: others }), bad)[failed]).toBe("failed");
    expect(verdictsOf(progress("e2", { endedAt: at(2) }), bad)[failed]).toBe("failed");
  });

  it("a partial export is a warning, and so are exports of which none completed", () => {
    expect(verdictsOf(progress("e1", { state: "partial" }))).toEqual(["warning", "warning", "ok"]);
  });

  it("the export that runs for the longest time is named, and is a warning after a day", () => {
    const found = exportFindings(
      [progress("e2", { ...running, startedAt: at(10) }), progress("e1", { ...running, startedAt: at(9) })],
      now,
    );
    expect(found[runs]).toMatchObject({
      verdict: "warning",
      seen: `2 of the newest exports run, the oldest, e1, since ${at(9)}: more than a day`,
    });
    expect(verdictsOf(progress("e1", { ...running, startedAt: null, requestedAt: at(10) }))[runs]).toBe("ok");
  });
});
