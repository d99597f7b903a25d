import { describe, expect, it } from "vitest";
import { deleteJobStep } from "#bulk-export/delete-job/delete-job.ts";
import { ClientKeyUnusable } from "#bulk-export/language/export-faults.ts";
import type { ExportJob } from "#bulk-export/language/export-records.ts";
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
}

async function run(faults: Error[], { job, holder }: Situation = { job: patientJob, holder: patientHolder }) {
  const bridge = bridgeInMemory();
  if (job !== undefined) await bridge.records.saveJob(job);
  if (holder !== undefined) await bridge.leases.take("patient", holder, "n1");
  const asked: string[] = [];
  const slept: number[] = [];
  const step = deleteJobStep({
    deleteJob: (url) => {
      asked.push(url.href);
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
  const result = await step({ export: patientExport }, bridge.stepContext);
  return { result, asked, slept, logged: bridge.logged };
}

describe("deleting the job", () => {
  it("is told when it is done", async () => {
    expect(await run([])).toMatchObject({ result: { deleted: true }, asked: [statusUrl], slept: [] });
  });

  it("of an export that never had one is no fault", async () => {
    expect(await run([], { holder: patientHolder })).toMatchObject({ result: { deleted: false }, asked: [] });
  });

  it("is not done to another request's job", async () => {
    const job = { ...patientJob, foreign: true };
    expect(await run([], { job, holder: patientHolder })).toMatchObject({ result: { deleted: false }, asked: [] });
  });

  it("is not done without the lease: the server may have handed the job to whoever holds it", async () => {
    const other = { execution: "e2", exportId: "e2", asks: "else" };
    for (const holder of [undefined, other]) {
      expect(await run([], { job: patientJob, holder })).toMatchObject({ result: { deleted: false }, asked: [] });
    }
  });

  it("is tried three times, and then left to the server", async () => {
    const busy = new ServerUnavailable("503");
    expect(await run([busy])).toMatchObject({ result: { deleted: true }, slept: [1_000] });
    const { result, asked, slept, logged } = await run([busy, busy, busy]);
    expect({ result, asked: asked.length, slept }).toEqual({
      result: { deleted: false },
      asked: 3,
      slept: [1_000, 4_000],
    });
    expect(logged.join()).toContain("503");
  });

  it.each([new AccessRefused("401"), new ClientKeyUnusable("no secret")])(
    "is not repeated after $name",
    async (fault) => {
      expect(await run([fault])).toMatchObject({ result: { deleted: false }, asked: [statusUrl] });
    },
  );

  it("never fails an export, whatever is thrown", async () => {
    const odd = new TypeError("odd");
    expect((await run([odd, odd, odd])).result).toEqual({ deleted: false });
  });
});
