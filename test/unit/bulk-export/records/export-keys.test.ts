import { describe, expect, it } from "vitest";
import {
  auditKey,
  exportRecordKey,
  failureKey,
  failurePrefix,
  jobKey,
  manifestKey,
  mayHaveReceiptOf,
  planKey,
  receiptKey,
  receiptPrefix,
  stopKey,
  summaryKey,
  workListKey,
} from "#bulk-export/records/export-keys.ts";
import { exportPrefix } from "#bulk-export/records/landing-keys.ts";

describe("the keys of an export's records", () => {
  it("records for consumers are below exports/, and those of the bridge below work/", () => {
    expect(
      [manifestKey("e1"), manifestKey("e1", 2), summaryKey("e1")].every((key) => key.startsWith(exportPrefix("e1"))),
    ).toBe(true);
    const own = [
      ...[exportRecordKey, jobKey, planKey, workListKey].map((key) => key("e1")),
      stopKey("e1", "first"),
      stopKey("e1", "r1"),
    ];
    expect(own.every((key) => key.startsWith("work/e1/"))).toBe(true);
    expect(new Set([...own, manifestKey("e1"), manifestKey("e1", 2), summaryKey("e1")]).size).toBe(9);
  });

  it("the audit trail of exports is below exports/ for any name of an execution", () => {
    expect(auditKey("e1", "first", "requested")).toBe("exports/e1/first/requested.json");
    expect(auditKey("../e1", "first", "a/b")).toBe("exports/..%2Fe1/first/a%2Fb.json");
  });

  it("receipts and failures are listed in the manifest's order", () => {
    const keys = [2, 10, 100, 9_999, 10_000].map((index) =>
      receiptKey("e1", { item: index, first: index, last: index, content: "0" }),
    );
    expect(keys.toSorted()).toEqual(keys);
    expect(keys.every((key) => key.startsWith(receiptPrefix("e1")))).toBe(true);
    expect(failureKey("e1", 3).startsWith(failurePrefix("e1"))).toBe(true);
  });

  it("the key of receipts tells which files they may be of, also in the form up to 0.2.0", () => {
    const several = receiptKey("e1", { item: 2, first: 4, last: 9, content: "0123456789abcdef" });
    expect([3, 4, 7, 9, 10].filter((index) => mayHaveReceiptOf(several, [index]))).toEqual([4, 7, 9]);
    expect([6, 7, 8].filter((index) => mayHaveReceiptOf("work/e1/receipts/000007.json", [index]))).toEqual([7]);
  });

  it("the keys of one export are not a prefix of another export's keys", () => {
    expect(jobKey("e10").startsWith(jobKey("e1").replace("job.json", ""))).toBe(false);
    expect(exportPrefix("e10").startsWith(exportPrefix("e1"))).toBe(false);
  });
});
