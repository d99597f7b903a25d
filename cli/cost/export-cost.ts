import { mostFilesOfItem } from "#bulk-export/language/export-state.ts";
import { pollJob } from "#cli/performance/poll-schedule.ts";
import { countExport } from "./count-export.ts";
import { prices } from "./prices.ts";

/** An export to count. */
export interface ExportSize {
  files: number;
  /** The size of all files. */
  gib: number;
  /** How long the server works on the job. */
  hours: number;
  /** The files of an item of the work list. Each item has a child execution. */
  filesPerItem: number;
  /** Whether downloads pass a NAT gateway (the setting `fixedEgress`). */
  fixedEgress: boolean;
}

/** The files of an item of the work list in a stage, if they are small (the setting `export.filesPerDownload`). */
export const defaultFilesPerItem = mostFilesOfItem;

/** The units of an export that AWS bills, apart from storage. */
export type BilledUnits = Record<keyof typeof prices, number>;

const kib = 1024;
const mib = 1024 * kib;
const gib = 1024 * mib;

/** What a file takes. `test/unit/cli/cost/file-requests.test.ts` compares the requests with those of the function. */
export const fileRequests = {
  /** A file of at most this size is written with one request. It is the size of a larger file's first part. */
  putBytes: 16 * mib,
  partBytes: 8 * mib,
  /** A larger file has a request for each part, and two more to begin and to complete the upload. */
  writesOf: (bytes: number): number => {
    const { putBytes, partBytes } = fileRequests;
    return bytes <= putBytes ? 1 : 3 + Math.ceil((bytes - putBytes) / partBytes);
  },
};

/** Looks for the stop marker before files become visible. Small files that are ready within a second share a look, and ten at most. */
export const lookRequests = { reads: 1, seconds: 1, files: 10, smallBytes: mib };

/** What a call takes beside its files: a look for the stop marker, and a listing of receipts, which is priced as a write. */
export const itemRequests = { reads: 1, writes: 1 };

/** What files that landed within five seconds take together: their receipts, which "Complete export" reads. */
export const batchRequests = { reads: 1, writes: 1, seconds: 5 };

/** The memory of functions in MiB, by the state that calls them. `test/infra/platform/cost-memory.test.ts` compares it with the templates. */
export const memoryMib: Record<string, number> = {
  "Poll export": 512,
  "Plan downloads": 512,
  "Download file": 1024,
  "Complete export": 512,
  "Announce completion": 512,
};
const defaultMemoryMib = 256;

/** The memory in MiB of the function that a state calls. */
export const memoryMibOf = (state: string): number => memoryMib[state] ?? defaultMemoryMib;

/**
 * How long functions take. A file has a fixed part, for its requests, and a part for its bytes. These are assumptions, for a server
 * that is no slower than the network of a function. Only `perBatch` was measured, in "Complete export" with the CPU of its function.
 */
const seconds = {
  perCall: 0.5,
  perFile: 0.3,
  perDownloadedGib: gib / (70 * mib),
  perBatch: 0.004,
};

/** Log lines of a call, and of an event of an execution's history, in bytes. These are assumptions. */
const logBytes = { perCall: 1.5 * kib, perHistoryEvent: 0.5 * kib };

/**
 * Units of the ledger's writes. A write is billed for each KB of its item: that of the progress of 100 files has at most three
 * (`test/unit/bulk-export/records/file-progress.test.ts`), and the files of a call may be in two of them.
 */
const ledgerUnits = { perPoll: 2, perItem: 6 };

/** Requests and events of an export that do not depend on its size, rounded up. */
const perExport = { s3Writes: 20, s3Reads: 40, ledgerWrites: 30, events: 2 };

/** Counts the units of an export whose files land at their first attempt. The server sends no Retry-After. */
export function unitsOf(size: ExportSize): BilledUnits {
  const { files, filesPerItem, hours } = size;
  const { polls } = pollJob(hours * 3600);
  const items = Math.ceil(files / filesPerItem);
  const { stateTransitions, tasks } = countExport({ polls, items });
  // "Release lease" calls DynamoDB and no function.
  const functions = new Map([...tasks].filter(([name]) => name !== "Release lease"));
  const functionCalls = [...functions.values()].reduce((sum, times) => sum + times, 0);
  const fileBytes = (size.gib * gib) / Math.max(files, 1);
  const batches = batchesOf(size);
  const historyEvents = 2 * stateTransitions + 3 * functionCalls;
  return {
    stateTransitions,
    functionCalls,
    gibSeconds: gibSecondsOf(size, functions),
    s3Writes:
      perExport.s3Writes +
      items * itemRequests.writes +
      batches * batchRequests.writes +
      files * fileRequests.writesOf(fileBytes),
    s3Reads:
      perExport.s3Reads +
      polls +
      items * itemRequests.reads +
      batches * batchRequests.reads +
      looksOf(size) * lookRequests.reads,
    ledgerWrites: perExport.ledgerWrites + polls * ledgerUnits.perPoll + items * ledgerUnits.perItem,
    events: perExport.events + files,
    logGib: (functionCalls * logBytes.perCall + historyEvents * logBytes.perHistoryEvent) / gib,
    natGib: size.fixedEgress ? size.gib : 0,
  };
}

/** The time of all downloads, one after the other. */
const downloadSeconds = (size: ExportSize): number =>
  size.files * seconds.perFile + size.gib * seconds.perDownloadedGib;

/** At most one for each file, and at least one for each item. */
function batchesOf(size: ExportSize): number {
  const items = Math.ceil(size.files / size.filesPerItem);
  return Math.min(size.files, Math.max(items, Math.ceil(downloadSeconds(size) / batchRequests.seconds)));
}

/** At most one for each file, and at least one for each item. */
function looksOf(size: ExportSize): number {
  const { files, filesPerItem } = size;
  if (size.gib * gib > files * lookRequests.smallBytes) return files;
  const { files: sharing, seconds: longest } = lookRequests;
  const looks = Math.ceil(files / filesPerItem) * Math.ceil(filesPerItem / sharing);
  return Math.min(files, Math.max(looks, Math.ceil(downloadSeconds(size) / longest)));
}

/** In GiB. */
const memoryOf = (state: string): number => memoryMibOf(state) / 1024;

function gibSecondsOf(size: ExportSize, functions: Map<string, number>): number {
  const ofCalls = [...functions].map(([state, times]) => times * seconds.perCall * memoryOf(state));
  const downloading = downloadSeconds(size);
  const completing = batchesOf(size) * seconds.perBatch;
  return (
    ofCalls.reduce((sum, one) => sum + one, 0) +
    downloading * memoryOf("Download file") +
    completing * memoryOf("Complete export")
  );
}

/** The dollars for these units, each and in all. */
export function dollarsOf(units: BilledUnits): { each: BilledUnits; total: number } {
  const each = Object.fromEntries(
    Object.entries(units).map(([name, count]) => [name, count * prices[name as keyof typeof prices].dollars]),
  ) as BilledUnits;
  return { each, total: Object.values(each).reduce((sum, one) => sum + one, 0) };
}
