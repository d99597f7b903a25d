import * as z from "zod";
import { crc32, fileKind } from "./export-records.ts";
import { exportRequest, trigger } from "./export-request.ts";

/*
 * The audit trail of an export: who asked for what, and when; what landed; which events were published. One object for each
 * fact, below `audit/{exportId}/{run}/`, written once and never changed (the bucket's policy refuses anything else).
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
export const exportAuditFacts = {
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

export type ExportAuditFact = keyof typeof exportAuditFacts;
export type ExportAuditDetail<Fact extends ExportAuditFact> = z.infer<(typeof exportAuditFacts)[Fact]>;
