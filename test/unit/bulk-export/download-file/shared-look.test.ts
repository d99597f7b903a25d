import * as fc from "fast-check";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { SharedLook } from "#bulk-export/download-file/shared-look.ts";

describe("a look for the stop marker that files share", () => {
  /** The looks that have begun, each with what ends it. */
  let looks: PromiseWithResolvers<void>[];
  let look: SharedLook;
  beforeEach(() => {
    looks = [];
    look = new SharedLook(() => {
      const begun = Promise.withResolvers<void>();
      looks.push(begun);
      return begun.promise;
    });
  });

  const wait = (files: number): Promise<void[]> => Promise.all(Array.from({ length: files }, () => look.wait()));

  it("ten files have one look, and the next file has another", async () => {
    const waits = wait(11);
    expect(looks).toHaveLength(1);
    look.begin();
    expect(looks).toHaveLength(2);
    for (const { resolve } of looks) resolve();
    await expect(waits).resolves.toHaveLength(11);
  });

  it("a look begins if a file has waited for a second", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const waits = wait(1);
    vi.advanceTimersByTime(999);
    expect(looks).toHaveLength(0);
    vi.advanceTimersByTime(1);
    expect(looks).toHaveLength(1);
    looks[0]?.resolve();
    await waits;
    expect(vi.getTimerCount()).toBe(0);
  });

  it("a look that throws holds back the files that wait for it, and no later ones", async () => {
    const waits = Array.from({ length: 3 }, () => look.wait());
    look.begin();
    const later = look.wait();
    look.begin();
    looks[0]?.reject(new Error("stopped"));
    looks[1]?.resolve();
    expect((await Promise.allSettled(waits)).map(({ status }) => status)).toEqual(Array(3).fill("rejected"));
    await later;
  });

  it("without a file that waits no look begins", () => {
    look.begin();
    expect(looks).toHaveLength(0);
  });

  it("whatever the order of files, looks and a stop, each file has a look that began after the file was ready", async () => {
    const steps = fc.array(fc.constantFrom("file", "file", "begin", "answer", "stop"), { maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(steps, async (order) => {
        let stopped = false;
        const answers: (() => void)[] = [];
        const shared = new SharedLook(async () => {
          const saw = stopped;
          await new Promise<void>((answer) => answers.push(answer));
          if (saw) throw new Error("stopped");
        });
        const files: Promise<{ readyAfterStop: boolean; isVisible: boolean }>[] = [];
        for (const step of order) {
          if (step === "file") {
            const readyAfterStop = stopped;
            const end = shared.wait().then(
              () => ({ readyAfterStop, isVisible: true }),
              () => ({ readyAfterStop, isVisible: false }),
            );
            files.push(end);
          } else if (step === "begin") shared.begin();
          else if (step === "answer") answers.shift()?.();
          else stopped = true;
        }
        shared.begin();
        for (const answer of answers) answer();
        const ended = await Promise.all(files);
        expect(ended.filter(({ readyAfterStop, isVisible }) => readyAfterStop && isVisible)).toEqual([]);
        expect(ended.filter(({ isVisible }) => !isVisible && !stopped)).toEqual([]);
      }),
    );
  });
});
