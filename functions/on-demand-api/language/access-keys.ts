import { auditPrefixes } from "#platform/bucket/object-keys.ts";

/** The key of the record of one call, in the audit bucket. One listing returns all calls of a day (`2026-11-26`). */
export const accessKeys = { record: `${auditPrefixes.access}{day}/{requestId}.json` } as const;
