import { expect, it } from "vitest";
import { type CcdEvent, ccdFailedEvent } from "#ccd-retrieval/language/ccd-events.ts";
import type { ccdMetrics } from "#ccd-retrieval/language/ccd-metrics.ts";
import { measureCcdEvent } from "#ccd-retrieval/records/measured-events.ts";
import { countedMetrics } from "#test/fixtures/counted-metrics.ts";

const requestId = `ccd-${"0".repeat(32)}`;

function measured(event: CcdEvent): unknown[] {
  const { metrics, written } = countedMetrics<typeof ccdMetrics>();
  measureCcdEvent(metrics, event);
  return written;
}

it("documents that landed are counted", () => {
  const detail = { version: "1", eventId: "e", requestId, documents: 3, index: { bucket: "b", key: "k" } } as const;
  expect(measured({ type: "Ccd Ready", detail })).toEqual([{ DocumentsLanded: 3 }]);
});

it("a request that failed counts under its fault", () => {
  const event = ccdFailedEvent(requestId, { name: "WrongPatient", message: "the answer is another patient's" });
  expect(measured(event)).toEqual([["CcdsFailed", "WrongPatient"]]);
});
