import { exportAuditKeys, exportKeys } from "#bulk-export/language/export-keys.ts";
import { objectKey } from "#platform/bucket/object-keys.ts";
import { paddedIndex } from "./landing-keys.ts";

/** The manifest as received. If the server splits it into pages, those after the first are numbered from 2. */
export const manifestKey = (exportId: string, page = 1): string =>
  page === 1
    ? objectKey(exportKeys.manifest, { exportId })
    : objectKey(exportKeys.manifestPage, { exportId, page: String(page) });

export const summaryKey = (exportId: string): string => objectKey(exportKeys.summary, { exportId });

export const exportRecordKey = (exportId: string): string => objectKey(exportKeys.record, { exportId });
export const kickOffKey = (exportId: string): string => objectKey(exportKeys.kickOff, { exportId });
export const jobKey = (exportId: string): string => objectKey(exportKeys.job, { exportId });
export const planKey = (exportId: string): string => objectKey(exportKeys.plan, { exportId });
export const workListKey = (exportId: string): string => objectKey(exportKeys.workList, { exportId });
/** Each run has a stop marker of its own: a stopped run must not keep the next run from landing the missing files. */
export const stopKey = (exportId: string, run: string): string =>
  objectKey(exportKeys.stop, { exportId, ofRun: run === "first" ? "" : `-${run}` });

export const receiptPrefix = (exportId: string): string => objectKey(exportKeys.receipts, { exportId });
/** Some receipts of an item, which have one object. */
export interface ReceiptBatch {
  /** The index of the item's first file. */
  item: number;
  /** The lowest and the highest index of the files. */
  first: number;
  last: number;
  /** Distinguishes them from other receipts of the item: two calls may land different files of it, and must not overwrite each other's receipts. */
  content: string;
}

export const receiptKey = (exportId: string, { item, first, last, content }: ReceiptBatch): string =>
  objectKey(exportKeys.receipt, { exportId, name: `${[item, first, last].map(paddedIndex).join("-")}-${content}` });

/** Whether an object with receipts may have one of these files, by its key. A key of releases up to 0.2.0 names one file. */
export function mayHaveReceiptOf(key: string, indexes: readonly number[]): boolean {
  const [, first, last] = /\d+-(\d+)-(\d+)-\w+\.json$/.exec(key) ?? [];
  const [, only] = /\/(\d+)\.json$/.exec(key) ?? [];
  return indexes.some((index) => Number(first ?? only) <= index && index <= Number(last ?? only));
}

/** The prefix of the receipts of an item, and of the receipt of its first file in the form of releases up to 0.2.0. */
export const itemReceiptPrefix = (exportId: string, item: number): string =>
  `${receiptPrefix(exportId)}${paddedIndex(item)}`;

export const failurePrefix = (exportId: string): string => objectKey(exportKeys.failures, { exportId });
export const failureKey = (exportId: string, index: number): string =>
  objectKey(exportKeys.failure, { exportId, index: paddedIndex(index) });

/** The key of an audit fact. It is encoded, because the refusal of an execution with an unsafe name is recorded as well. */
export const auditKey = (exportId: string, run: string, fact: string): string =>
  objectKey(exportAuditKeys.fact, {
    exportId: encodeURIComponent(exportId),
    run: encodeURIComponent(run),
    fact: encodeURIComponent(fact),
  });

/** The prefix of the audit facts of a run. */
export const auditPrefix = (exportId: string, run: string): string =>
  objectKey(exportAuditKeys.facts, { exportId: encodeURIComponent(exportId), run: encodeURIComponent(run) });
