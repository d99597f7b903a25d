import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { exportCompleted, exportFileLanded, exportStarted } from "#bulk-export/language/export-events.ts";
import { examplePath } from "#cli/event-docs.ts";
import { type EventType } from "#functions/wings.ts";
import type { ReceivedExportEvent } from "#local/bridge-caller.ts";
import type { ExportAtScale, ServedFile } from "#test/scale/export-at-scale.ts";
import { brokenInvariants } from "#test/scale/invariants.ts";

const at = "2026-03-01T12:00:00.000Z";
const totals = { files: 2, failedFiles: 0, lines: 30, bytes: 3_000 };

const served: ServedFile[] = [1, 2].map((n) => ({
  key: `Observation/o${n}.ndjson`,
  fileName: `o${n}.ndjson`,
  lines: 10 * n,
  bytes: 1_000 * n,
  crc32: `AAAAA${n}==`,
}));

const files = served.map(({ key, lines, bytes, crc32 }) => ({
  kind: "output" as const,
  type: "Observation",
  key: `exports/e1/${key}`,
  lines,
  bytes,
  checksum: { algorithm: "CRC32" as const, value: crc32 },
}));

const landed = files.map((file, index) => ({ ...file, index, landedAt: at }));

const started = { eventId: "started" };
const completed = { eventId: "completed", status: "complete", totals };

const events: ReceivedExportEvent[] = [
  { "detail-type": "Export Started", detail: exportStarted.parse(example("Export Started", started)) },
  ...files.map((file, index): ReceivedExportEvent => {
    const fields = { eventId: `landed/${index}`, file: { bucket: "landing", ...file } };
    return {
      "detail-type": "Export File Landed",
      detail: exportFileLanded.parse(example("Export File Landed", fields)),
    };
  }),
  { "detail-type": "Export Completed", detail: exportCompleted.parse(example("Export Completed", completed)) },
];

/** The documented example of an event, with some fields as they are here. */
function example(type: EventType, fields: object): object {
  return { ...(JSON.parse(readFileSync(examplePath(type), "utf8")) as object), ...fields };
}

type LoggedRequest = ExportAtScale["requests"][number];
const logged = (endpoint: LoggedRequest["endpoint"], fileName: string | null = null): LoggedRequest => ({
  endpoint,
  fileName,
  status: 200,
});

const child = { statesEntered: new Map(), calls: 1, largestPayload: 300 };

const good: ExportAtScale = {
  exportId: "e1",
  served,
  objects: new Map([
    ...served.map(({ key, bytes }) => [key, bytes] as const),
    ["manifest.json", 9],
    ["summary.json", 9],
  ]),
  summary: {
    status: "complete",
    files: landed,
    totals: { ...totals, issues: { fatal: 0, error: 0, warning: 0, information: 0 } },
  },
  events,
  requests: [logged("kick-off"), ...served.map(({ fileName }) => logged("download", fileName)), logged("delete")],
  parent: { statesEntered: new Map(), calls: 7, largestPayload: 600 },
  children: [child],
  onAws: { stateTransitions: 24, parentHistory: 59 },
  processes: [{ name: "download-file", processes: 4, peakBytes: 200, cpuSeconds: 1, limitBytes: 256 }],
  exportSeconds: 1,
};

test("an export without faults breaks no invariant", () => {
  expect(brokenInvariants(good)).toEqual([]);
});

const without = <T>(list: readonly T[], index: number): T[] => list.toSpliced(index, 1);

const faults: [fault: string, broken: Partial<ExportAtScale>, noticed: string][] = [
  ["a file is missing", { objects: new Map(without([...good.objects], 0)) }, "not in S3"],
  ["a file is cut", { objects: new Map([...good.objects, ["Observation/o2.ndjson", 1_999]]) }, "not in S3"],
  [
    "an object was never served",
    { objects: new Map([...good.objects, ["Observation/o3.ndjson", 1]]) },
    "never served: Obs",
  ],
  ["the summary names a file twice", withSummary({ files: [...landed, ...landed.slice(0, 1)] }), "exactly once"],
  ["the summary lacks a file", withSummary({ files: without(landed, 1) }), "exactly once"],
  ["contents are mixed up", { served: served.map((file) => ({ ...file, crc32: "AAAAA1==" })) }, "other content"],
  ["the summary counts wrongly", withSummary({ totals: { ...good.summary.totals, lines: 29 } }), "totals"],
  ["the export is partial", withSummary({ status: "partial" }), "the summary says partial"],
  [
    "a file is downloaded twice",
    { requests: [...good.requests, logged("download", "o1.ndjson")] },
    "downloaded exactly",
  ],
  ["a download was refused", { requests: good.requests.map((one) => ({ ...one, status: 503 })) }, "downloaded exactly"],
  ["a download is missing from the log", { requests: without(good.requests, 1) }, "downloaded exactly"],
  ["something else is downloaded", { requests: [...good.requests, logged("download", "x")] }, "3 names"],
  ["the server gets two kick-offs", { requests: [...good.requests, logged("kick-off")] }, "2 kick-offs"],
  ["the job is left behind", { requests: without(good.requests, 3) }, "0 requests to delete"],
  ["an event is lost", { events: without(events, 1) }, "not exactly one event"],
  ["an event comes twice", { events: [...events, ...events.slice(1, 2)] }, "an eventId occurs twice"],
  ["the end is published twice", { events: [...events, ...events.slice(-1)] }, "2 events Export Completed"],
  ["the start is not published", { events: without(events, 0) }, "0 events Export Started"],
  ["a state is too large", { children: [{ ...child, largestPayload: 262_145 }] }, "a state of 262145 bytes"],
  ["the history is too long", { onAws: { ...good.onAws, parentHistory: 25_000 } }, "25000 events"],
  ["a child is missing", { children: [] }, "0 children for 2 files"],
  ["a file has a child of its own", { children: [child, child] }, "2 children for 2 files"],
  [
    "a function needs more than it gets",
    { processes: good.processes.map((one) => ({ ...one, peakBytes: 256 })) },
    "would get 256",
  ],
];

test.each(faults)("the invariants fail if %s", (_, broken, noticed) => {
  expect(brokenInvariants({ ...good, ...broken }).join("\n")).toContain(noticed);
});

function withSummary(changed: Partial<ExportAtScale["summary"]>): Partial<ExportAtScale> {
  return { summary: { ...good.summary, ...changed } };
}
