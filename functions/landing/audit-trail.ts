import { type AuditDetail, type AuditFact, auditFacts } from "#contracts/audit.ts";
import type { ExportRun } from "./export-records.ts";
import type { LandingBucket } from "./landing-bucket.ts";
import { auditKey } from "./object-keys.ts";

/** The append-only record of what became of an export. */
export interface AuditTrail {
  /**
   * Records a fact of a run. A fact that is recorded already stays as it was first told. `which` tells facts of one name
   * apart, where a run may have several.
   */
  append<Fact extends AuditFact>(run: ExportRun, fact: Fact, detail: AuditDetail<Fact>, which?: string): Promise<void>;
}

/** The audit trail in the landing bucket, whose policy admits new objects below `audit/` and no changes. */
export function auditTrail(bucket: LandingBucket, now: () => number): AuditTrail {
  return {
    append: async ({ exportId, run }, fact, detail, which) => {
      const record = { version: "1", exportId, run, fact, at: new Date(now()).toISOString() };
      await bucket.putJson(
        auditKey(exportId, run, which === undefined ? fact : `${fact}-${which}`),
        { ...record, ...auditFacts[fact].parse(detail) },
        { once: true },
      );
    },
  };
}
