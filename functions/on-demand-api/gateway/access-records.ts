import { accessKeys } from "#on-demand-api/language/access-keys.ts";
import { type ApiAccess, apiAccess } from "#on-demand-api/language/access-record.ts";
import type { AuditTrail } from "#platform/bucket/audit-trail.ts";
import { objectKey } from "#platform/bucket/object-keys.ts";

/** The append-only record of the API's calls. */
export interface AccessRecords {
  append(access: ApiAccess): Promise<void>;
}

/** Access records in the audit bucket. The bucket's policy allows new objects, and no changes to them. */
export function accessRecordsIn(trail: Pick<AuditTrail, "add">): AccessRecords {
  return {
    append: async (access) => {
      await trail.add(accessKey(access.at, access.requestId), apiAccess.parse(access));
    },
  };
}

/** The key of one call's record. One listing returns all calls of a day. */
const accessKey = (at: string, requestId: string): string =>
  objectKey(accessKeys.record, { day: at.slice(0, 10), requestId: encodeURIComponent(requestId) });
