import { expect, test } from "vitest";
import { measureFilePage, measureStep } from "../bench/large-export/measure-step.ts";

/*
 * `npm run bench:memory` measures memory, which depends on when V8 collects garbage. These tests limit V8's heap instead: the process of a
 * function that needs more ends, on any machine. The limit is half more than the functions need. Lists of objects would take more than it.
 */

const files = 40_000;
const heap = ["--max-old-space-size=50"];
/** A busy machine takes a minute. */
const timeout = 300_000;

test(
  "an export of 40,000 files is completed with a heap of 50 MB",
  async () => {
    const { result, written } = await measureStep("complete-export", files, heap);
    expect(result).toEqual({ status: "complete", deleteJob: true });
    expect(Object.keys(written)).toEqual([
      "exports/large-export/summary.json",
      "exports/large-export/first/landed.json",
    ]);
  },
  timeout,
);

test(
  "an export of 40,000 files is planned with a heap of 50 MB",
  async () => {
    const { result } = await measureStep("plan-downloads", files, heap);
    expect(result).toMatchObject({ outcome: "planned", files, items: files / 25 });
  },
  timeout,
);

test.each(["running", "completed"] as const)(
  "the last page of 40,000 files of a %s export is read with a heap of 30 MB",
  async (state) => {
    const { result } = await measureFilePage(state, files - 100, files, ["--max-old-space-size=30"]);
    const { files: page, more } = result as { files: { index: number; state: string }[]; more: boolean };
    expect(page.map(({ index }) => index)).toEqual(Array.from({ length: 100 }, (_, place) => files - 100 + place));
    expect([page.every((file) => file.state === "landed"), more]).toEqual([true, false]);
  },
  timeout,
);
