import { expect, it } from "vitest";
import { presentableTime } from "#bulk-export/plan-downloads/presentable-time.ts";

it.each([
  ["2026-03-01T11:58:00", "2026-03-01T11:58:00"],
  ["Sun, 01 Mar 2026 11:58:00 GMT", "Sun, 01 Mar 2026 11:58:00 GMT"],
  ["1772366280", "1772366280"],
  ["2026-13-45T11:58:00Z", "2026-13-45T11:58:00Z"],
  ["Jane Doe", null],
  ["", null],
  [null, null],
])("the transactionTime %j is shown as %j, so that no event shows anything but a time", (time, shown) => {
  expect(presentableTime(time)).toBe(shown);
});
