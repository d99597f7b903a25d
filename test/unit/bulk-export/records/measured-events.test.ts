import { expect, it } from "vitest";
import type { ExportEvent } from "#bulk-export/language/export-events.ts";
import type { exportMetrics } from "#bulk-export/language/export-metrics.ts";
import { measureExportEvent } from "#bulk-export/records/measured-events.ts";
import { countedMetrics } from "#test/fixtures/counted-metrics.ts";
import { patientExport } from "../../../fixtures/bridge-in-memory.ts";

const { exportId, requestId, request, predecessor } = patientExport;
const head = { version: "1", eventId: "e", exportId, run: "first", requestId, request, predecessor } as const;
const destination = { bucket: "landing", key: "exports/e1/" };

function measured(event: ExportEvent): unknown[] {
  const { metrics, written } = countedMetrics<typeof exportMetrics>();
  measureExportEvent(metrics, event);
  return written;
}

it("a file that landed counts as a file, with its lines and bytes", () => {
  const file = { ...destination, kind: "output", type: "Patient", lines: 7, bytes: 900 } as const;
  const checksum = { algorithm: "CRC32", value: "AAAAAA==" } as const;
  expect(measured({ type: "Export File Landed", detail: { ...head, file: { ...file, checksum } } })).toEqual([
    { FilesLanded: 1, LinesLanded: 7, BytesLanded: 900 },
  ]);
});

it("an export that ended counts its missing files, and not its files: each was counted when it landed", () => {
  const place = { summary: destination, manifest: destination };
  const totals = { files: 9, failedFiles: 2, lines: 90, bytes: 900 };
  const ended = { status: "partial", transactionTime: null, adoptedFrom: null, warnings: {} } as const;
  expect(
    measured({ type: "Export Completed", detail: { ...head, ...place, ...ended, totals, failedFiles: [] } }),
  ).toEqual([{ FilesMissing: 2 }]);
});

it("an export that failed counts under its fault", () => {
  const error = { name: "NoFileLanded", message: "none of the 3 files landed" } as const;
  expect(measured({ type: "Export Failed", detail: { ...head, error, destination } })).toEqual([
    ["ExportsFailed", "NoFileLanded"],
  ]);
});

it("what Step Functions counts itself is not counted again", () => {
  const startedAt = "2026-03-01T12:00:00Z";
  expect(measured({ type: "Export Started", detail: { ...head, startedAt, destination } })).toEqual([]);
  const cancelled = { cancelledAt: startedAt, jobDeleted: true, destination };
  expect(measured({ type: "Export Cancelled", detail: { ...head, ...cancelled } })).toEqual([]);
});
