import { type ApiAccess, apiAccess } from "#contracts/api-access.ts";
import type { LandingBucket } from "./landing-bucket.ts";
import { accessKey } from "./object-keys.ts";

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
