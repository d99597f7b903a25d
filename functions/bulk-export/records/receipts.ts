import type * as z from "zod";
import { type FailedFile, failedFile, type LandedFile, landedFile } from "#bulk-export/language/landed-file.ts";
import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";
import { failureKey, failurePrefix, receiptKey, receiptPrefix } from "./export-keys.ts";

/**
 * The outcome of each file of an export. Each file has an object of its own, so concurrent downloads never overwrite
 * each other.
 */
export interface Receipts {
  findLanded(exportId: string, index: number): Promise<LandedFile | undefined>;
  writeLanded(exportId: string, file: LandedFile): Promise<void>;
  writeFailed(exportId: string, file: FailedFile): Promise<void>;
  listLanded(exportId: string): Promise<LandedFile[]>;
  listFailed(exportId: string): Promise<FailedFile[]>;
}

const concurrentReads = 32;

/** The receipts in the landing bucket. */
export function receipts(bucket: LandingBucket): Receipts {
  return {
    findLanded: (exportId, index) => bucket.findJson(receiptKey(exportId, index), landedFile),
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
