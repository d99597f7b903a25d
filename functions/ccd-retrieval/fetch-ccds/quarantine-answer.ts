import type { QuarantineReason } from "#ccd-retrieval/language/ccd-audit.ts";
import { DocumentsRefused, WrongPatient } from "#ccd-retrieval/language/ccd-faults.ts";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import type { CcdLogCode } from "#ccd-retrieval/language/log-codes.ts";
import type { CcdAudit } from "#ccd-retrieval/records/ccd-audit.ts";
import type { CcdLanding } from "#ccd-retrieval/records/ccd-landing.ts";
import type { Log } from "#platform/lambda/log.ts";

export interface QuarantinePorts {
  landing: Pick<CcdLanding, "quarantine">;
  audit: CcdAudit;
  /** Counts the quarantined answer. An alarm watches the count. */
  reportQuarantine: () => void;
  log: Log<CcdLogCode>;
}

/**
 * Quarantines an answer if the fault means that a document was refused, or is not the patient's. For any other fault it does
 * nothing.
 * @param file the path of the whole answer; undefined if it did not arrive whole
 * @returns the fault to throw: `DocumentsRefused` or `WrongPatient` if the answer is in quarantine, or else the fault as it was
 */
export async function quarantineIfRefused(
  ports: QuarantinePorts,
  requestId: string,
  file: string | undefined,
  fault: unknown,
): Promise<unknown> {
  const reason = quarantineReasonOf(fault);
  if (reason === undefined || !(fault instanceof Error)) return fault;
  const key = await ports.landing.quarantine(requestId, file, { reason, message: fault.message });
  await ports.audit.append(requestId, "quarantined", { reason, key });
  ports.reportQuarantine();
  ports.log.error("CCD_DOCUMENTS_QUARANTINED", { requestId, reason, key });
  if (fault instanceof WrongPatient) return fault;
  return new DocumentsRefused(
    `${fault.message} (${reason}): no document of CCD request ${requestId} is served; read quarantine/ccds/${requestId}/reason.json`,
    { cause: fault },
  );
}

function quarantineReasonOf(fault: unknown): QuarantineReason | undefined {
  if (fault instanceof DocumentRefused) return fault.reason;
  return fault instanceof WrongPatient ? "wrong-patient" : undefined;
}
