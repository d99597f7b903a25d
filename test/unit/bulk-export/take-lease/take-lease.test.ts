import { beforeEach, describe, expect, it } from "vitest";
import { type ExportContext, type LeaseResult, leaseResult } from "#bulk-export/language/export-state.ts";
import type { ExportSummary } from "#bulk-export/language/export-summary.ts";
import { takeLease } from "#bulk-export/take-lease/take-lease.ts";
import { settlingTimeMs } from "#platform/executions/is-over.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import {
  type BridgeInMemory,
  bridgeInMemory,
  patientExport,
  patientJob,
  planOf,
  statusUrl,
} from "../../../fixtures/bridge-in-memory.ts";
import { emptySummary } from "../../../fixtures/summaries.ts";

const first = patientExport;
const identical: ExportContext = { ...patientExport, exportId: "e2", requestId: "r2" };
const other: ExportContext = { ...identical, request: { ...patientExport.request, types: ["Goal"] } };
const incremental: ExportContext = {
  ...identical,
  request: { ...patientExport.request, since: "2026-01-01T00:00:00Z" },
};

describe("the take-lease step", () => {
  let bridge: BridgeInMemory;
  let jobs: Set<string>;
  let nonces: number;
  beforeEach(() => {
    bridge = bridgeInMemory();
    jobs = new Set([statusUrl]);
    nonces = 0;
  });

  async function take(context: ExportContext, previous?: LeaseResult, fault?: Error): Promise<LeaseResult> {
    await bridge.executions.start(
      context.run === "first" ? context.exportId : `${context.exportId}-${context.run}`,
      {},
    );
    const step = takeLease({
      leases: bridge.leases,
      executions: bridge.executions,
      records: bridge.records,
      reports: bridge.reports,
      deleteJob: (url) => {
        if (fault !== undefined) return Promise.reject(fault);
        jobs.delete(url.href);
        return Promise.resolve();
      },
      nonce: () => `n${(nonces += 1)}`,
      log: bridge.log,
      now: bridge.now,
    });
    const input = { export: context, ...(previous && { lease: previous }) };
    return leaseResult.parse(await step(input, bridge.stepContext));
  }
  const finish = async (exportId: string, status: ExportSummary["status"]) => {
    await bridge.records.saveSummary(emptySummary(exportId, status));
    bridge.executions.end(exportId, status === "failed" ? "ended" : "succeeded");
    await bridge.leases.release("patient", exportId);
  };

  it("a free lease is taken, and a repeated step keeps it", async () => {
    expect(await take(first)).toMatchObject({ outcome: "ours", following: null });
    expect((await take(first)).outcome).toBe("ours");
  });

  it("an export waits while another export holds the lease, and takes it afterwards", async () => {
    await take(first);
    const waiting = await take(other);
    expect(waiting).toMatchObject({ outcome: "waiting", waitSeconds: 2, attempts: 1, following: null });
    expect(await take(other, waiting)).toMatchObject({ outcome: "waiting", waitSeconds: 3, attempts: 2 });
    await finish("e1", "complete");
    expect((await take(other, waiting)).outcome).toBe("ours");
  });

  it.each(["complete", "partial"] as const)(
    "an export adopts the %s result of an identical export that it waited for",
    async (status) => {
      await take(first);
      const waiting = await take(identical);
      expect(waiting).toMatchObject({ outcome: "waiting", following: "e1" });
      expect((await take(identical, waiting)).outcome).toBe("waiting");
      await finish("e1", status);
      expect(await take(identical, waiting)).toMatchObject({ outcome: "adopt", following: "e1" });
      expect(await bridge.leases.isHeldBy("patient", "e2")).toBe(false);
    },
  );

  it("an export takes the lease instead of adopting the result of an identical export that failed", async () => {
    await take(first);
    const waiting = await take(identical);
    await finish("e1", "failed");
    expect(await take(identical, waiting)).toMatchObject({ outcome: "ours", following: null });
  });

  it("an export does not adopt the result of an export that was stopped before its summary", async () => {
    await take(first);
    const waiting = await take(identical);
    bridge.executions.end("e1", "ended");
    await bridge.leases.release("patient", "e1");
    expect((await take(identical, waiting)).outcome).toBe("ours");
  });

  it("an export with another since is not identical, so its result is not adopted", async () => {
    await take(first);
    expect(await take(incremental)).toMatchObject({ outcome: "waiting", following: null });
  });

  it("the result of a run that resumes an older export is not adopted, because its data are older", async () => {
    await take({ ...first, run: "r1" });
    expect(await take(identical)).toMatchObject({ outcome: "waiting", following: null });
  });

  it("the lease is never taken from an execution that runs, however long it runs", async () => {
    await take(first);
    bridge.clock.now += 30 * 86_400_000;
    expect((await take(other)).outcome).toBe("waiting");
    expect(await bridge.leases.isHeldBy("patient", "e1")).toBe(true);
  });

  it("a lease whose execution ended without releasing it is taken over after its job is deleted", async () => {
    await take(first);
    await bridge.records.saveJob(patientJob);
    bridge.executions.end("e1", "ended");
    expect((await take(other)).outcome).toBe("ours");
    expect(jobs).toEqual(new Set());
  });

  it("a lease whose execution Step Functions does not know is taken over only after some minutes", async () => {
    await take(first);
    bridge.executions.known.delete("e1");
    bridge.clock.now += settlingTimeMs - 1;
    expect((await take(other)).outcome).toBe("waiting");
    bridge.clock.now += 1;
    expect((await take(other)).outcome).toBe("ours");
  });

  it("a repeated step deletes the previous holder's job if the first attempt could not", async () => {
    await take(first);
    await bridge.records.saveJob(patientJob);
    bridge.executions.end("e1", "ended");
    await take(other, undefined, new ServerUnavailable("503"));
    expect(jobs).toEqual(new Set([statusUrl]));
    await take(other);
    expect(jobs).toEqual(new Set());
  });

  it.each([
    ["whose downloads are planned, so that they may be resumed", { planned: true, foreign: false, heir: other }],
    ["that has a manifest, though nothing is planned", { manifestUrl: statusUrl, heir: other }],
    ["that belongs to another request", { foreign: true, heir: other }],
    ["of the same export, which is resumed", { heir: { ...first, run: "r1" } }],
  ] satisfies [string, LeftJob][])("taking over a lease does not delete a job %s", async (_, left) => {
    const { planned = false, foreign = false, manifestUrl, heir } = left as LeftJob;
    await take(first);
    await bridge.records.saveJob({ ...patientJob, foreign, ...(manifestUrl && { manifestUrl }) });
    if (planned) await bridge.records.savePlan(planOf());
    bridge.executions.end("e1", "ended");
    expect((await take(heir)).outcome).toBe("ours");
    expect(jobs).toEqual(new Set([statusUrl]));
  });

  it("the leases of different levels are independent", async () => {
    await take(first);
    const system: ExportContext = { ...identical, request: { ...identical.request, level: "system" } };
    expect((await take(system)).outcome).toBe("ours");
  });
});

/** The job that the previous holder of the lease left, and the export that takes the lease over. */
interface LeftJob {
  planned?: boolean;
  foreign?: boolean;
  manifestUrl?: string;
  heir: ExportContext;
}
