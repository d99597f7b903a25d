import * as z from "zod";
import { refusalReasons } from "./document-faults.ts";

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
