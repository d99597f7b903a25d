import { exportPrefix, paddedIndex } from "./landing-keys.ts";

/*
 * The keys of an export's records in the landing bucket. Consumers read `exports/`, which holds only complete files.
 * `work/` is the bridge's own and may be deleted earlier. The objects in `audit/` are written once and have a retention
 * of their own.
 */

/** The manifest as received. If the server splits it into pages, those after the first are numbered from 2. */
export const manifestKey = (exportId: string, page = 1): string =>
  `${exportPrefix(exportId)}manifest${page === 1 ? "" : `-${page}`}.json`;

export const summaryKey = (exportId: string): string => `${exportPrefix(exportId)}summary.json`;

const workPrefix = (exportId: string): string => `work/${exportId}/`;

export const exportRecordKey = (exportId: string): string => `${workPrefix(exportId)}export.json`;
export const kickOffKey = (exportId: string): string => `${workPrefix(exportId)}kick-off.json`;
export const jobKey = (exportId: string): string => `${workPrefix(exportId)}job.json`;
export const planKey = (exportId: string): string => `${workPrefix(exportId)}plan.json`;
export const workListKey = (exportId: string): string => `${workPrefix(exportId)}work-list.json`;
/** Each run has a stop marker of its own: a stopped run must not keep the next run from landing the missing files. */
export const stopKey = (exportId: string, run: string): string =>
  `${workPrefix(exportId)}stop${run === "first" ? "" : `-${run}`}.json`;

export const receiptPrefix = (exportId: string): string => `${workPrefix(exportId)}receipts/`;
export const receiptKey = (exportId: string, index: number): string =>
  `${receiptPrefix(exportId)}${paddedIndex(index)}.json`;

export const failurePrefix = (exportId: string): string => `${workPrefix(exportId)}failures/`;
export const failureKey = (exportId: string, index: number): string =>
  `${failurePrefix(exportId)}${paddedIndex(index)}.json`;

/** The key of an audit fact. It is encoded, because the refusal of an execution with an unsafe name is recorded as well. */
export const auditKey = (exportId: string, run: string, fact: string): string =>
  `${auditPrefix(exportId, run)}${encodeURIComponent(fact)}.json`;

/** The prefix of the audit facts of a run. */
export const auditPrefix = (exportId: string, run: string): string =>
  `audit/${encodeURIComponent(exportId)}/${encodeURIComponent(run)}/`;
