import type * as z from "zod";
import { type FailedFile, failedFile, type LandedFile, landedFile } from "#bulk-export/language/landed-file.ts";
import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";
import { failureKey, failurePrefix, receiptKey, receiptPrefix } from "./export-keys.ts";

/**
 * The outcome of each file of an export. Each file has an object of its own, so concurrent downloads never overwrite
 * each other.
 */
export interface Receipts {
  /** The receipts that some files of an export have, by index. Few requests find that none has one. */
  findLandedAmong(exportId: string, indexes: readonly number[]): Promise<Map<number, LandedFile>>;
  /** The failures that some files of an export have, by index. */
  findFailedAmong(exportId: string, indexes: readonly number[]): Promise<Map<number, FailedFile>>;
  writeLanded(exportId: string, file: LandedFile): Promise<void>;
  writeFailed(exportId: string, file: FailedFile): Promise<void>;
  listLanded(exportId: string): Promise<LandedFile[]>;
  listFailed(exportId: string): Promise<FailedFile[]>;
}

const concurrentReads = 32;
/** The keys of a page of a listing. */
const pageKeys = 1_000;

/** The receipts in the landing bucket. */
export function receipts(bucket: LandingBucket): Receipts {
  return {
    findLandedAmong: async (exportId, indexes) => {
      const listed = await indexesWithReceipt(bucket, exportId, indexes);
      const found = await Promise.all(listed.map((index) => bucket.findJson(receiptKey(exportId, index), landedFile)));
      return new Map(found.flatMap((file) => (file === undefined ? [] : [[file.index, file] as const])));
    },
    findFailedAmong: async (exportId, indexes) => {
      const found = await Promise.all(indexes.map((index) => bucket.findJson(failureKey(exportId, index), failedFile)));
      return new Map(found.flatMap((file) => (file === undefined ? [] : [[file.index, file] as const])));
    },
    writeLanded: async (exportId, file) => {
      await bucket.putJson(receiptKey(exportId, file.index), file);
    },
    writeFailed: async (exportId, file) => {
      await bucket.putJson(failureKey(exportId, file.index), file);
    },
    listLanded: (exportId) => readAll(bucket, receiptPrefix(exportId), landedFile),
    listFailed: (exportId) => readAll(bucket, failurePrefix(exportId), failedFile),
  };
}

/** The indexes that may have a receipt: those that one page of a listing names, or all of them if a page does not span them. */
async function indexesWithReceipt(
  bucket: LandingBucket,
  exportId: string,
  indexes: readonly number[],
): Promise<readonly number[]> {
  const [first, last] = [Math.min(...indexes), Math.max(...indexes)];
  if (indexes.length === 1 || last - first >= pageKeys) return indexes;
  const byKey = new Map(indexes.map((index) => [receiptKey(exportId, index), index]));
  const found: number[] = [];
  const before = first === 0 ? undefined : receiptKey(exportId, first - 1);
  for await (const { key } of bucket.list(receiptPrefix(exportId), before)) {
    const index = byKey.get(key);
    if (index !== undefined) found.push(index);
    if (key >= receiptKey(exportId, last)) break;
  }
  return found;
}

async function readAll<T>(bucket: LandingBucket, prefix: string, schema: z.ZodType<T>): Promise<T[]> {
  const keys: string[] = [];
  for await (const { key } of bucket.list(prefix)) keys.push(key);
  const records: T[] = [];
  let next = 0;
  const reader = async () => {
    while (next < keys.length) {
      const index = next++;
      records[index] = await bucket.getJson(keys[index] as string, schema);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrentReads, keys.length) }, reader));
  return records;
}
