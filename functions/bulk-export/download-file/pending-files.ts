import type { DownloadInput, PendingFile } from "#bulk-export/language/export-state.ts";

/**
 * The index of an item's first file, which identifies the item within its run.
 * @throws Error if the item names no file
 */
export function firstFileOf({ exportId, files, index }: DownloadInput["item"]): number {
  const first = files?.[0] ?? index;
  if (first === undefined) throw new Error(`an item of export ${exportId} names no file`);
  return first;
}

/**
 * The files of an item that have neither landed nor failed. An execution that release 0.2.0 began has one file, and counts
 * its attempts beside it.
 * @throws Error if the item names no file
 */
export function pendingFilesOf({ item, download }: Pick<DownloadInput, "item" | "download">): PendingFile[] {
  if (download?.files !== undefined) return download.files;
  if (item.files !== undefined) return item.files.map((index) => ({ index, attempts: 0, refusals: 0, nextAt: 0 }));
  const { attempts = 0, refusals = 0 } = download ?? {};
  return [{ index: firstFileOf(item), attempts, refusals, nextAt: 0 }];
}

/**
 * Divides pending files into those to attempt now and those whose time has not come. The former are never empty, even if
 * the clocks of two calls differ. Files with fewer attempts come first: a file that fails again and again holds no other back.
 * @param now milliseconds since the epoch
 */
export function divideByTime(
  pending: readonly PendingFile[],
  now: number,
): { due: PendingFile[]; later: PendingFile[] } {
  const earliest = Math.min(...pending.map(({ nextAt }) => nextAt));
  const limit = Math.max(Math.ceil(now / 1000), earliest);
  return {
    due: pending.filter(({ nextAt }) => nextAt <= limit).toSorted((a, b) => a.attempts - b.attempts),
    later: pending.filter(({ nextAt }) => nextAt > limit),
  };
}
