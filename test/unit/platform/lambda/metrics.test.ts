import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { metricWriter } from "#platform/lambda/metrics.ts";
import { writtenMetrics } from "#test/fixtures/written-metrics.ts";

const wing = {
  service: "one-wing",
  metrics: { Age: { unit: "Seconds" }, Files: { unit: "Count" }, Failed: { unit: "Count", by: "fault" } },
} as const;

describe("the metrics of a wing", () => {
  let lines: string[];
  beforeEach(() => {
    lines = [];
    vi.spyOn(process.stdout, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("values are written at once, in one line, with their units and the wing as dimension", () => {
    metricWriter(wing).write({ Age: 3, Files: 2 });
    expect(lines).toHaveLength(1);
    expect(writtenMetrics(lines)).toEqual(["integra-bridge one-wing Age", "integra-bridge one-wing Files"]);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ Age: 3, Files: 2 });
    expect(lines[0]).toContain('{"Name":"Age","Unit":"Seconds"}');
  });

  it("a metric with a dimension of its own counts one for a value, and leaves later metrics without the dimension", () => {
    const metrics = metricWriter(wing);
    metrics.countBy("Failed", "TooLate");
    metrics.write({ Files: 1 });
    expect(writtenMetrics(lines)).toEqual(["integra-bridge one-wing Failed TooLate", "integra-bridge one-wing Files"]);
  });

  it("an absent value is not written", () => {
    metricWriter(wing).write({ Age: 1 });
    expect(writtenMetrics(lines)).toEqual(["integra-bridge one-wing Age"]);
  });
});
