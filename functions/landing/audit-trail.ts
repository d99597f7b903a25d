import {
  type AuditDetail,
  type AuditFact,
  auditFacts,
  type CcdAuditDetail,
  type CcdAuditFact,
  ccdAuditFacts,
} from "#contracts/audit.ts";
import type { ExportRun } from "./export-records.ts";
import type { LandingBucket } from "./landing-bucket.ts";
import { auditKey, ccdAuditKey } from "./object-keys.ts";

/** The append-only record of what became of exports and of requests for CCDs. */
export interface AuditTrail {
  /**
   * Records a fact of a run. A fact that is recorded already stays as it was first told. `which` tells facts of one name
   * apart, where a run may have several.
   */
  append<Fact extends AuditFact>(run: ExportRun, fact: Fact, detail: AuditDetail<Fact>, which?: string): Promise<void>;
  /** Records a fact of a request for CCDs, in the same way. */
  appendToCcds<Fact extends CcdAuditFact>(requestId: string, fact: Fact, detail: CcdAuditDetail<Fact>): Promise<void>;
}

/** The audit trail in the landing bucket, whose policy admits new objects below `audit/` and no changes. */
export function auditTrail(bucket: LandingBucket, now: () => number): AuditTrail {
  const record = async (key: string, subject: object, fact: string, detail: object): Promise<void> => {
    const head = { version: "1", ...subject, fact, at: new Date(now()).toISOString() };
    await bucket.putJson(key, { ...head, ...detail }, { once: true });
  };
  return {
    append: async ({ exportId, run }, fact, detail, which) => {
      const key = auditKey(exportId, run, which === undefined ? fact : `${fact}-${which}`);
      await record(key, { exportId, run }, fact, auditFacts[fact].parse(detail));
    },
    appendToCcds: async (requestId, fact, detail) => {
      await record(ccdAuditKey(requestId, fact), { requestId }, fact, ccdAuditFacts[fact].parse(detail));
    },
  };
}
