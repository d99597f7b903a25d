import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { PlannedFile } from "#bulk-export/language/export-plan.ts";
import { type ExportProgress, hasEnded } from "#bulk-export/language/export-progress.ts";
import type { FailedFile, FileKind, LandedFile } from "#bulk-export/language/landed-file.ts";
import { signedLink } from "#platform/bucket/signed-link.ts";
import type { ExportRecords } from "./export-records.ts";
import type { Receipts } from "./receipts.ts";

/** A file of an export, as people see it. */
export interface ExportFile {
  index: number;
  kind: FileKind;
  type: string;
  key: string;
  state: "landed" | "missing" | "pending";
  lines: number | null;
  bytes: number | null;
  checksum: LandedFile["checksum"] | null;
  /** Why a file is missing. */
  reason: string | null;
}

export interface ExportFilePage {
  files: ExportFile[];
  /** Whether files follow. */
  more: boolean;
}

/** The beginning of a file. */
export interface FilePreview {
  /** Whole lines, without their line ends. */
  lines: string[];
  /** Whether the file goes on behind them. */
  truncated: boolean;
  /** Why there are fewer lines than one expects; null if there is no reason. */
  message: string | null;
}

/** The files of exports, for people who may read data. */
export interface ExportFiles {
  /** A page of the files from index `from` on, in the order of the manifest. Empty if the manifest was not read yet. */
  page(progress: ExportProgress, from: number, limit: number): Promise<ExportFilePage>;
  /** @returns a URL that opens the object for a minute without credentials. Never log it */
  link(key: string): Promise<string>;
  /** @throws Error if there is no object of this size */
  preview(file: Pick<ExportFile, "key" | "bytes">): Promise<FilePreview>;
}

export interface ExportFilesPorts {
  records: Pick<ExportRecords, "hasSummary" | "openSummary" | "hasPlan" | "openPlan">;
  receipts: Pick<Receipts, "findLandedAmong" | "findFailedAmong">;
}

/** Bytes of a file that a preview reads. */
const previewBytes = 64 * 1024;
const mostPreviewLines = 5;

export function exportFiles(s3: S3Client, bucket: string, ports: ExportFilesPorts): ExportFiles {
  return {
    page: (progress, from, limit) => filesOf(ports, progress, from, limit),
    link: (key) => signedLink(s3, bucket, key),
    preview: async ({ key, bytes }) => {
      // S3 refuses a range of an empty object.
      if (bytes === 0) return { lines: [], truncated: false, message: "The file is empty." };
      const range = { Range: `bytes=0-${previewBytes - 1}` };
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...range }));
      const read = Buffer.from((await Body?.transformToByteArray()) ?? []);
      return previewOf(read, (bytes ?? 0) > read.length);
    },
  };
}

/** @param goesOn whether the file has more bytes than these */
function previewOf(read: Buffer, goesOn: boolean): FilePreview {
  const all = read.toString("utf8").split("\n");
  // What follows the last line end is a whole line only at the end of the file.
  const last = all.pop();
  const whole = last === undefined || last === "" || goesOn ? all : [...all, last];
  const lines = whole.slice(0, mostPreviewLines);
  const tooLong = lines.length === 0 ? `The first line is longer than ${previewBytes} bytes. Open the file.` : null;
  return { lines, truncated: goesOn || whole.length > lines.length, message: tooLong };
}

/**
 * The files as the summary of the newest run lists them. While the run goes on, or if it left no summary, the plan and the receipts say what
 * landed so far.
 */
async function filesOf(
  ports: ExportFilesPorts,
  progress: ExportProgress,
  from: number,
  limit: number,
): Promise<ExportFilePage> {
  const { exportId, run } = progress;
  const ended = hasEnded(progress);
  const summarised = ended ? await summarisedFiles(ports, exportId, from, limit) : undefined;
  if (summarised?.run === run) return summarised.page;
  if (!(await ports.records.hasPlan(exportId))) return summarised?.page ?? { files: [], more: false };
  const { planned, more } = await plannedFiles(ports, exportId, from, limit);
  const receipts = await findReceipts(ports, exportId, planned);
  const files = planned.map((file) => {
    const receipt = receipts.landed.get(file.index);
    if (receipt !== undefined) return landed(receipt);
    const failure = receipts.failed.get(file.index);
    if (failure !== undefined || file.fault !== undefined || ended)
      return missing({ ...file, reason: reasonOf(file, failure) });
    return notLanded(file, "pending", null);
  });
  return { files, more };
}

/** The page of a summary and the run that left it. The summary may name 100,000 files, so it passes file by file. */
async function summarisedFiles({ records }: ExportFilesPorts, exportId: string, from: number, limit: number) {
  if (!(await records.hasSummary(exportId))) return undefined;
  const { run, files, failedFiles } = await records.openSummary(exportId);
  let first: ExportFile[] = [];
  const sorted = (): ExportFile[] => first.toSorted((one, other) => one.index - other.index);
  const take = (file: ExportFile): void => {
    if (file.index < from) return;
    first.push(file);
    if (first.length > 2 * limit) first = sorted().slice(0, limit + 1);
  };
  for (const file of failedFiles) take(missing(file));
  for await (const file of files) take(landed(file));
  return { run, page: { files: sorted().slice(0, limit), more: first.length > limit } };
}

async function plannedFiles({ records }: ExportFilesPorts, exportId: string, from: number, limit: number) {
  const { files } = await records.openPlan(exportId);
  const planned: PlannedFile[] = [];
  let place = 0;
  for await (const file of files) {
    if (place >= from && place < from + limit) planned.push(file);
    place += 1;
  }
  return { planned, more: place > from + limit };
}

async function findReceipts({ receipts }: ExportFilesPorts, exportId: string, files: readonly PlannedFile[]) {
  if (files.length === 0) return { landed: new Map<number, LandedFile>(), failed: new Map<number, FailedFile>() };
  const landedFiles = await receipts.findLandedAmong(
    exportId,
    files.map(({ index }) => index),
  );
  const others = files.flatMap(({ index }) => (landedFiles.has(index) ? [] : [index]));
  return { landed: landedFiles, failed: await receipts.findFailedAmong(exportId, others) };
}

const reasonOf = ({ fault }: PlannedFile, failure: FailedFile | undefined): string =>
  failure?.reason ?? fault ?? "the export ended before it was downloaded";

type NamedFile = Pick<PlannedFile, "index" | "kind" | "type" | "key">;

const landed = ({ index, kind, type, key, lines, bytes, checksum }: LandedFile): ExportFile => ({
  index,
  kind,
  type,
  key,
  lines,
  bytes,
  checksum,
  state: "landed",
  reason: null,
});

const missing = ({ reason, ...file }: NamedFile & { reason: string }): ExportFile => notLanded(file, "missing", reason);

const notLanded = (
  { index, kind, type, key }: NamedFile,
  state: "missing" | "pending",
  reason: string | null,
): ExportFile => ({ index, kind, type, key, state, lines: null, bytes: null, checksum: null, reason });
