import { describe, expect, it } from "vitest";
import { type Progress, progressOn } from "#cli/output/progress.ts";

/** Progress on a terminal or elsewhere, with a clock that the test sets. */
function progress(isTTY: boolean, columns = 200) {
  const clock = { now: 0 };
  const written: string[] = [];
  const shown: Progress = progressOn({ write: (text) => written.push(text), isTTY, columns }, () => clock.now);
  const take = () => written.splice(0).join("");
  return { clock, shown, take };
}

const files = (done: number, total: number | null = 10) => ({ message: "downloading", files: { done, total } });

describe("progress in a terminal", () => {
  it("is one line that is written over, with what is left", () => {
    const { clock, shown, take } = progress(true);
    shown.show({ ...files(0), lines: 0, bytes: 0, bytesPerSecond: null });
    expect(take()).toBe(`\r\u001b[K[${"-".repeat(24)}] downloading  0 of 10 files`);
    clock.now = 10_000;
    shown.show({ ...files(5), lines: 12_345, bytes: 2_000_000, bytesPerSecond: 200_000 });
    const bar = `[${"#".repeat(12)}${"-".repeat(12)}]`;
    expect(take()).toBe(`\r\u001b[K${bar} downloading  5 of 10 files  12,345 lines  2.0 MB  200.0 kB/s  10 s left`);
    shown.clear();
    shown.clear();
    expect(take()).toBe("\r\u001b[K");
  });

  it("never wraps, and prints no escape sequence of a server", () => {
    const { shown, take } = progress(true, 40);
    shown.show({ message: "\u001b[2J50%\n".repeat(20), files: { done: 1, total: 3 } });
    const text = take().slice("\r\u001b[K".length);
    expect(text.length).toBe(39);
    expect(text).not.toMatch(/\p{Cc}/u);
  });

  it("a note stays above the bar", () => {
    const { shown, take } = progress(true);
    shown.show(files(1));
    take();
    shown.note("goes on");
    expect(take()).toBe("\r\u001b[Kgoes on\n");
  });
});

describe("progress elsewhere", () => {
  it("is a line for each new message, and otherwise one in ten seconds if something changed", () => {
    const { clock, shown, take } = progress(false);
    shown.show({ message: "waiting", files: { done: 0, total: null } });
    shown.show(files(0));
    shown.show(files(1));
    clock.now = 10_000;
    shown.show(files(2));
    clock.now = 20_000;
    shown.show(files(2));
    expect(take().split("\n")).toEqual([
      "waiting",
      "downloading, 0 of 10 files",
      "downloading, 2 of 10 files, 40 s left",
      "",
    ]);
  });

  it("has no bar to clear", () => {
    const { shown, take } = progress(false);
    shown.clear();
    expect(take()).toBe("");
  });
});
