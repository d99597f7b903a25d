import { createHash } from "node:crypto";
import * as z from "zod";
import { type FailedFile, failedFile, type LandedFile, landedFile } from "#bulk-export/language/landed-file.ts";
import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";
import {
  failureKey,
  failurePrefix,
  itemReceiptPrefix,
  mayHaveReceiptOf,
  receiptKey,
  receiptPrefix,
} from "./export-keys.ts";

/**
 * The outcome of each file of an export. A failure has an object of its own. Receipts of files that landed together share one, which
 * is never overwritten by other receipts.
 */
export interface Receipts {
  /**
   * The receipts that some files have, by index.
   * @param item the index of the first file of their item, if they are all of one: one request then finds that none has a receipt
   */
  findLandedAmong(exportId: string, indexes: readonly number[], item?: number): Promise<Map<number, LandedFile>>;
  /** The failures that some files of an export have, by index. */
  findFailedAmong(exportId: string, indexes: readonly number[]): Promise<Map<number, FailedFile>>;
  /** Writes the receipts of some files of an item with one request. */
  writeLanded(exportId: string, item: number, files: readonly LandedFile[]): Promise<void>;
  writeFailed(exportId: string, file: FailedFile): Promise<void>;
  /** Reads all receipts. There may be 100,000. */
  readLanded(exportId: string): Promise<LandedReceipts>;
  /** All receipts in the order of their indexes. For an export of many files, `readLanded` takes less memory. */
  listLanded(exportId: string): Promise<LandedFile[]>;
  listFailed(exportId: string): Promise<FailedFile[]>;
}

/** The receipts of an export. It keeps them as texts, so 100,000 of them take 27 MB. */
export interface LandedReceipts {
  find(index: number): LandedFile | undefined;
  /** As `find`, for the last time: the receipt is kept no longer. */
  take(index: number): LandedFile | undefined;
}

const concurrentReads = 32;

/** Up to 0.2.0 an object held the receipt of one file. */
const storedReceipts = z.union([z.array(landedFile), landedFile.transform((file) => [file])]);

/** The receipts in the landing bucket. */
export function receipts(bucket: LandingBucket): Receipts {
  return {
    findLandedAmong: async (exportId, indexes, item) => {
      const prefix = item === undefined ? receiptPrefix(exportId) : itemReceiptPrefix(exportId, item);
      const keys = (await keysBelow(bucket, prefix)).filter((key) => mayHaveReceiptOf(key, indexes));
      const wanted = new Set(indexes);
      const found = new Map<number, LandedFile>();
      await readAll(bucket, keys, storedReceipts, (files) => {
        for (const file of files) if (wanted.has(file.index)) found.set(file.index, file);
      });
      return found;
    },
    findFailedAmong: async (exportId, indexes) => {
      const found = await Promise.all(indexes.map((index) => bucket.findJson(failureKey(exportId, index), failedFile)));
      return new Map(found.flatMap((file) => (file === undefined ? [] : [[file.index, file] as const])));
    },
    writeLanded: async (exportId, item, files) => {
      const indexes = files.map(({ index }) => index);
      const content = createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 16);
      const batch = { item, first: Math.min(...indexes), last: Math.max(...indexes), content };
      await bucket.putJson(receiptKey(exportId, batch), files);
    },
    writeFailed: async (exportId, file) => {
      await bucket.putJson(failureKey(exportId, file.index), file);
    },
    readLanded: (exportId) => readLanded(bucket, exportId),
    listLanded: async (exportId) => {
      const landed = new Map<number, LandedFile>();
      await readAll(bucket, await keysBelow(bucket, receiptPrefix(exportId)), storedReceipts, (files) => {
        for (const file of files) landed.set(file.index, file);
      });
      return [...landed.values()].toSorted((a, b) => a.index - b.index);
    },
    listFailed: async (exportId) => {
      const failed: FailedFile[] = [];
      await readAll(bucket, await keysBelow(bucket, failurePrefix(exportId)), failedFile, (file) => failed.push(file));
      return failed.toSorted((a, b) => a.index - b.index);
    },
  };
}

async function readLanded(bucket: LandingBucket, exportId: string): Promise<LandedReceipts> {
  const texts: (string | undefined)[] = [];
  await readAll(bucket, await keysBelow(bucket, receiptPrefix(exportId)), storedReceipts, (files) => {
    for (const file of files) texts[file.index] = JSON.stringify(file);
  });
  const find = (index: number): LandedFile | undefined => {
    const text = texts[index];
    return text === undefined ? undefined : landedFile.parse(JSON.parse(text));
  };
  return {
    find,
    take: (index) => {
      const file = find(index);
      texts[index] = undefined;
      return file;
    },
  };
}

async function keysBelow(bucket: LandingBucket, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of bucket.list(prefix)) keys.push(key);
  return keys;
}

/** Reads records, some at once, in any order. */
async function readAll<T>(
  bucket: LandingBucket,
  keys: readonly string[],
  schema: z.ZodType<T>,
  take: (record: T) => void,
): Promise<void> {
  let next = 0;
  const reader = async () => {
    while (next < keys.length) take(await bucket.getJson(keys[next++] as string, schema));
  };
  await Promise.all(Array.from({ length: Math.min(concurrentReads, keys.length) }, reader));
}
