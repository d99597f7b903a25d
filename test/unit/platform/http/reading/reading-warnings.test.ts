import { describe, expect, it } from "vitest";
import { type ReadingWarningCode, warningCollector } from "#platform/http/reading/reading-warnings.ts";

describe("the collector of warnings", () => {
  it("a warning is kept once, with its place, in the order of arrival", () => {
    const collector = warningCollector();
    collector.at("expires_in")("NUMBER_UNREADABLE");
    collector.at("output.1.count")("NUMBER_UNREADABLE");
    collector.at("expires_in")("NUMBER_UNREADABLE");
    collector.at("retry-after")("RETRY_AFTER_UNREADABLE");
    expect(collector.warnings).toEqual([
      { code: "NUMBER_UNREADABLE", at: "expires_in" },
      { code: "NUMBER_UNREADABLE", at: "output.1.count" },
      { code: "RETRY_AFTER_UNREADABLE", at: "retry-after" },
    ]);
    expect(collector.counts()).toEqual({ NUMBER_UNREADABLE: 2, RETRY_AFTER_UNREADABLE: 1 });
  });

  it("the first hundred warnings are kept, and all are counted", () => {
    const collector = warningCollector();
    for (let entry = 0; entry < 5_000; entry += 1) collector.at(`output.${entry}.count`)("NUMBER_UNREADABLE");
    expect(collector.warnings).toHaveLength(100);
    expect(collector.counts()).toEqual({ NUMBER_UNREADABLE: 5_000 });
  });

  it("a wing can report codes of its own", () => {
    const collector = warningCollector<ReadingWarningCode | "FILE_LISTED_TWICE">();
    collector.at("output.1")("FILE_LISTED_TWICE");
    expect(collector.counts()).toEqual({ FILE_LISTED_TWICE: 1 });
  });
});
