import { beforeEach, describe, expect, it } from "vitest";
import { exportPlan } from "#bulk-export/language/export-plan.ts";
import { type ExportContext, type PlanResult, planResult } from "#bulk-export/language/export-state.ts";
import { planDownloads } from "#bulk-export/plan-downloads/plan-downloads.ts";
import { fileKeys } from "#bulk-export/records/landing-keys.ts";
import { parseManifest } from "#bulk-export/server/manifest.ts";
import { answersAnotherRequest } from "#bulk-export/server/manifest-request.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import {
  type BridgeInMemory,
  bridgeInMemory,
  landedFile,
  patientExport,
  patientJob,
} from "../../../fixtures/bridge-in-memory.ts";

const page = (names: string[], next?: string, more: object = {}): Buffer =>
  Buffer.from(
    JSON.stringify({
      transactionTime: "2026-03-01T11:58:00Z",
      request: "[base]/Patient/$export?_type=Patient",
      requiresAccessToken: true,
      output: names.map((name) => ({ type: "Patient", url: `/download?fileName=${name}.ndjson`, count: 7 })),
      ...(next === undefined ? {} : { link: [{ relation: "next", url: next }] }),
      ...more,
    }),
  );

describe("the plan-downloads step", () => {
  let bridge: BridgeInMemory;
  let pages: Map<string, Buffer>;
  beforeEach(async () => {
    bridge = bridgeInMemory();
    pages = new Map();
    await bridge.records.saveJob(patientJob);
  });

  async function plan(first: Buffer, context: ExportContext = patientExport, previous?: PlanResult) {
    await bridge.records.saveManifest("e1", 1, first);
    const step = planDownloads({
      parseManifest,
      answersAnotherRequest,
      readManifestPage: (url) => {
        const found = pages.get(url.pathname);
        return found
          ? Promise.resolve({ manifest: found, url })
          : Promise.reject(new ServerUnavailable("no such page"));
      },
      fileKeys,
      records: bridge.records,
      receipts: bridge.receipts,
      log: bridge.log,
      now: bridge.now,
    });
    return planResult.parse(await step({ export: context, ...(previous && { plan: previous }) }, bridge.stepContext));
  }
  const land = async (index: number, key: string, bytes = 10) => {
    await bridge.receipts.writeLanded("e1", landedFile(index, { key }));
    bridge.s3.objects.set(key, { body: Buffer.alloc(bytes), crc32: "", contentType: undefined });
  };
  const workList = (key: string): unknown => JSON.parse(bridge.s3.objects.get(key)?.body.toString() ?? "null");

  it("the plan says which file lands under which key, and the work list holds no URL", async () => {
    const result = await plan(page(["a", "b"]));
    expect(result.files).toBe(2);
    const saved = exportPlan.parse(await bridge.records.getPlan("e1"));
    expect(saved.files.map(({ index, key, url, count }) => [index, key, url, count])).toEqual([
      [0, "exports/e1/Patient/a.ndjson", "https://portal.example/download?fileName=a.ndjson", 7],
      [1, "exports/e1/Patient/b.ndjson", "https://portal.example/download?fileName=b.ndjson", 7],
    ]);
    expect(workList(result.workListKey)).toEqual([
      { exportId: "e1", run: "first", index: 0 },
      { exportId: "e1", run: "first", index: 1 },
    ]);
  });

  it("the work list of an export without files is empty", async () => {
    const result = await plan(page([]));
    expect(result.files).toBe(0);
    expect(workList(result.workListKey)).toEqual([]);
  });

  it("all pages of the manifest are read and stored", async () => {
    pages.set("/page/2", page(["b"], "/page/3"));
    pages.set("/page/3", page(["c", "a"]));
    expect((await plan(page(["a"], "/page/2"))).files).toBe(4);
    expect((await bridge.records.getPlan("e1")).files.map(({ key }) => key)).toEqual([
      "exports/e1/Patient/a.ndjson",
      "exports/e1/Patient/b.ndjson",
      "exports/e1/Patient/c.ndjson",
      "exports/e1/Patient/a-000003.ndjson",
    ]);
    expect(Buffer.from(await bridge.records.getManifest("e1", 3)).equals(page(["c", "a"]))).toBe(true);
  });

  it.each([
    ["links in a circle", () => pages.set("/page/2", page([], "/page/2")), "pages"],
    [
      "mixes transactionTimes",
      () => pages.set("/page/2", page([], undefined, { transactionTime: "later" })),
      "transactionTime",
    ],
    ["has a page that is not a manifest", () => pages.set("/page/2", Buffer.from("{}")), "output"],
  ])("a manifest that %s is rejected", async (_, prepare, words) => {
    prepare();
    await expect(plan(page(["a"], "/page/2"))).rejects.toMatchObject({
      name: "ManifestRejected",
      message: expect.stringContaining(words) as string,
    });
    await expect(bridge.records.getPlan("e1")).rejects.toThrow("missing");
  });

  it("a job that answers another request is marked, and no download is planned", async () => {
    const mismatched = page(["a"], undefined, { request: "[base]/Group/1/$export" });
    expect(await plan(mismatched)).toMatchObject({ outcome: "foreign", files: 0 });
    expect(await bridge.records.findPlan("e1")).toBeUndefined();
    expect(await bridge.records.getJob("e1")).toEqual({ ...patientJob, foreign: true });
  });

  it("ten consecutive jobs of other requests fail the export with a hint at the setting matchRequest", async () => {
    const mismatched = page(["a"], undefined, { request: "[base]/Group/1/$export" });
    let previous: PlanResult | undefined;
    for (let number = 1; number < 10; number += 1) {
      previous = await plan(mismatched, patientExport, previous);
      expect(previous).toMatchObject({ outcome: "foreign", foreignJobs: number });
    }
    await expect(plan(mismatched, patientExport, previous)).rejects.toMatchObject({
      name: "ManifestRejected",
      message: expect.stringContaining("integra.matchRequest") as string,
    });
    expect(await plan(page(["a"]), patientExport, previous)).toMatchObject({ outcome: "planned", foreignJobs: 0 });
  });

  it("the wait after a job of another request is short at first, and minutes long after hours", async () => {
    const mismatched = page(["a"], undefined, { request: "[base]/Group/1/$export" });
    expect((await plan(mismatched)).waitSeconds).toBeLessThanOrEqual(15);
    bridge.clock.now += 12 * 3_600_000;
    expect((await plan(mismatched)).waitSeconds).toBeGreaterThanOrEqual(300);
  });

  it("a manifest with a further page that answers another request is rejected", async () => {
    pages.set("/page/2", page(["b"], undefined, { request: "[base]/Group/1/$export" }));
    await expect(plan(page(["a"], "/page/2"))).rejects.toMatchObject({ name: "ManifestRejected" });
  });

  it("a fault of a further page fails the step", async () => {
    await expect(plan(page(["a"], "/page/9"))).rejects.toMatchObject({ name: "ServerUnavailable" });
  });

  it("a repeated step writes the same plan", async () => {
    const first = await plan(page(["a", "a", "b"]));
    const saved = await bridge.records.getPlan("e1");
    expect(await plan(page(["a", "a", "b"]))).toEqual(first);
    expect(await bridge.records.getPlan("e1")).toEqual(saved);
  });

  describe("for an export that is resumed", () => {
    const resumed: ExportContext = { ...patientExport, run: "r1" };
    const signed = (names: string[], signature: string) =>
      page([], undefined, {
        output: names.map((name) => ({ type: "Patient", url: `/d?fileName=${name}.ndjson&signature=${signature}` })),
      });

    it("a resumed export lists only the missing files, with new URLs and their old indexes", async () => {
      await plan(signed(["a", "b", "c"], "old"));
      await land(1, "exports/e1/Patient/b.ndjson");
      const result = await plan(signed(["c", "b", "a"], "new"), resumed);
      expect(workList(result.workListKey)).toEqual([
        { exportId: "e1", run: "r1", index: 0 },
        { exportId: "e1", run: "r1", index: 2 },
      ]);
      const renewed = await bridge.records.getPlan("e1");
      expect(renewed.run).toBe("r1");
      expect(renewed.files.map(({ index, key, url }) => [index, key, url])).toEqual([
        [0, "exports/e1/Patient/a.ndjson", "https://portal.example/d?fileName=a.ndjson&signature=new"],
        [1, "exports/e1/Patient/b.ndjson", "https://portal.example/d?fileName=b.ndjson&signature=new"],
        [2, "exports/e1/Patient/c.ndjson", "https://portal.example/d?fileName=c.ndjson&signature=new"],
      ]);
    });

    it("a file whose receipt has no matching object counts as missing", async () => {
      await plan(page(["a", "b"]));
      await land(0, "exports/e1/Patient/a.ndjson", 9);
      await bridge.receipts.writeLanded("e1", landedFile(1, { key: "exports/e1/Patient/b.ndjson" }));
      expect((await plan(page(["a", "b"]), resumed)).files).toBe(2);
    });

    it("a resumed export of which all files landed has an empty work list", async () => {
      await plan(page(["a"]));
      await land(0, "exports/e1/Patient/a.ndjson");
      expect((await plan(page(["a"]), resumed)).files).toBe(0);
    });

    it("a resumed export without a plan lists all files", async () => {
      expect((await plan(page(["a", "b"]), resumed)).files).toBe(2);
    });

    it.each([
      ["has another time", page(["a", "b"], undefined, { transactionTime: "2026-03-01T13:00:00Z" })],
      ["lists another file", page(["a", "z"])],
      ["lists one file fewer", page(["a"])],
      ["lists one file more", page(["a", "b", "c"])],
    ])(
      "an export cannot be resumed if its manifest %s, because two exports never mix under one id",
      async (_, manifest) => {
        await plan(page(["a", "b"]));
        const before = await bridge.records.getPlan("e1");
        await expect(plan(manifest, resumed)).rejects.toMatchObject({ name: "ExportJobGone" });
        expect(await bridge.records.getPlan("e1")).toEqual(before);
      },
    );
  });
});
