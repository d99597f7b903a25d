import type * as z from "zod";
import { type FailedFile, failedFile, type LandedFile, landedFile } from "#bulk-export/language/export-records.ts";
import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";
import { failureKey, failurePrefix, receiptKey, receiptPrefix } from "./export-keys.ts";

/** The record of which files of an export landed, and which did not: one small object each, so that writers never meet. */
export interface Receipts {
  find(exportId: string, index: number): Promise<LandedFile | undefined>;
  writeLanded(exportId: string, file: LandedFile): Promise<void>;
  writeFailed(exportId: string, file: FailedFile): Promise<void>;
  allLanded(exportId: string): Promise<LandedFile[]>;
  allFailed(exportId: string): Promise<FailedFile[]>;
}

const readsInFlight = 32;

export function receipts(bucket: LandingBucket): Receipts {
  return {
    find: (exportId, index) => bucket.findJson(receiptKey(exportId, index), landedFile),
    writeLanded: async (exportId, file) => {
      await bucket.putJson(receiptKey(exportId, file.index), file);
    },
    writeFailed: async (exportId, file) => {
      await bucket.putJson(failureKey(exportId, file.index), file);
    },
    allLanded: (exportId) => readAll(bucket, receiptPrefix(exportId), landedFile),
    allFailed: (exportId) => readAll(bucket, failurePrefix(exportId), failedFile),
  };
}

async function readAll<T>(bucket: LandingBucket, prefix: string, schema: z.ZodType<T>): Promise<T[]> {
  const keys: string[] = [];
  for await (const { key } of bucket.list(prefix)) keys.push(key);
  const records: T[] = [];
  let next = 0;
  const reader = async () => {
    while (next < keys.length) {
      const place = next++;
      records[place] = await bucket.getJson(keys[place] as string, schema);
    }
  };
  await Promise.all(Array.from({ length: Math.min(readsInFlight, keys.length) }, reader));
  return records;
}
