import { beforeEach, describe, expect, it } from "vitest";
import { ExportJobGone } from "#contracts/errors.ts";
import { downloadPlan, type ExportContext } from "#contracts/export-state.ts";
import { exportPlan } from "#contracts/landed.ts";
import { planDownloads } from "#functions/plan-downloads/plan-downloads.ts";
import { isForeignRequest, parseManifest } from "#integra/manifest.ts";
import { fileKeys } from "#landing/object-keys.ts";
import { type BridgeInMemory, bridgeInMemory, patientExport, patientJob } from "#test/fixtures/bridge-in-memory.ts";

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

describe("planning the downloads", () => {
  let bridge: BridgeInMemory;
  let pages: Map<string, Buffer>;
  beforeEach(async () => {
    bridge = bridgeInMemory();
    pages = new Map();
    await bridge.records.saveJob(patientJob);
  });

  async function plan(first: Buffer, context: ExportContext = patientExport) {
    await bridge.records.saveManifest("e1", 1, first);
    const step = planDownloads({
      parseManifest,
      isForeignRequest,
      readManifestPage: (url) => {
        const found = pages.get(url.pathname);
        return found ? Promise.resolve(found) : Promise.reject(new ExportJobGone("no such page"));
      },
      fileKeys,
      records: bridge.records,
      log: bridge.log,
      now: bridge.now,
    });
    return downloadPlan.parse(await step({ export: context }, bridge.stepContext));
  }
  const workList = (key: string): unknown => JSON.parse(bridge.s3.objects.get(key)?.body.toString() ?? "null");

  it("says which file lands where, and lists the work without a URL", async () => {
    const result = await plan(page(["a", "b"]));
    expect(result.files).toBe(2);
    const saved = exportPlan.parse(await bridge.records.getPlan("e1"));
    expect(saved.files.map(({ index, key, url, count }) => [index, key, url, count])).toEqual([
      [0, "exports/e1/Patient/a.ndjson", "https://portal.example/download?fileName=a.ndjson", 7],
      [1, "exports/e1/Patient/b.ndjson", "https://portal.example/download?fileName=b.ndjson", 7],
    ]);
    expect(workList(result.workListKey)).toEqual([
      { exportId: "e1", index: 0 },
      { exportId: "e1", index: 1 },
    ]);
  });

  it("of an export without files is an empty list", async () => {
    const result = await plan(page([]));
    expect(result.files).toBe(0);
    expect(workList(result.workListKey)).toEqual([]);
  });

  it("follows the manifest's pages to the last and keeps each", async () => {
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
    ["has a page that is none", () => pages.set("/page/2", Buffer.from("{}")), "output"],
  ])("rejects a manifest that %s", async (_, prepare, words) => {
    prepare();
    await expect(plan(page(["a"], "/page/2"))).rejects.toMatchObject({
      name: "ManifestRejected",
      message: expect.stringContaining(words) as string,
    });
    await expect(bridge.records.getPlan("e1")).rejects.toThrow("missing");
  });

  it("plans nothing of a job that answers another request", async () => {
    const foreign = page(["a"], undefined, { request: "[base]/Group/1/$export" });
    await expect(plan(foreign)).rejects.toMatchObject({ name: "ForeignExportJob" });
    await expect(bridge.records.getPlan("e1")).rejects.toThrow("missing");
  });

  it("plans nothing where a further page answers another request", async () => {
    pages.set("/page/2", page(["b"], undefined, { request: "[base]/Group/1/$export" }));
    await expect(plan(page(["a"], "/page/2"))).rejects.toMatchObject({ name: "ForeignExportJob" });
  });

  it("passes on what keeps it from a further page", async () => {
    await expect(plan(page(["a"], "/page/9"))).rejects.toMatchObject({ name: "ExportJobGone" });
  });

  it("is the same plan when it is made again", async () => {
    const first = await plan(page(["a", "a", "b"]));
    const saved = await bridge.records.getPlan("e1");
    expect(await plan(page(["a", "a", "b"]))).toEqual(first);
    expect(await bridge.records.getPlan("e1")).toEqual(saved);
  });
});
