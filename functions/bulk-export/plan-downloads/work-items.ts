import type { PlannedFile } from "#bulk-export/language/export-plan.ts";

/** How the files of an export are divided among the calls of the function that downloads them. */
export interface ItemLimits {
  /** The most files of an item. */
  filesPerItem: number;
  /** How many items are downloaded at once. There are at least as many items, if there are as many files. */
  itemsAtOnce: number;
}

/** An estimate, for planning only. US Core resources have 0.5 to 3 KiB. */
const bytesOfLine = 2 * 1024;
/** IntegraConnect begins a new file after this many lines (guide, "Bulk Export"), and does not count them. */
const linesOfUncountedFile = 10_000;
/** A call lands this much in a few seconds, far below its time limit. */
const mostBytesOfItem = 512 * 1024 * 1024;
/** A larger file stands alone: it would keep the others of its item from being downloaded at once. */
const mostBytesOfSharedFile = mostBytesOfItem / 4;

/**
 * Divides files into items, in their order. Small files share an item, and a large file stands alone. The sizes are estimates by the
 * manifest's counts. If they are wrong, nothing is lost: a call hands back what its time does not suffice for.
 */
export function divideIntoItems(
  files: readonly Pick<PlannedFile, "index" | "count">[],
  { filesPerItem, itemsAtOnce }: ItemLimits,
): number[][] {
  const mostFiles = Math.min(filesPerItem, Math.max(1, Math.ceil(files.length / itemsAtOnce)));
  const items: number[][] = [];
  let shared: number[] = [];
  let sharedBytes = 0;
  for (const { index, count } of files) {
    const bytes = bytesOfLine * (count ?? linesOfUncountedFile);
    if (bytes > mostBytesOfSharedFile) {
      items.push([index]);
      continue;
    }
    if (shared.length === 0 || shared.length === mostFiles || sharedBytes + bytes > mostBytesOfItem) {
      shared = [];
      sharedBytes = 0;
      items.push(shared);
    }
    shared.push(index);
    sharedBytes += bytes;
  }
  return items;
}
