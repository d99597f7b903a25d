import { describe, expect, it } from "vitest";
import type { HeardEvent } from "#cli/listener/event-listener.ts";
import { tryExport, tryRefusedExport } from "#cli/smoke/trial-export.ts";

const requestId = "smoke-1";

const detail = {
  version: "1",
  eventId: "e",
  exportId: "export-1",
  run: "first",
  requestId,
  request: null,
  predecessor: null,
};
const destination = { bucket: "b", key: "k" };
const failed = (name: string): HeardEvent => ({
  type: "Export Failed",
  detail: { ...detail, destination, error: { name, message: "level is unknown" } },
});
const completed = (status: string): HeardEvent => ({
  type: "Export Completed",
  detail: {
    ...detail,
    status,
    transactionTime: null,
    adoptedFrom: null,
    summary: destination,
    manifest: destination,
    totals: { files: 2, failedFiles: 0, lines: 3, bytes: 4 },
    warnings: {},
    failedFiles: [],
  },
});
const cancelled: HeardEvent = {
  type: "Export Cancelled",
  detail: { ...detail, destination, cancelledAt: "2026-11-26T12:00:00Z", jobDeleted: true },
};

/**
 * A bus whose rule works from the given probe on, and a bridge that answers a request with `answer`. Each receipt takes five
 * seconds.
 */
function bridge(answer: HeardEvent | undefined, workingProbe = 1) {
  const put: [string, unknown][] = [];
  const queue: HeardEvent[] = [];
  let now = 0;
  let removed = 0;
  const ports = {
    requestId,
    now: () => now,
    listener: {
      name: "smoke",
      createQueue: () => Promise.resolve(),
      createRule: () => Promise.resolve(),
      removeRule: () => Promise.resolve(void removed++),
      removeQueue: () => Promise.resolve(void removed++),
      receive: () => {
        now += 5000;
        return Promise.resolve(queue.splice(0));
      },
      putEvent: (type: string, given: unknown) => {
        put.push([type, given]);
        if (type === "Export Requested" && answer !== undefined) queue.push(answer);
        if (type === "Smoke Test Begun" && put.length >= workingProbe) queue.push({ type, detail: given });
        return Promise.resolve();
      },
    },
  };
  return { ports, put, removed: () => removed };
}

describe("tryRefusedExport", () => {
  it("a request that the bridge refuses, and says so to a subscriber, is ok", async () => {
    const { ports, put, removed } = bridge(failed("InvalidRequest"));
    expect(await tryRefusedExport(ports)()).toMatchObject({ verdict: "ok" });
    expect(put.at(-1)).toEqual(["Export Requested", { level: "smoke-test", requestId }]);
    expect(removed()).toBe(2);
  });

  it("the export is requested once, and only after the rule works", async () => {
    const { ports, put } = bridge(failed("InvalidRequest"), 4);
    await tryRefusedExport(ports)();
    expect(put.map(([type]) => type)).toEqual([...Array<string>(4).fill("Smoke Test Begun"), "Export Requested"]);
  });

  it("no export is requested if the rule never works", async () => {
    const { ports, put } = bridge(failed("InvalidRequest"), Number.POSITIVE_INFINITY);
    expect(await tryRefusedExport(ports)()).toMatchObject({
      verdict: "failed",
      seen: "a temporary rule on the bus received nothing",
    });
    expect(put.map(([type]) => type)).not.toContain("Export Requested");
    expect(put.length).toBe(24);
  });

  it("an export without an end is a fault, and the temporary resources are removed", async () => {
    const { ports, removed } = bridge(undefined);
    const finding = await tryRefusedExport(ports)();
    expect(finding).toMatchObject({ verdict: "failed", seen: "the request smoke-1 had no end within 2 minutes" });
    expect(removed()).toBe(2);
  });

  it.each([failed("Unexpected"), completed("complete"), cancelled])("the end $type is a fault", async (answer) => {
    expect(await tryRefusedExport(bridge(answer).ports)()).toMatchObject({ verdict: "failed" });
  });
});

describe("tryExport", () => {
  it.each([
    ["Export Completed: complete, 2 files", "ok", completed("complete")],
    ["Export Completed: partial, 2 files", "warning", completed("partial")],
    ["Export Failed: AccessRefused: level is unknown", "failed", failed("AccessRefused")],
    ["Export Cancelled", "failed", cancelled],
  ])("the end %s is judged: %s", async (words, verdict, answer) => {
    const { ports, put } = bridge(answer);
    const finding = await tryExport(ports, { level: "patient", types: ["Patient"] })();
    expect(finding).toMatchObject({ verdict, seen: `the export export-1 ended as ${words}` });
    expect(put.at(-1)).toEqual(["Export Requested", { level: "patient", types: ["Patient"], requestId }]);
  });
});
