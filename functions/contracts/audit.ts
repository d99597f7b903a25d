import * as z from "zod";
import { refusalReasons } from "./document-faults.ts";
import { exportRequest, trigger } from "./export-request.ts";
import { crc32, fileKind } from "./landed.ts";

/*
 * The audit trail: who asked for what, and when; what landed; who was told. One object a fact, below
 * `audit/{exportId}/{run}/` or `audit/ccds/{requestId}/`, written once and never changed (the bucket's policy refuses
 * anything else).
 */

/** Who asked. A plain StartExecution names nobody: CloudTrail knows its principal. */
const requester = z.union([trigger, z.strictObject({ kind: z.literal("direct") })]);
export type Requester = z.infer<typeof requester>;

const file = z.strictObject({
  kind: fileKind,
  type: z.string(),
  key: z.string(),
  lines: z.number().int(),
  bytes: z.number().int(),
  checksum: crc32,
});

/** What may be recorded of an export, by the fact's name. */
export const auditFacts = {
  requested: z.strictObject({
    by: requester,
    /** Null where the request was refused; `faults` says why. */
    request: exportRequest.nullable(),
    faults: z.array(z.string()),
    predecessor: z.string().nullable(),
  }),
  "kicked-off": z.strictObject({ serverJobId: z.string() }),
  landed: z.strictObject({
    status: z.enum(["complete", "partial", "failed"]),
    transactionTime: z.string(),
    files: z.array(file),
    missing: z.array(z.strictObject({ key: z.string(), reason: z.string() })),
    adoptedFrom: z.string().nullable(),
  }),
  stopped: z.strictObject({ message: z.string(), jobDeleted: z.boolean() }),
  /** An event that the bus took: whoever subscribes was told. */
  "told-started": z.strictObject({ eventId: z.string() }),
  "told-completed": z.strictObject({ eventId: z.string(), status: z.string() }),
  "told-failed": z.strictObject({ eventId: z.string(), error: z.string() }),
  "told-cancelled": z.strictObject({ eventId: z.string() }),
} as const;

export type AuditFact = keyof typeof auditFacts;
export type AuditDetail<Fact extends AuditFact> = z.infer<(typeof auditFacts)[Fact]>;

/** Why an answer with documents was quarantined. */
export const quarantineReason = z.enum([...refusalReasons, "wrong-patient"]);
export type QuarantineReason = z.infer<typeof quarantineReason>;

/** What may be recorded of a request for CCDs. For whom it is, its record says and no fact. */
export const ccdAuditFacts = {
  requested: z.strictObject({ by: z.string(), sessionId: z.string(), requestedAt: z.iso.datetime() }),
  landed: z.strictObject({ documents: z.array(z.strictObject({ key: z.string(), bytes: z.number().int() })) }),
  quarantined: z.strictObject({ reason: quarantineReason, key: z.string() }),
  "told-ready": z.strictObject({ eventId: z.string() }),
  "told-failed": z.strictObject({ eventId: z.string(), error: z.string() }),
} as const;

export type CcdAuditFact = keyof typeof ccdAuditFacts;
export type CcdAuditDetail<Fact extends CcdAuditFact> = z.infer<(typeof ccdAuditFacts)[Fact]>;
