import { beforeEach, describe, expect, it } from "vitest";
import { exportPlan } from "#bulk-export/language/export-plan.ts";
import {
  type ExportContext,
  type PlanResult,
  type PollResult,
  planResult,
} from "#bulk-export/language/export-state.ts";
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

const listed = (type: string, count?: number) => ({ type, url: "/download?fileName=a.ndjson", count });
const entry = (name: string) => ({ type: "Patient", url: `/d?fileName=${name}.ndjson` });

describe("the plan-downloads step", () => {
  let bridge: BridgeInMemory;
  let pages: Map<string, Buffer>;
  beforeEach(async () => {
    bridge = bridgeInMemory();
    pages = new Map();
    await bridge.records.saveJob(patientJob);
  });

  async function plan(first: Buffer, context: ExportContext = patientExport, previous?: PlanResult, poll?: PollResult) {
    await bridge.records.saveManifest("e1", 1, first);
    const step = planDownloads({
      parseManifest,
      itemLimits: { filesPerItem: 25, itemsAtOnce: 4 },
      answersAnotherRequest,
      readManifestPage: (url) => {
        const found = pages.get(url.pathname);
        return found
          ? Promise.resolve({ manifest: found, url })
          : Promise.reject(new ServerUnavailable("no such page"));
      },
      fileKeys,
      records: bridge.records,
      reports: bridge.reports,
      receipts: bridge.receipts,
      log: bridge.log,
      now: bridge.now,
    });
    const input = { export: context, ...(poll && { poll }), ...(previous && { plan: previous }) };
    return planResult.parse(await step(input, bridge.stepContext));
  }
  const land = async (index: number, key: string, bytes = 10) => {
    await bridge.receipts.writeLanded("e1", 0, [landedFile(index, { key })]);
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
      { exportId: "e1", run: "first", files: [0] },
      { exportId: "e1", run: "first", files: [1] },
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
    expect((await plan(page(["a"], "/page/2"))).files).toBe(3);
    expect((await bridge.records.getPlan("e1")).files.map(({ key }) => key)).toEqual([
      "exports/e1/Patient/a.ndjson",
      "exports/e1/Patient/b.ndjson",
      "exports/e1/Patient/c.ndjson",
    ]);
    expect(Buffer.from(await bridge.records.getManifest("e1", 3)).equals(page(["c", "a"]))).toBe(true);
  });

  it.each([
    ["links a page to itself", () => pages.set("/page/2", page([], "/page/2")), "read before"],
    ["links back to its first page", () => pages.set("/page/2", page([], "/bulkExport/job-7#again")), "read before"],
    [
      "links in a circle",
      () => {
        pages.set("/page/2", page([], "/page/3"));
        pages.set("/page/3", page([], "/page/2"));
      },
      "page 3 of the manifest links a page that was read before",
    ],
    [
      "mixes transactionTimes",
      () => pages.set("/page/2", page([], undefined, { transactionTime: "later" })),
      "transactionTime",
    ],
    ["has a page that is not a manifest", () => pages.set("/page/2", Buffer.from("{}")), "no member of a manifest"],
  ])("a manifest that %s is rejected", async (_, prepare, words) => {
    prepare();
    await expect(plan(page(["a"], "/page/2"))).rejects.toMatchObject({
      name: "ManifestRejected",
      message: expect.stringContaining(words) as string,
    });
    await expect(bridge.records.getPlan("e1")).rejects.toThrow("missing");
  });

  // E21
  it("a page that links itself is not requested again", async () => {
    let requests = 0;
    pages.get = (path) => {
      requests += 1;
      return page([], path);
    };
    await expect(plan(page(["a"], "/page/2"))).rejects.toMatchObject({ name: "ManifestRejected" });
    expect(requests).toBe(1);
  });

  it("a page without a time, or with the same time in another form, belongs to the manifest", async () => {
    pages.set("/page/2", page(["b"], "/page/3", { transactionTime: null }));
    pages.set("/page/3", page(["c"], undefined, { transactionTime: "2026-03-01T12:58:00+01:00" }));
    expect((await plan(page(["a"], "/page/2"))).files).toBe(3);
  });

  // E3
  it("an entry that cannot be fetched stands in the plan with its fault, and on no work list", async () => {
    const good = { type: "Patient", url: "/download?fileName=c.ndjson" };
    const result = await plan(page([], undefined, { output: [{ url: "/a" }, { type: "Patient" }, good] }));
    expect(workList(result.workListKey)).toEqual([{ exportId: "e1", run: "first", files: [2] }]);
    expect((await bridge.records.getPlan("e1")).files).toMatchObject([
      { index: 0, type: "Unknown", url: null, fault: "its entry in the manifest has no type (output.0)" },
      { index: 1, type: "Patient", url: null, key: "exports/e1/Patient/000001.ndjson" },
      { index: 2, type: "Patient", url: "https://portal.example/download?fileName=c.ndjson" },
    ]);
  });

  // E22
  it("a file that is listed twice is planned once, with a warning and the larger count", async () => {
    const output = [listed("Patient", 3), listed("patient", 7), listed("Goal"), listed("Patient")];
    expect((await plan(page([], undefined, { output, error: [listed("Patient")] }))).files).toBe(3);
    const { files, warnings } = await bridge.records.getPlan("e1");
    expect(files.map(({ index, kind, type, count }) => [index, kind, type, count])).toEqual([
      [0, "output", "Patient", 7],
      [1, "output", "Goal", null],
      [2, "error", "Patient", null],
    ]);
    expect(warnings).toEqual([{ code: "DUPLICATE_FILE", count: 2, example: "file 1" }]);
  });

  it("the plan has the warnings of the polls and of all pages, one entry for each code", async () => {
    pages.set("/page/2", page(["b"], undefined, { request: 7, output: [{ type: "Patient", url: "/b", count: "x" }] }));
    const poll = { outcome: "ready", waitSeconds: 1, nextAt: 0, polls: 3, troubles: 0 } as const;
    await plan(page(["a"], "/page/2", { requiresAccessToken: "perhaps" }), patientExport, undefined, {
      ...poll,
      warnings: { RETRY_AFTER_UNREADABLE: 2 },
    });
    expect((await bridge.records.getPlan("e1")).warnings).toEqual([
      { code: "RETRY_AFTER_UNREADABLE", count: 2 },
      { code: "BOOLEAN_UNREADABLE", count: 1, example: "requiresAccessToken" },
      { code: "REQUEST_UNREADABLE", count: 1, example: "page 2: request" },
      { code: "NUMBER_UNREADABLE", count: 1, example: "page 2: output.0.count" },
    ]);
  });

  // E11
  it("relative URLs are relative to where the manifest and each page came from", async () => {
    await bridge.records.saveJob({ ...patientJob, manifestUrl: "https://portal.example/files/7/manifest" });
    pages.set("/files/7/page2", page([], undefined, { output: [{ type: "Patient", url: "b.ndjson" }] }));
    await plan(page([], "page2", { output: [{ type: "Patient", url: "a.ndjson" }] }));
    expect((await bridge.records.getPlan("e1")).files.map(({ url }) => url)).toEqual([
      "https://portal.example/files/7/a.ndjson",
      "https://portal.example/files/7/b.ndjson",
    ]);
  });

  it("a manifest without a time is planned, and its time is null", async () => {
    await plan(page(["a"], undefined, { transactionTime: null }));
    expect((await bridge.records.getPlan("e1")).transactionTime).toBeNull();
  });

  it("a token is sent if any page requires one", async () => {
    pages.set("/page/2", page(["b"], undefined, { requiresAccessToken: "true" }));
    await plan(page(["a"], "/page/2", { requiresAccessToken: "false" }));
    expect((await bridge.records.getPlan("e1")).requiresAccessToken).toBe(true);
    await plan(page(["a"], undefined, { requiresAccessToken: "false" }));
    expect((await bridge.records.getPlan("e1")).requiresAccessToken).toBe(false);
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
        { exportId: "e1", run: "r1", files: [0] },
        { exportId: "e1", run: "r1", files: [2] },
      ]);
      const renewed = await bridge.records.getPlan("e1");
      expect(renewed.run).toBe("r1");
      expect(renewed.files.map(({ index, key, url }) => [index, key, url])).toEqual([
        [0, "exports/e1/Patient/a.ndjson", "https://portal.example/d?fileName=a.ndjson&signature=new"],
        [1, "exports/e1/Patient/b.ndjson", "https://portal.example/d?fileName=b.ndjson&signature=new"],
        [2, "exports/e1/Patient/c.ndjson", "https://portal.example/d?fileName=c.ndjson&signature=new"],
      ]);
    });

    it("an entry that the server has mended since is downloaded, under its old index and key", async () => {
      await plan(page([], undefined, { output: [entry("a"), { url: "/b" }, entry("c")] }));
      await land(0, "exports/e1/Patient/a.ndjson");
      const result = await plan(
        page([], undefined, { output: [entry("a"), entry("b"), { type: "Patient" }] }),
        resumed,
      );
      expect(workList(result.workListKey)).toEqual([{ exportId: "e1", run: "r1", files: [1] }]);
      expect((await bridge.records.getPlan("e1")).files.slice(1)).toMatchObject([
        {
          index: 1,
          type: "Patient",
          key: "exports/e1/Unknown/000001.ndjson",
          url: expect.stringContaining("fileName=b") as string,
        },
        { index: 2, type: "Patient", key: "exports/e1/Patient/c.ndjson", url: null },
      ]);
    });

    it("an entry that the server has mended cannot take the place of another file", async () => {
      await plan(page([], undefined, { output: [{ url: "/b" }, entry("a")] }));
      await expect(plan(page([], undefined, { output: [entry("a"), entry("b")] }), resumed)).rejects.toMatchObject({
        name: "ExportJobGone",
      });
    });

    it("an export whose first plan failed is planned anew", async () => {
      await expect(plan(page([], undefined, { link: "?" }))).rejects.toMatchObject({ name: "ManifestRejected" });
      expect((await plan(page(["a"]), resumed)).files).toBe(1);
    });

    it("a file whose receipt has no matching object counts as missing", async () => {
      await plan(page(["a", "b"]));
      await land(0, "exports/e1/Patient/a.ndjson", 9);
      await bridge.receipts.writeLanded("e1", 0, [landedFile(1, { key: "exports/e1/Patient/b.ndjson" })]);
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
