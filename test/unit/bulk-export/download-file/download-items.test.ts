import * as fc from "fast-check";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type DownloadFilePorts, downloadFile } from "#bulk-export/download-file/download-file.ts";
import { pendingFilesOf } from "#bulk-export/download-file/pending-files.ts";
import { type DownloadResult, downloadResult, mostFilesOfItem } from "#bulk-export/language/export-state.ts";
import { progressReports } from "#bulk-export/records/progress-reports.ts";
import { verifiedUpload } from "#bulk-export/verified-file/verified-upload.ts";
import { landingBucket } from "#platform/bucket/landing-bucket.ts";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { AccessRefused, EventsUndelivered, OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { FileCut, FileDamaged, FileRefused } from "#platform/faults/file-faults.ts";
import type { OpenedBody } from "#platform/http/body-wholeness.ts";
import type { StepContext } from "#platform/lambda/step.ts";
import {
  type BridgeInMemory,
  bridgeInMemory,
  patientExport,
  plannedFile,
  planOf,
} from "../../../fixtures/bridge-in-memory.ts";

const contentOf = (index: number): string => `{"resourceType":"Patient","id":"${index}"}\n`;

const serving = (text: string): OpenedBody => ({
  chunks: (async function* () {
    await Promise.resolve();
    yield Buffer.from(text);
  })(),
  wholeness: "length",
});

/** What the server does at one attempt at a file. Undefined: it serves the file. */
type Answer = Error | string | undefined;

const files = Array.from({ length: mostFilesOfItem }, (_, index) => index);
const without = (...indexes: number[]): number[] => files.filter((index) => !indexes.includes(index));
const down = (): Answer => new ServerUnavailable("ECONNREFUSED");
const keyOf = (index: number): string => `exports/e1/Patient/p${index}.ndjson`;

const sum = (numbers: number[]): number => numbers.reduce((total, one) => total + one, 0);

describe("the download-file step with several files", () => {
  let bridge: BridgeInMemory;
  /** The index of each requested file, in order. */
  let opened: number[];
  let openNow: number;
  let mostOpen: number;
  beforeEach(async () => {
    await begin();
  });

  async function begin(): Promise<void> {
    bridge = bridgeInMemory();
    [opened, openNow, mostOpen] = [[], 0, 0];
    await bridge.records.savePlan(planOf(...files.map((index) => plannedFile(index))));
  }

  interface CallOptions extends Partial<DownloadFilePorts> {
    answerOf?: (index: number, attempt: number) => Answer | Promise<Answer>;
    previous?: DownloadResult | undefined;
    items?: number[];
    stepContext?: StepContext;
  }

  /** Makes one call, as the state "Download file" does. */
  async function call(options: CallOptions = {}): Promise<DownloadResult> {
    const { answerOf = () => undefined, previous, items = files, stepContext = bridge.stepContext, ...more } = options;
    const step = downloadFile({
      ...bridge,
      openFile: async ({ url }) => {
        const index = Number(/p(\d+)\.ndjson/.exec(url.href)?.[1]);
        opened.push(index);
        openNow += 1;
        mostOpen = Math.max(mostOpen, openNow);
        try {
          await Promise.resolve();
          const answer = await answerOf(index, opened.filter((one) => one === index).length);
          if (answer instanceof Error) throw answer;
          return serving(answer ?? contentOf(index));
        } finally {
          openNow -= 1;
        }
      },
      upload: verifiedUpload(bridge.s3.client, landingBucket(bridge.s3.client, "landing")),
      getPlan: ({ exportId }) => bridge.records.getPlan(exportId),
      filesAtOnce: 4,
      ...more,
    });
    const item = { exportId: "e1", run: "first", files: items };
    const input = { export: patientExport, item, ...(previous && { download: previous }) };
    return downloadResult.parse(await step(input, stepContext));
  }

  /** Calls the step until nothing is pending, as the child execution does. Returns the results. */
  async function allCalls(answerOf: CallOptions["answerOf"]): Promise<DownloadResult[]> {
    const results: DownloadResult[] = [];
    do {
      const previous = results.at(-1);
      if (previous !== undefined) bridge.clock.now += previous.waitSeconds * 1000;
      results.push(await call({ ...(answerOf && { answerOf }), previous }));
      expect(results.length, "calls").toBeLessThanOrEqual(10 * mostFilesOfItem);
    } while (results.at(-1)?.outcome === "retry");
    return results;
  }

  /** An upload that says when it has stored so many files. */
  function awaitUploads(count: number): { upload: DownloadFilePorts["upload"]; done: Promise<void> } {
    const upload = verifiedUpload(bridge.s3.client, landingBucket(bridge.s3.client, "landing"));
    const { promise, resolve } = Promise.withResolvers<void>();
    let stored = 0;
    return {
      upload: async (chunks, options) => {
        const verified = await upload(chunks, options);
        stored += 1;
        if (stored === count) resolve();
        return verified;
      },
      done: promise,
    };
  }

  const landedIndexes = async (): Promise<number[]> =>
    (await bridge.receipts.listLanded("e1")).map(({ index }) => index);

  /** The files whose event was published, once for each time. */
  const publishedIndexes = (): number[] =>
    bridge.published.map(({ detail }) => Number(detail.eventId.split("/").at(-1))).toSorted((a, b) => a - b);

  it("all files land in one call, four at a time, each with a receipt and one event", async () => {
    expect(await call()).toMatchObject({ outcome: "landed", attempts: 1 });
    expect(await landedIndexes()).toEqual(files);
    expect(mostOpen).toBe(4);
    const ids = bridge.published.map(({ detail }) => detail.eventId);
    expect(new Set(ids)).toEqual(new Set(files.map((index) => `e1/landed/${index}`)));
    expect(ids).toHaveLength(files.length);
  });

  it("a small file takes a request to S3, ten small files take one more, and the item three", async () => {
    bridge.s3.commands.length = 0;
    await call({ getPlan: () => Promise.resolve(planOf(...files.map((index) => plannedFile(index)))) });
    const sent = Map.groupBy(bridge.s3.commands, (name) => name);
    // For each file its content, and for ten files a look for a stop marker. For the item such a look, a listing, and the receipts.
    expect([...sent].map(([name, { length }]) => [name, length])).toEqual([
      ["GetObject", Math.ceil(files.length / 10) + 1],
      ["ListObjectsV2", 1],
      ["PutObject", files.length + 1],
    ]);
  });

  it("a repeated call repairs the progress that an earlier one could not store, and counts nothing twice", async () => {
    const failing = { store: () => Promise.reject(new Error("throttled")) };
    const reports = progressReports({ ...bridge, files: failing });
    expect(await call({ reports })).toMatchObject({ outcome: "landed" });
    expect(bridge.logged.join()).toContain("EXPORT_PROGRESS_NOT_STORED");
    expect((await bridge.files.read("e1", files.length)).filesLanded).toBe(0);
    for (let repeated = 1; repeated <= 2; repeated += 1) {
      await call();
      const { filesLanded, bytes } = await bridge.files.read("e1", files.length);
      expect(filesLanded).toBe(files.length);
      expect(bytes).toBe(sum((await bridge.receipts.listLanded("e1")).map((receipt) => receipt.bytes)));
    }
    expect(opened).toHaveLength(files.length);
  });

  it.each<[string, () => Answer]>([
    ["a refused file", () => new FileRefused("403 ATTACHMENT_FILE_NOT_FOUND")],
    ["a damaged file", () => "<html>login</html>"],
    ["a file that is always cut", () => new FileCut("cut")],
    ["a file of another origin", () => new OriginRefused("elsewhere")],
    ["a file that the server is never ready to send", () => new ServerUnavailable("503")],
    ["a file that is always throttled", () => new ServerUnavailable("429", { retryAfterMs: 600_000 })],
    ["a file that meets a bug", () => new TypeError("a bug")],
  ])("%s in the middle fails alone, and costs its neighbours no attempt", async (_, answer) => {
    await allCalls((index) => (index === 12 ? answer() : undefined));
    expect(await landedIndexes()).toEqual(without(12));
    expect((await bridge.receipts.listFailed("e1")).map(({ index }) => index)).toEqual([12]);
    expect(opened.filter((index) => index !== 12).toSorted((a, b) => a - b)).toEqual(without(12));
  });

  it("each file has attempts, a receipt and a failure of its own, whatever faults occur in any order", async () => {
    const faults: (() => Answer)[] = [
      () => new FileRefused("410"),
      () => "no NDJSON",
      () => new FileCut("cut"),
      () => new FileDamaged("line 3"),
      () => new ServerUnavailable("503"),
      () => new ServerUnavailable("429", { retryAfterMs: 30_000 }),
      () => new TypeError("a bug"),
    ];
    // How many attempts at a file meet its fault: none, some, or all.
    const fate = fc.record({ fault: fc.constantFrom(...faults), times: fc.constantFrom(0, 0, 1, 2, Infinity) });
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { minLength: files.length, maxLength: files.length }), async (fates) => {
        await begin();
        const answerOf = (index: number, attempt: number): Answer => {
          // Two refusals of one file in a row are survived. A third one stops the run, which is another test.
          if (index === 7) return attempt <= 2 ? new AccessRefused("401") : undefined;
          const { fault, times } = fates[index] ?? { fault: () => undefined, times: 0 };
          return attempt <= times ? fault() : undefined;
        };
        await allCalls(answerOf);
        const landed = await landedIndexes();
        const failures = await bridge.receipts.listFailed("e1");
        expect(await bridge.files.read("e1", files.length)).toEqual({
          filesLanded: landed.length,
          filesMissing: failures.length,
          lines: sum((await bridge.receipts.listLanded("e1")).map(({ lines }) => lines)),
          bytes: sum((await bridge.receipts.listLanded("e1")).map(({ bytes }) => bytes)),
        });
        expect([...landed, ...failures.map(({ index }) => index)].toSorted((a, b) => a - b)).toEqual(files);
        for (const index of landed) expect(bridge.s3.objects.get(keyOf(index))?.body.toString()).toBe(contentOf(index));
        for (const { index, attempts } of failures) {
          expect(bridge.s3.objects.has(keyOf(index))).toBe(false);
          expect(attempts).toBe(opened.filter((one) => one === index).length);
        }
        expect(new Set(bridge.published.map(({ detail }) => detail.eventId)).size).toBe(landed.length);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ["is busy", new ServerUnavailable("429", { retryAfterMs: 90_000 }), 90],
    ["refuses the credentials", new AccessRefused("401 twice"), 10],
  ])("if the server %s, no further file begins before the pause is over", async (_, fault, waitSeconds) => {
    const result = await call({ answerOf: () => fault });
    expect(opened).toEqual([0, 1, 2, 3]);
    expect(result).toMatchObject({ outcome: "retry", waitSeconds });
    expect(result.files).toHaveLength(files.length);
    expect(result.files?.every(({ nextAt }) => nextAt >= result.nextAt)).toBe(true);
    await call({ previous: result, items: files });
    expect(opened.slice(4, 8)).toEqual([4, 5, 6, 7]);
  });

  it("the pauses of an unreachable server grow while nothing lands, and are short again after a file landed", async () => {
    const first = await call({ answerOf: down });
    const second = await call({ answerOf: down, previous: first });
    const third = await call({ answerOf: down, previous: second });
    expect([first, second, third].map(({ waitSeconds }) => waitSeconds)).toEqual([2, 4, 8]);
    const recovered = await call({
      previous: third,
      filesAtOnce: 1,
      answerOf: (index) => (index === 13 ? down() : undefined),
    });
    expect(recovered).toMatchObject({ outcome: "retry", waitSeconds: 2 });
    expect(recovered.stalls).toBeUndefined();
  });

  it("an outage of an hour costs no file", async () => {
    const begun = bridge.now();
    await allCalls(() => (bridge.now() - begun < 3_600_000 ? new ServerUnavailable("ECONNREFUSED") : undefined));
    expect(await landedIndexes()).toEqual(files);
  });

  it("a pause beyond the deadline fails the file that got it, and the others still get an attempt", async () => {
    bridge.clock.now = (patientExport.deadlineAt - 10) * 1000;
    await allCalls((index) => (index === 0 ? new ServerUnavailable("429", { retryAfterMs: 60_000 }) : undefined));
    expect(await landedIndexes()).toEqual(without(0));
  });

  it("files that a lost call left with receipts are not downloaded again, only published again", async () => {
    await call({ answerOf: (index) => ([3, 4, 5].includes(index) ? undefined : new FileCut("cut")) });
    opened.length = 0;
    expect((await call()).outcome).toBe("landed");
    expect(opened.toSorted((a, b) => a - b)).toEqual(without(3, 4, 5));
    expect(await landedIndexes()).toEqual(files);
    expect(publishedIndexes()).toEqual([...files, 3, 4, 5].toSorted((a, b) => a - b));
  });

  it("files whose receipts could not be written land in the next call, and are published once", async () => {
    const receipts = { ...bridge.receipts, writeLanded: () => Promise.reject(new Error("SlowDown")) };
    const first = await call({ receipts });
    expect(first.files?.map(({ index, attempts }) => [index, attempts])).toEqual(files.map((index) => [index, 1]));
    expect(bridge.published).toEqual([]);
    bridge.clock.now += first.waitSeconds * 1000;
    expect((await call({ previous: first })).outcome).toBe("landed");
    expect(await landedIndexes()).toEqual(files);
    expect(publishedIndexes()).toEqual(files);
  });

  it("a file whose event is not accepted is published again in the next call, and not downloaded again", async () => {
    const refusing: DownloadFilePorts["bus"] = {
      publishAll: async (events) => {
        const refused = events.filter(({ detail }) => detail.eventId === "e1/landed/7");
        await bridge.bus.publishAll(events.filter((event) => !refused.includes(event)));
        return new Map(refused.map((event) => [event, new EventsUndelivered("throttled")]));
      },
    };
    const first = await call({ bus: refusing });
    expect(first.files).toMatchObject([{ index: 7, attempts: 1 }]);
    expect(publishedIndexes()).toEqual(without(7));
    bridge.clock.now += first.waitSeconds * 1000;
    expect((await call({ previous: first })).outcome).toBe("landed");
    expect(publishedIndexes()).toEqual(files);
    expect(opened).toHaveLength(files.length);
  });

  const stop = {
    reason: "cancelled",
    fault: "ExportStopped",
    message: "cancelled",
    at: "2026-03-01T12:00:00.000Z",
  } as const;

  it("files that landed before a stop keep their receipts and events", async () => {
    const landed = awaitUploads(10);
    const answerOf = async (index: number): Promise<Answer> => {
      if (index < 10) return undefined;
      await landed.done;
      await bridge.records.markStopped({ exportId: "e1", run: "first" }, stop);
      return undefined;
    };
    await expect(call({ answerOf, filesAtOnce: 1, upload: landed.upload })).rejects.toThrow("the export was stopped");
    expect(await landedIndexes()).toEqual(files.slice(0, 10));
    expect(publishedIndexes()).toEqual(files.slice(0, 10));
  });

  it("files that wait to become visible when the export is stopped do not land", async () => {
    const answerOf = async (index: number): Promise<Answer> => {
      if (index === 5) await bridge.records.markStopped({ exportId: "e1", run: "first" }, stop);
      return undefined;
    };
    await expect(call({ answerOf, filesAtOnce: 1 })).rejects.toThrow("the export was stopped");
    expect(opened.slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await bridge.records.landedObjects("e1")).toEqual(new Map());
    expect(await landedIndexes()).toEqual([]);
    expect(bridge.published).toEqual([]);
  });

  it("a large file is visible before the next one is downloaded in its place", async () => {
    const sizes = { putBytes: contentOf(0).length, partBytes: contentOf(0).length };
    const upload = verifiedUpload(bridge.s3.client, landingBucket(bridge.s3.client, "landing"), sizes);
    const before: boolean[] = [];
    const answerOf = (index: number): Answer => {
      if (index > 0) before.push(bridge.s3.objects.has(keyOf(index - 1)));
      return undefined;
    };
    await call({ answerOf, filesAtOnce: 1, upload, items: [0, 1, 2, 3] });
    expect(before).toEqual([true, true, true]);
  });

  it("an error of the records fails the step, even if the next files have begun", async () => {
    bridge.s3.objects.set(keyOf(0), { body: Buffer.from("another"), crc32: "AAAAAA==", contentType: undefined });
    const receipts = { ...bridge.receipts, writeFailed: () => Promise.reject(new TypeError("S3 is down")) };
    await expect(call({ receipts, filesAtOnce: 1 })).rejects.toThrow("S3 is down");
    expect(opened).toEqual(files);
    expect(await landedIndexes()).toEqual(without(0));
  });

  it("a file is visible within a second and published five seconds later, even if the next file takes long", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const landed = awaitUploads(1);
    const published = Promise.withResolvers<undefined>();
    const begun = Promise.withResolvers<undefined>();
    const bus: DownloadFilePorts["bus"] = {
      publishAll: async (events) => {
        const faults = await bridge.bus.publishAll(events);
        published.resolve(undefined);
        return faults;
      },
    };
    const answerOf = (index: number): Promise<Answer> => {
      if (index === 0) return Promise.resolve(undefined);
      begun.resolve(undefined);
      return published.promise;
    };
    const result = call({ items: [0, 1], filesAtOnce: 1, answerOf, bus, upload: landed.upload });
    await begun.promise;
    vi.advanceTimersByTime(1_000);
    await landed.done;
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await result).outcome).toBe("landed");
    expect(publishedIndexes()).toEqual([0, 1]);
  });

  describe("if the call's time runs out", () => {
    it("files that have not begun are handed back, and land in the next call", async () => {
      let remaining = 14 * 60_000;
      const stepContext = { ...bridge.stepContext, remainingMs: () => remaining };
      const slow = (index: number): Answer => {
        if (index === 6) remaining = 60_000;
        return undefined;
      };
      const first = await call({ answerOf: slow, stepContext });
      expect(first).toMatchObject({ outcome: "retry", waitSeconds: 1 });
      const pending = first.files?.map(({ index }) => index) ?? [];
      expect(pending.length).toBeGreaterThan(10);
      expect((await call({ previous: first })).outcome).toBe("landed");
      expect(await landedIndexes()).toEqual(files);
      expect(opened).toHaveLength(files.length);
    });

    it("an attempt counts for files that began with the call, and not for files that began later", async () => {
      const timeout = new AbortController();
      const stepContext = { signal: timeout.signal, remainingMs: () => 14 * 60_000 };
      const answerOf = async (index: number): Promise<Answer> => {
        if (index === 0) return undefined;
        if (index === 4) timeout.abort();
        else if (!timeout.signal.aborted)
          await new Promise((done) => timeout.signal.addEventListener("abort", done, { once: true }));
        return new FileCut("aborted");
      };
      // The first four begin with the call, and the fifth once the first has landed.
      const { files: pending = [] } = await call({ answerOf, stepContext, items: [0, 1, 2, 3, 4] });
      expect(pending.map(({ index, attempts }) => [index, attempts])).toEqual([
        [4, 0],
        [1, 1],
        [2, 1],
        [3, 1],
      ]);
    });

    it("each call makes progress, even without time", async () => {
      const stepContext = { ...bridge.stepContext, remainingMs: () => 0 };
      let result = await call({ stepContext });
      for (let calls = 1; result.outcome === "retry"; calls += 1) {
        expect(calls).toBeLessThan(Math.ceil(files.length / 4));
        result = await call({ stepContext, previous: result });
      }
      expect(await landedIndexes()).toEqual(files);
    });
  });

  it.each([
    ["a key that cannot be used", new ClientKeyUnusable("no secret"), 1],
    ["three refusals of one file in a row", new AccessRefused("401 twice"), 3],
  ])("%s stops the run, and no further file begins", async (_, fault, calls) => {
    let previous: DownloadResult | undefined;
    const answerOf = (index: number): Answer => (index === 0 ? fault : undefined);
    for (let made = 1; made < calls; made += 1) previous = await call({ answerOf, previous, items: [0] });
    await expect(call({ answerOf, previous })).rejects.toBe(fault);
    expect(await bridge.records.findStop(patientExport)).toMatchObject({ reason: "refused", fault: fault.name });
    const before = opened.length;
    await expect(call()).rejects.toMatchObject({ name: "ExportStopped" });
    expect(opened).toHaveLength(before);
  });

  it("refusals of different files stop the run as well, if nothing else happens in three calls", async () => {
    const fault = new AccessRefused("401 twice");
    const first = await call({ answerOf: () => fault });
    const second = await call({ answerOf: () => fault, previous: first });
    expect([first, second].map(({ refusals, waitSeconds }) => [refusals, waitSeconds])).toEqual([
      [1, 10],
      [2, 20],
    ]);
    await expect(call({ answerOf: () => fault, previous: second })).rejects.toBe(fault);
    expect(opened.length).toBeLessThanOrEqual(3 * 4);
  });

  it("a file that lands between refusals shows that the client is welcome", async () => {
    const fault = new AccessRefused("401 twice");
    const first = await call({ answerOf: () => fault });
    const second = await call({ answerOf: () => fault, previous: first });
    const third = await call({ answerOf: (index) => (index === 9 ? fault : undefined), previous: second });
    expect(third).toMatchObject({ outcome: "retry", refusals: 1 });
  });

  it("an item that names no file is an error", () => {
    expect(() => pendingFilesOf({ item: { exportId: "e1", run: "first" } })).toThrow("e1 names no file");
  });
});
