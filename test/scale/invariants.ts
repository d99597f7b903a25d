import { isDeepStrictEqual } from "node:util";
import { mostFilesOfItem } from "#bulk-export/language/export-state.ts";
import type { ExportSummary } from "#bulk-export/language/export-summary.ts";
import type { LandedFile } from "#bulk-export/language/landed-file.ts";
import type { ExportAtScale, ServedFile } from "./export-at-scale.ts";

/** Limits of Step Functions: the size of a state's input and output in bytes, and the events of an execution. */
export const mostStateBytes = 256 * 1024;
export const mostHistoryEvents = 25_000;

/**
 * Checks an export of any number of files without injected faults. Returns one sentence for each broken invariant: every
 * file must land, be downloaded and be published exactly once, within every limit.
 */
export function brokenInvariants(run: ExportAtScale): string[] {
  return [
    ...landedOnce(run),
    ...downloadedOnce(run),
    ...publishedOnce(run),
    ...withinStepFunctions(run),
    ...withinLambda(run),
  ].filter((fault) => fault !== undefined);
}

type Faults = (string | undefined)[];

/** Compares S3 by key and size, and the summary by lines, bytes and the CRC-32 that S3 checked when it stored the file. */
function landedOnce({ served, objects, summary, exportId }: ExportAtScale): Faults {
  const entries = Map.groupBy(summary.files, ({ key }) => keyBelow(exportId, key));
  const known = new Set([...served.map(({ key }) => key), "manifest.json", "summary.json"]);
  const unknown = (keys: Iterable<string>): string[] => [...keys].filter((key) => !known.has(key));
  const totals = { files: served.length, failedFiles: 0, lines: sum(served, "lines"), bytes: sum(served, "bytes") };
  return [
    none("file is not in S3 as it was served", served, ({ key, bytes }) => objects.get(key) !== bytes),
    none("file is not in the summary exactly once", served, ({ key }) => entries.get(key)?.length !== 1),
    none("file has other content in the summary", served, (file) => !isSame(file, entries.get(file.key)?.[0])),
    unless(
      unknown(objects.keys()).length === 0,
      `objects that were never served: ${unknown(objects.keys()).join(", ")}`,
    ),
    unless(summary.files.length === served.length, `${summary.files.length} entries in the summary`),
    unless(isDeepStrictEqual(totalsOf(summary), totals), "the summary's totals are not those of the files"),
    unless(summary.status === "complete", `the summary says ${summary.status}`),
  ];
}

function downloadedOnce({ served, requests }: ExportAtScale): Faults {
  const at = Map.groupBy(requests, ({ endpoint }) => endpoint);
  const downloads = Map.groupBy(at.get("download") ?? [], ({ fileName }) => fileName);
  const isOnce = ({ fileName }: ServedFile): boolean => {
    const [first, ...more] = downloads.get(fileName) ?? [];
    return first?.status === 200 && more.length === 0;
  };
  return [
    none("file was not downloaded exactly once", served, (file) => !isOnce(file)),
    unless(downloads.size === served.length, `${downloads.size} names were requested, of ${served.length} files`),
    unless(at.get("kick-off")?.length === 1, `${at.get("kick-off")?.length ?? 0} kick-offs`),
    unless(at.get("delete")?.length === 1, `${at.get("delete")?.length ?? 0} requests to delete the job`),
  ];
}

function publishedOnce({ served, events, exportId, summary }: ExportAtScale): Faults {
  const byType = Map.groupBy(events, (event) => event["detail-type"]);
  const files = events.flatMap((event) => (event["detail-type"] === "Export File Landed" ? [event.detail.file] : []));
  const byKey = Map.groupBy(files, ({ key }) => keyBelow(exportId, key));
  const end = events.find((event) => event["detail-type"] === "Export Completed")?.detail;
  return [
    none("file has not exactly one event", served, ({ key }) => byKey.get(key)?.length !== 1),
    none("file has other content in its event", served, (file) => !isSame(file, byKey.get(file.key)?.[0])),
    unless(files.length === served.length, `${files.length} events Export File Landed`),
    unless(
      byType.get("Export Started")?.length === 1,
      `${byType.get("Export Started")?.length ?? 0} events Export Started`,
    ),
    unless(
      byType.get("Export Completed")?.length === 1,
      `${byType.get("Export Completed")?.length ?? 0} events Export Completed`,
    ),
    unless(byType.size === 3, `events of ${byType.size} types`),
    unless(end?.status === "complete", `Export Completed says ${end?.status}`),
    unless(isDeepStrictEqual(end?.totals, totalsOf(summary)), "the totals of Export Completed are not the summary's"),
    unless(new Set(events.map(({ detail }) => detail.eventId)).size === events.length, "an eventId occurs twice"),
  ];
}

/** The largest input or output of any state, of the parent and of its children, in bytes. */
export const largestState = ({ parent, children }: ExportAtScale): number =>
  children.reduce((largest, { largestPayload }) => Math.max(largest, largestPayload), parent.largestPayload);

function withinStepFunctions(run: ExportAtScale): Faults {
  const { served, children, onAws } = run;
  const fewestItems = Math.ceil(served.length / mostFilesOfItem);
  return [
    unless(largestState(run) <= mostStateBytes, `a state of ${largestState(run)} bytes`),
    unless(onAws.parentHistory < mostHistoryEvents, `${onAws.parentHistory} events in the parent's history`),
    unless(children.length === fewestItems, `${children.length} children for ${served.length} files`),
  ];
}

/** AWS enforces this limit of memory, and the local AWS does not. */
function withinLambda({ processes }: ExportAtScale): Faults {
  return processes.map(({ name, peakBytes, limitBytes = Infinity }) =>
    unless(peakBytes < limitBytes, `${name} took ${peakBytes} bytes of memory, and would get ${limitBytes}`),
  );
}

const unless = (holds: boolean, fault: string): string | undefined => (holds ? undefined : fault);

/** "3 times: file is not in S3 as it was served (the first: …)" if files are wrong. */
function none(fault: string, files: readonly ServedFile[], isWrong: (file: ServedFile) => boolean): string | undefined {
  const wrong = files.filter(isWrong);
  return unless(wrong.length === 0, `${wrong.length} times: ${fault} (the first: ${wrong[0]?.key})`);
}

function isSame(file: ServedFile, landed: Pick<LandedFile, "lines" | "bytes" | "checksum"> | undefined): boolean {
  return landed?.lines === file.lines && landed.bytes === file.bytes && landed.checksum.value === file.crc32;
}

const keyBelow = (exportId: string, key: string): string => key.replace(`exports/${exportId}/`, "");

function totalsOf({ totals: { files, failedFiles, lines, bytes } }: Pick<ExportSummary, "totals">) {
  return { files, failedFiles, lines, bytes };
}

const sum = (files: readonly ServedFile[], field: "lines" | "bytes"): number =>
  files.reduce((total, file) => total + file[field], 0);
