import * as z from "zod";
import { exportRequest, trigger } from "./export-request.ts";
import { crc32, fileKind } from "./landed-file.ts";

/*
 * The audit trail of an export: who requested it, when, what landed, and which events were published. Each fact is one object
 * of the audit bucket, below `exports/{exportId}/{run}/`. It is written once and never changed: the bucket's policy refuses any
 * change.
 */

/** Who requested the export. A plain StartExecution does not say; CloudTrail records its principal. */
const requester = z.union([trigger, z.strictObject({ kind: z.literal("direct") })]);
export type Requester = z.infer<typeof requester>;

/** A file as the fact `landed` names it. */
const auditedFile = z.strictObject({
  kind: fileKind,
  type: z.string(),
  key: z.string(),
  lines: z.number().int(),
  bytes: z.number().int(),
  checksum: crc32,
});
export type AuditedFile = z.infer<typeof auditedFile>;

/** The facts that may be recorded about an export, by name. */
export const exportAuditFacts = {
  requested: z.strictObject({
    by: requester,
    /** Null if the request was refused; `faults` says why. */
    request: exportRequest.nullable(),
    faults: z.array(z.string()),
    predecessor: z.string().nullable(),
  }),
  "kicked-off": z.strictObject({ serverJobId: z.string() }),
  landed: z.strictObject({
    status: z.enum(["complete", "partial", "failed"]),
    transactionTime: z.string().nullable(),
    files: z.array(auditedFile),
    missing: z.array(z.strictObject({ key: z.string(), reason: z.string() })),
    adoptedFrom: z.string().nullable(),
  }),
  stopped: z.strictObject({ message: z.string(), jobDeleted: z.boolean() }),
  /** `told-…`: EventBridge accepted the event, and delivers it to the subscribers. */
  "told-started": z.strictObject({ eventId: z.string() }),
  "told-completed": z.strictObject({ eventId: z.string(), status: z.string() }),
  "told-failed": z.strictObject({ eventId: z.string(), error: z.string() }),
  "told-cancelled": z.strictObject({ eventId: z.string() }),
} as const;

export type ExportAuditFact = keyof typeof exportAuditFacts;
export type ExportAuditDetail<Fact extends ExportAuditFact> = z.infer<(typeof exportAuditFacts)[Fact]>;
