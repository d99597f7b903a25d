import { describe, expect, it } from "vitest";
import type { KnownExecution } from "#platform/executions/executions.ts";
import { isOver, isSettled, settlingTimeMs } from "#platform/executions/is-over.ts";

const now = Date.parse("2026-03-01T12:00:00Z");
const execution = (status: KnownExecution["status"], endedAt?: number): KnownExecution => ({
  name: "e1",
  status,
  input: null,
  endedAt,
});

describe("an execution", () => {
  it.each([
    ["runs", execution("running"), 0, false],
    ["succeeded", execution("succeeded"), now, true],
    ["failed a moment ago", execution("ended", now), now, true],
    ["is not known, and its work is young", undefined, now - settlingTimeMs + 1, false],
    ["is not known, and its work is old", undefined, now - settlingTimeMs, true],
    ["is not known, and neither is the age of its work", undefined, undefined, true],
  ])("that %s is over: %#", (_, known, since, expected) => {
    expect(isOver(known, since, now)).toBe(expected);
  });

  it.each([
    ["runs", execution("running"), 0, false],
    ["ended a moment ago", execution("ended", now - settlingTimeMs + 1), 0, false],
    ["ended minutes ago", execution("ended", now - settlingTimeMs), now, true],
    ["is not known, and its work is young", undefined, now - settlingTimeMs + 1, false],
    ["is not known, and its work is old", undefined, now - settlingTimeMs, true],
  ])("that %s is settled: %#", (_, known, since, expected) => {
    expect(isSettled(known, since, now)).toBe(expected);
  });
});
