import { type ApiAccess, apiAccess } from "#on-demand-api/language/access-record.ts";
import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";

/** The append-only record of the API's calls. */
export interface AccessRecords {
  append(access: ApiAccess): Promise<void>;
}

/** Calls in the audit trail of the landing bucket, whose policy admits new objects below `audit/` and no changes. */
export function accessRecords(bucket: Pick<LandingBucket, "putJson">): AccessRecords {
  return {
    append: async (access) => {
      await bucket.putJson(accessKey(access.at, access.requestId), apiAccess.parse(access), { once: true });
    },
  };
}

/** One call of the API; a day's calls are one listing. */
const accessKey = (at: string, requestId: string): string =>
  `audit/access/${at.slice(0, 10)}/${encodeURIComponent(requestId)}.json`;
