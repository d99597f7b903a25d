import { beforeEach, describe, expect, it } from "vitest";
import { type DownloadFilePorts, downloadFile } from "#bulk-export/download-file/download-file.ts";
import { type DownloadResult, downloadResult } from "#bulk-export/language/export-state.ts";
import { verifiedUpload } from "#bulk-export/verified-file/verified-upload.ts";
import { landingBucket } from "#platform/bucket/landing-bucket.ts";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { AccessRefused, OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { FileCut, FileDamaged, FileRefused, ObjectConflict } from "#platform/faults/file-faults.ts";
import type { OpenedBody } from "#platform/http/body-wholeness.ts";
import {
  type BridgeInMemory,
  bridgeInMemory,
  noon,
  patientExport,
  plannedFile,
  planOf,
} from "../../../fixtures/bridge-in-memory.ts";
import { crcOf } from "../../../fixtures/s3-in-memory.ts";

const content = '{"resourceType":"Patient","id":"1"}\n{"resourceType":"Patient","id":"2"}\n';
const key = "exports/e1/Patient/p0.ndjson";

const serving = (text: string, wholeness: OpenedBody["wholeness"] = "length"): OpenedBody => ({
  chunks: (async function* () {
    await Promise.resolve();
    yield Buffer.from(text);
  })(),
  wholeness,
});

const attempt = (attempts: number, refusals = 0): DownloadResult => ({
  outcome: "retry",
  waitSeconds: 1,
  nextAt: 1,
  attempts,
  refusals,
});

describe("the download-file step", () => {
  let bridge: BridgeInMemory;
  let opened: string[];
  beforeEach(async () => {
    bridge = bridgeInMemory();
    opened = [];
    await bridge.records.savePlan(planOf(plannedFile(0), plannedFile(1, { count: 3 })));
  });

  async function download(
    answer: (() => OpenedBody | Error) | OpenedBody | Error,
    { index = 0, previous, ...more }: { index?: number; previous?: DownloadResult } & Partial<DownloadFilePorts> = {},
  ): Promise<DownloadResult> {
    const step = downloadFile({
      ...bridge,
      openFile: ({ url, requiresAccessToken }) => {
        opened.push(`${url.pathname} ${requiresAccessToken}`);
        const file = typeof answer === "function" ? answer() : answer;
        return file instanceof Error ? Promise.reject(file) : Promise.resolve(file);
      },
      upload: verifiedUpload(bridge.s3.client, landingBucket(bridge.s3.client, "landing"), {
        putBytes: 1024,
        partBytes: 1024,
      }),
      getPlan: ({ exportId }) => bridge.records.getPlan(exportId),
      filesAtOnce: 4,
      ...more,
    });
    const input = {
      export: patientExport,
      item: { exportId: "e1", run: "first", index },
      ...(previous && { download: previous }),
    };
    return downloadResult.parse(await step(input, bridge.stepContext));
  }

  it("a file lands byte for byte, gets a receipt, and is published", async () => {
    expect(await download(serving(content))).toMatchObject({ outcome: "landed", attempts: 1 });
    expect(bridge.s3.objects.get(key)?.body.toString()).toBe(content);
    const checksum = { algorithm: "CRC32", value: crcOf(Buffer.from(content)) };
    expect(await bridge.receipts.listLanded("e1")).toEqual([
      {
        index: 0,
        kind: "output",
        type: "Patient",
        key,
        lines: 2,
        bytes: content.length,
        checksum,
        landedAt: new Date(noon).toISOString(),
      },
    ]);
    expect(bridge.published).toEqual([
      {
        type: "Export File Landed",
        detail: {
          version: "1",
          eventId: "e1/landed/0",
          exportId: "e1",
          run: "first",
          requestId: "r1",
          request: patientExport.request,
          predecessor: null,
          file: { bucket: "landing", key, kind: "output", type: "Patient", lines: 2, bytes: content.length, checksum },
        },
      },
    ]);
    expect(opened).toEqual(["/download true"]);
  });

  it("the receipt of a file of OperationOutcomes counts their issues", async () => {
    const outcome = '{"resourceType":"OperationOutcome","issue":[{"severity":"error"}]}\n';
    await bridge.records.savePlan(planOf(plannedFile(0, { kind: "error", type: "OperationOutcome" })));
    await download(serving(outcome));
    expect((await bridge.receipts.listLanded("e1"))[0]?.issues?.error).toBe(1);
  });

  // E7
  it.each(["error", "outcome"] as const)(
    "a file of the list %s lands as received, and what is no OperationOutcome in it counts as an error",
    async (kind) => {
      const report = '{"resourceType":"Patient"}\nno such patient\n';
      await bridge.records.savePlan(planOf(plannedFile(0, { kind, type: "OperationOutcome" })));
      expect(await download(serving(report))).toMatchObject({ outcome: "landed" });
      expect(bridge.s3.objects.get(key)?.body.toString()).toBe(report);
      expect((await bridge.receipts.listLanded("e1"))[0]).toMatchObject({ lines: 2, issues: { error: 2 } });
    },
  );

  it("a file that has a receipt is not downloaded again, only published again", async () => {
    await download(serving(content));
    await download(new Error("must not be opened"));
    expect(opened).toHaveLength(1);
    expect(new Set(bridge.published.map(({ detail }) => detail.eventId))).toEqual(new Set(["e1/landed/0"]));
  });

  it("the object of an attempt that died before its receipt counts as landed", async () => {
    const body = Buffer.from(content);
    bridge.s3.objects.set(key, { body, crc32: crcOf(body), contentType: undefined });
    expect((await download(serving(content))).outcome).toBe("landed");
    expect(await bridge.receipts.listLanded("e1")).toHaveLength(1);
  });

  it("a file that landed while the bus was down is published in the next attempt", async () => {
    bridge.busIsDown.value = true;
    const before = await download(serving(content));
    expect(before).toMatchObject({ outcome: "retry", attempts: 1 });
    bridge.busIsDown.value = false;
    expect(await download(new Error("must not be opened"), { previous: before })).toMatchObject({ outcome: "landed" });
    expect(bridge.published).toHaveLength(1);
  });

  it("a landed file whose event the bus never accepts is no failed file, and the log says so", async () => {
    bridge.busIsDown.value = true;
    expect((await download(serving(content), { previous: attempt(4) })).outcome).toBe("landed");
    expect(await bridge.receipts.listFailed("e1")).toEqual([]);
    expect(bridge.logged.join()).toContain("EXPORT_FILE_UNPUBLISHED");
  });

  it.each([new ServerUnavailable("503"), new FileCut("cut"), new FileDamaged("line 3 is not JSON")])(
    "a download is retried after a $name, and leaves no object and no failure",
    async (fault) => {
      expect(await download(fault)).toMatchObject({ outcome: "retry", attempts: 1, waitSeconds: 2 });
      expect(await bridge.receipts.listFailed("e1")).toEqual([]);
      expect(bridge.s3.objects.has(key)).toBe(false);
    },
  );

  it.each([
    ["a page of HTML", serving("<html>login</html>")],
    ["a file that ends inside a record", serving(content.slice(0, -9))],
    ["resources of another type", serving('{"resourceType":"Device"}\n')],
    ["a file that nothing proves whole", serving(content, "unproven")],
  ])("%s does not land", async (_, file) => {
    expect((await download(file)).outcome).toBe("retry");
    expect(bridge.s3.objects.has(key)).toBe(false);
    expect(bridge.s3.uploads.size).toBe(0);
    expect(bridge.published).toEqual([]);
  });

  it("a file with another number of lines than the manifest announced does not land", async () => {
    expect((await download(serving(content), { index: 1 })).outcome).toBe("retry");
    expect(bridge.s3.objects.has("exports/e1/Patient/p1.ndjson")).toBe(false);
  });

  it("a retry waits as long as the server requests, and longer after each attempt", async () => {
    expect((await download(new ServerUnavailable("429", { retryAfterMs: 90_000 }))).waitSeconds).toBe(90);
    const waits = [];
    for (const attempts of [1, 2, 3])
      waits.push((await download(new FileCut("cut"), { previous: attempt(attempts) })).waitSeconds);
    expect(waits).toEqual([4, 8, 16]);
  });

  it.each([
    [new ServerUnavailable("503"), 8],
    [new FileCut("cut"), 8],
    [new FileDamaged("line 3 is not JSON"), 4],
    [new FileRefused("403 ATTACHMENT_FILE_NOT_FOUND"), 1],
    [new ObjectConflict("another object"), 1],
    [new OriginRefused("elsewhere"), 1],
  ])("a file fails after %s in attempt %i, and its reason is recorded", async (fault, last) => {
    const before = last > 1 ? await download(fault, { previous: attempt(last - 2) }) : undefined;
    expect(before?.outcome ?? "retry").toBe("retry");
    expect(await download(fault, { previous: attempt(last - 1) })).toMatchObject({ outcome: "failed", attempts: last });
    expect(await bridge.receipts.listFailed("e1")).toEqual([
      { index: 0, kind: "output", type: "Patient", key, reason: fault.message, attempts: last },
    ]);
    expect(bridge.published).toEqual([]);
  });

  it("a file fails if its next attempt would come after the export's deadline", async () => {
    bridge.clock.now = (patientExport.deadlineAt - 10) * 1000;
    const result = await download(new ServerUnavailable("429", { retryAfterMs: 60_000 }));
    expect(result.outcome).toBe("failed");
    expect((await bridge.receipts.listFailed("e1"))[0]?.reason).toContain("deadline");
  });

  it.each([
    ["a key that cannot be used", new ClientKeyUnusable("no secret"), 0],
    ["the third refusal in a row", new AccessRefused("401 twice"), 2],
  ])(
    "%s stops the whole run: a stop marker ends the other downloads before they send a request",
    async (_, fault, refusals) => {
      await expect(download(fault, { previous: attempt(refusals + 1, refusals) })).rejects.toBe(fault);
      expect(await bridge.records.findStop(patientExport)).toMatchObject({
        reason: "refused",
        fault: fault.name,
        message: fault.message,
      });
      await expect(download(serving(content), { index: 1 })).rejects.toMatchObject({ name: "ExportStopped" });
      expect(opened).toHaveLength(1);
    },
  );

  it("a refusal that may be temporary is retried after ten seconds and more, and does not stop the run", async () => {
    const fault = new AccessRefused("401 twice");
    const first = await download(fault);
    expect(first).toMatchObject({ outcome: "retry", waitSeconds: 10, refusals: 1 });
    const second = await download(fault, { previous: first });
    expect(second).toMatchObject({ outcome: "retry", waitSeconds: 20, refusals: 2 });
    expect(await bridge.records.findStop(patientExport)).toBeUndefined();
    expect(await download(serving(content), { previous: second })).toMatchObject({ outcome: "landed", refusals: 0 });
  });

  it("only consecutive refusals are counted", async () => {
    const cut = await download(new FileCut("cut"), { previous: attempt(3, 2) });
    expect(cut).toMatchObject({ outcome: "retry", attempts: 4, refusals: 0 });
  });

  it("a file does not land if the export is stopped while the file arrives", async () => {
    const stopping = () => {
      void bridge.records.markStopped(patientExport, {
        reason: "cancelled",
        fault: "ExportStopped",
        message: "stop",
        at: "2026-03-01T12:00:00Z",
      });
      return serving(content);
    };
    await expect(download(stopping)).rejects.toMatchObject({ name: "ExportStopped" });
    expect(bridge.s3.objects.has(key)).toBe(false);
    expect(await bridge.receipts.listLanded("e1")).toEqual([]);
  });

  it("a file that always meets an unexpected error fails after five attempts, and the log describes the error", async () => {
    const bug = new TypeError("a bug");
    expect(await download(bug, { previous: attempt(3) })).toMatchObject({ outcome: "retry", attempts: 4 });
    expect(await download(bug, { previous: attempt(4) })).toMatchObject({ outcome: "failed", attempts: 5 });
    expect((await bridge.receipts.listFailed("e1"))[0]?.reason).toContain("(TypeError)");
    expect(bridge.logged.join()).toContain("a bug");
  });

  it("an error of the records fails the step, so that Step Functions repeats it", async () => {
    const receipts = { ...bridge.receipts, writeFailed: () => Promise.reject(new TypeError("S3 is down")) };
    await expect(download(new FileRefused("403"), { receipts })).rejects.toThrow("S3 is down");
  });

  it("an index that the plan does not have is an error that names it", async () => {
    await expect(download(serving(content), { index: 7 })).rejects.toThrow("no file 7");
  });

  it("the log, the receipts and the events never hold the file's URL", async () => {
    await download(serving(content));
    await download(new FileRefused("403"), { index: 1 });
    const said = JSON.stringify([
      bridge.logged,
      bridge.published,
      await bridge.receipts.listFailed("e1"),
      await bridge.receipts.listLanded("e1"),
    ]);
    expect(said).not.toContain("SECRET");
  });
});
