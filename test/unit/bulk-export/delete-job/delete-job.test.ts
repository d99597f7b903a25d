import { describe, expect, it } from "vitest";
import { deleteJobStep } from "#bulk-export/delete-job/delete-job.ts";
import type { ExportJob } from "#bulk-export/language/export-job.ts";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { AccessRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import type { LeaseHolder } from "#platform/ledger/leases.ts";
import {
  bridgeInMemory,
  patientExport,
  patientHolder,
  patientJob,
  statusUrl,
} from "../../../fixtures/bridge-in-memory.ts";

interface Situation {
  job?: ExportJob | undefined;
  holder?: LeaseHolder | undefined;
  /** The fault with which the export fails. */
  fails?: string;
}

async function run(faults: Error[], { job, holder, fails }: Situation = { job: patientJob, holder: patientHolder }) {
  const bridge = bridgeInMemory();
  if (job !== undefined) await bridge.records.saveJob(job);
  if (holder !== undefined) await bridge.leases.take("patient", holder, "n1");
  const requested: string[] = [];
  const slept: number[] = [];
  const step = deleteJobStep({
    deleteJob: (url) => {
      requested.push(url.href);
      const fault = faults.shift();
      return fault ? Promise.reject(fault) : Promise.resolve();
    },
    leases: bridge.leases,
    records: bridge.records,
    log: bridge.log,
    sleep: (ms) => {
      slept.push(ms);
      return Promise.resolve();
    },
  });
  const input = { export: patientExport, ...(fails !== undefined && { failure: { Error: fails } }) };
  const result = await step(input, bridge.stepContext);
  return { result, requested, slept, logged: bridge.logged };
}

describe("the delete-job step", () => {
  it("the result says that the job was deleted", async () => {
    expect(await run([])).toMatchObject({ result: { deleted: true }, requested: [statusUrl], slept: [] });
  });

  it("an export without a job deletes nothing, which is not a fault", async () => {
    expect(await run([], { holder: patientHolder })).toMatchObject({ result: { deleted: false }, requested: [] });
  });

  it.each([
    ["kept if the server is down while the export is resumed", "ServerUnavailable", false],
    ["kept if a resumption misses its deadline", "DeadlineExceeded", false],
    ["deleted if the server says that it failed", "ExportJobFailed", true],
    ["deleted if the server says that it is gone", "ExportJobGone", true],
    ["deleted if the export is complete", undefined, true],
  ])("a job with a manifest, whose files can be fetched, is %s", async (_, fails, deleted) => {
    const job = { ...patientJob, manifestUrl: statusUrl };
    const situation = { job, holder: patientHolder, ...(fails !== undefined && { fails }) };
    expect(await run([], situation)).toMatchObject({ result: { deleted }, requested: deleted ? [statusUrl] : [] });
  });

  it("a job without a manifest is deleted if the bridge gives it up", async () => {
    const situation = { job: patientJob, holder: patientHolder, fails: "ServerUnavailable" };
    expect(await run([], situation)).toMatchObject({ result: { deleted: true } });
  });

  it("the job of another request is not deleted", async () => {
    const job = { ...patientJob, foreign: true };
    expect(await run([], { job, holder: patientHolder })).toMatchObject({ result: { deleted: false }, requested: [] });
  });

  it("a job is not deleted without the lease, because the server may have handed it to the lease's holder", async () => {
    const other = { execution: "e2", exportId: "e2", kickOff: "else" };
    for (const holder of [undefined, other]) {
      expect(await run([], { job: patientJob, holder })).toMatchObject({ result: { deleted: false }, requested: [] });
    }
  });

  it("a DELETE is attempted three times, and then left to the server", async () => {
    const busy = new ServerUnavailable("503");
    expect(await run([busy])).toMatchObject({ result: { deleted: true }, slept: [1_000] });
    const { result, requested, slept, logged } = await run([busy, busy, busy]);
    expect({ result, requested: requested.length, slept }).toEqual({
      result: { deleted: false },
      requested: 3,
      slept: [1_000, 4_000],
    });
    expect(logged.join()).toContain("503");
  });

  it.each([new AccessRefused("401"), new ClientKeyUnusable("no secret")])(
    "a DELETE is not repeated after $name",
    async (fault) => {
      expect(await run([fault])).toMatchObject({ result: { deleted: false }, requested: [statusUrl] });
    },
  );

  it("a DELETE that fails in any way never fails the export", async () => {
    const odd = new TypeError("odd");
    expect((await run([odd, odd, odd])).result).toEqual({ deleted: false });
  });
});
