import { bucketPrefixes } from "#platform/bucket/object-keys.ts";

/** The key of the record of one call. One listing returns all calls of a day (`2026-11-26`). */
export const accessKeys = { record: `${bucketPrefixes.audit}access/{day}/{requestId}.json` } as const;
