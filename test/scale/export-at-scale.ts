import { crc32 } from "node:zlib";
import type { ExportSummary } from "#bulk-export/language/export-summary.ts";
import { type BridgeCaller, isAboutExport, type ReceivedExportEvent } from "#local/bridge-caller.ts";
import type { RequestLogEntry } from "#local/simulator/http/request-log.ts";
import type { ExportFile } from "#local/simulator/records/dataset.ts";
import {
  type BridgeUnderTest,
  bridgeUnderTest,
  completed,
  type EndEvent,
  isEnd,
} from "#test/fixtures/bridge-under-test.ts";
import { type AwsCounts, asAwsCounts } from "./as-aws-counts.ts";
import { type ExecutionFigures, executionFigures } from "./execution-figures.ts";
import { type ProcessUsage, watchProcesses } from "./process-usage.ts";

/** A file of the simulator, with the key below the export's prefix at which it must land. */
export interface ServedFile {
  key: string;
  fileName: string;
  lines: number;
  bytes: number;
  /** In S3's form: base64 of the big-endian CRC-32. */
  crc32: string;
}

/** The results of an export of many files: the served files, and all records of landed files. */
export interface ExportAtScale {
  exportId: string;
  served: ServedFile[];
  /** Every object below the export's prefix, by its key below it, with its bytes. */
  objects: Map<string, number>;
  summary: Pick<ExportSummary, "status" | "files" | "totals" | "phases">;
  /** The events that the subscriber's queue received. */
  events: ReceivedExportEvent[];
  /** The simulator's log. */
  requests: Pick<RequestLogEntry, "endpoint" | "fileName" | "status">[];
  parent: ExecutionFigures;
  children: ExecutionFigures[];
  onAws: AwsCounts;
  processes: ProcessUsage[];
  /** From the request's event to the end's event, as the subscriber sees it. */
  exportSeconds: number;
}

export interface ScaleOptions {
  files: number;
  linesPerFile?: number;
  signal?: AbortSignal;
  report?: (line: string) => void;
}

/** Long enough for several polls. */
const exportDurationMs = 2_000;
/** More workers do not help: they share the cores, and each must start first. */
const downloadConcurrency = 8;
const receivers = 4;

/**
 * Deploys the stacks to the local AWS, requests one export of `files` small files by an event, and collects its results.
 * Waits are a hundred times shorter. Everything else is as a user deploys it.
 * @throws Error if the export does not complete, or the signal's reason if that fires first
 */
export async function exportAtScale(options: ScaleOptions): Promise<ExportAtScale> {
  const { files, linesPerFile = 10, report = () => undefined } = options;
  report("deploying");
  const test = await bridgeUnderTest({
    simulator: { syntheticFiles: { count: files, linesPerFile }, exportDurationMs },
    settings: { export: { downloadConcurrency } },
    signal: options.signal,
  });
  const watch = await watchProcesses();
  try {
    report(`requesting an export of ${files} files`);
    const outcome = await exportOnce(test.caller, options);
    // The requests that follow do not belong to the export.
    const processes = await watch.stop();
    report("collecting the results");
    return { ...outcome, ...(await resultsOf(test, outcome.exportId)), processes };
  } finally {
    await watch.stop();
    await test.stop();
  }
}

async function resultsOf({ bridge, simulator, caller, objects }: BridgeUnderTest, exportId: string) {
  const [job] = simulator.jobs();
  if (job === undefined) throw new Error("the simulator got no kick-off request");
  const prefix = `exports/${exportId}/`;
  const { parent, children } = await executionFigures(bridge, exportId);
  return {
    served: simulator.filesOf(job.id).output.map(servedFile),
    objects: new Map([...(await objects(prefix))].map(([key, bytes]) => [key.slice(prefix.length), bytes])),
    summary: await caller.readSummary(exportId),
    requests: [...simulator.log],
    parent,
    children,
    onAws: asAwsCounts(parent, children),
  };
}

/** An export without an event for this long hangs: its longest step without events, the reconciliation, takes seconds. */
const longestSilenceMs = 120_000;

/** Requests the export, and receives events until it has ended and the queue is empty. */
async function exportOnce(
  caller: BridgeCaller,
  { files, signal, report }: ScaleOptions,
): Promise<Pick<ExportAtScale, "exportId" | "events" | "exportSeconds">> {
  const events: ReceivedExportEvent[] = [];
  let end: { event: EndEvent; at: number } | undefined;
  let lastEventAt = performance.now();
  const receiver = async (): Promise<void> => {
    for (;;) {
      signal?.throwIfAborted();
      const received = await caller.receiveEvents(1);
      const last = received.find(isEnd);
      if (last !== undefined) end = { event: last, at: performance.now() };
      if (received.length > 0) lastEventAt = performance.now();
      else if (end !== undefined) return;
      else if (performance.now() - lastEventAt > longestSilenceMs)
        throw new Error("the export has published no event for two minutes");
      const before = events.length;
      events.push(...received.filter(isAboutExport));
      if (Math.floor(before / 1_000) < Math.floor(events.length / 1_000))
        report?.(`${events.length} events of ${files} files received`);
    }
  };
  const begun = performance.now();
  await caller.requestExport({ level: "patient", requestId: "export-at-scale" });
  await Promise.all(Array.from({ length: receivers }, receiver));
  if (end === undefined) throw new Error("the export has not ended");
  return { exportId: completed(end.event).exportId, events, exportSeconds: (end.at - begun) / 1000 };
}

function servedFile({ type, fileName, lines, body }: ExportFile): ServedFile {
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(body));
  return { key: `${type}/${fileName}`, fileName, lines, bytes: body.length, crc32: crc.toString("base64") };
}
