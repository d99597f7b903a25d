import type { FileKind } from "#bulk-export/language/export-records.ts";

/*
 * The keys of the landing bucket for exports. `exports/` is for consumers and holds only what landed; `work/` is the bridge's
 * own and may be purged earlier; `audit/` is written once and kept by a retention of its own.
 */

/** The prefix below which everything of an export lands, with its slash. */
export const exportPrefix = (exportId: string): string => `exports/${exportId}/`;

/** The manifest as received; its further pages, where the server splits it, are numbered from 2. */
export const manifestKey = (exportId: string, page = 1): string =>
  `${exportPrefix(exportId)}manifest${page === 1 ? "" : `-${page}`}.json`;

export const summaryKey = (exportId: string): string => `${exportPrefix(exportId)}summary.json`;

const workPrefix = (exportId: string): string => `work/${exportId}/`;

export const exportRecordKey = (exportId: string): string => `${workPrefix(exportId)}export.json`;
export const jobKey = (exportId: string): string => `${workPrefix(exportId)}job.json`;
export const planKey = (exportId: string): string => `${workPrefix(exportId)}plan.json`;
export const workListKey = (exportId: string): string => `${workPrefix(exportId)}work-list.json`;
/** Each run of an export is stopped for itself: what stopped one must not keep the next from landing what is missing. */
export const stopKey = (exportId: string, run: string): string =>
  `${workPrefix(exportId)}stop${run === "first" ? "" : `-${run}`}.json`;

export const receiptPrefix = (exportId: string): string => `${workPrefix(exportId)}receipts/`;
export const receiptKey = (exportId: string, index: number): string => `${receiptPrefix(exportId)}${place(index)}.json`;

export const failurePrefix = (exportId: string): string => `${workPrefix(exportId)}failures/`;
export const failureKey = (exportId: string, index: number): string => `${failurePrefix(exportId)}${place(index)}.json`;

/** Padded, so that listings come in the manifest's order. */
const place = (index: number): string => String(index).padStart(6, "0");

/** An execution may be named anything, and the refusal of its name is a fact as well. */
export const auditKey = (exportId: string, run: string, fact: string): string =>
  `audit/${encodeURIComponent(exportId)}/${encodeURIComponent(run)}/${encodeURIComponent(fact)}.json`;

const folders: Record<FileKind, string | undefined> = {
  output: undefined,
  error: "errors",
  outcome: "errors",
  deleted: "deleted",
};

/** What decides a file's key: where the manifest lists it, and what the server calls it. */
export interface NamedFile {
  kind: FileKind;
  type: string;
  fileName: string | undefined;
}

/**
 * The key of each file, in the manifest's order: `exports/{exportId}/{ResourceType}/{file}.ndjson`, with `errors/` and
 * `deleted/` for those lists. The server's file name is kept where it is safe and made safe where not; a name that is
 * already taken gets the file's place added, so that no two files of an export share a key.
 */
export function fileKeys(exportId: string, files: readonly NamedFile[]): string[] {
  const taken = new Set<string>();
  return files.map((file, index) => {
    const folder = `${exportPrefix(exportId)}${folders[file.kind] ?? safeType(file.type)}/`;
    const name = safeName(file.fileName) ?? place(index);
    let key = `${folder}${name}.ndjson`;
    // Keys that differ only in case would overwrite each other once somebody syncs the bucket to a laptop.
    for (let suffix = place(index); taken.has(key.toLowerCase()); suffix += "x")
      key = `${folder}${name}-${suffix}.ndjson`;
    taken.add(key.toLowerCase());
    return key;
  });
}

const safeType = (type: string): string => (/^[A-Z][A-Za-z]{1,63}$/.test(type) ? type : "Unknown");

function safeName(fileName: string | undefined): string | undefined {
  const stem = fileName?.replace(/\.(nd)?json$/i, "");
  const safe = stem
    ?.replace(/[^A-Za-z0-9._-]+/g, "_")
    .replace(/\.{2,}/g, ".")
    .replace(/^[._-]+/, "")
    .slice(0, 100)
    .replace(/\.+$/, "");
  return safe === undefined || safe === "" ? undefined : safe;
}
