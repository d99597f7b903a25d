import * as z from "zod";
import { refusalReasons } from "./document-faults.ts";

/** Why the bridge quarantined an answer. `some-documents`: the other documents landed, and `reason.json` lists the refused ones. */
export const quarantineReason = z.enum([...refusalReasons, "wrong-patient", "some-documents"]);
export type QuarantineReason = z.infer<typeof quarantineReason>;

/** The facts that the audit trail may hold about a CCD request. Only the request's record identifies the patient; no fact does. */
export const ccdAuditFacts = {
  requested: z.strictObject({ by: z.string(), sessionId: z.string(), requestedAt: z.iso.datetime() }),
  landed: z.strictObject({ documents: z.array(z.strictObject({ key: z.string(), bytes: z.number().int() })) }),
  quarantined: z.strictObject({ reason: quarantineReason, key: z.string() }),
  "told-ready": z.strictObject({ eventId: z.string() }),
  "told-failed": z.strictObject({ eventId: z.string(), error: z.string() }),
} as const;

export type CcdAuditFact = keyof typeof ccdAuditFacts;
export type CcdAuditDetail<Fact extends CcdAuditFact> = z.infer<(typeof ccdAuditFacts)[Fact]>;
