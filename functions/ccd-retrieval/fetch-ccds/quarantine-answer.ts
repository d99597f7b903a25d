import type { RefusedDocument } from "#ccd-retrieval/documents/verified-documents.ts";
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
  /** Counts an answer that is refused as a whole. An alarm watches the count. */
  reportQuarantine: () => void;
  /** Counts documents that are refused by themselves, while others land. An alarm watches the count. */
  reportRefusedDocuments: (count: number) => void;
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
  if (!(fault instanceof DocumentRefused || fault instanceof WrongPatient)) return fault;
  const reason: QuarantineReason = fault instanceof DocumentRefused ? fault.reason : "wrong-patient";
  const refusal = { reason, message: fault.message, files: fault.refusedFiles() };
  const key = await ports.landing.quarantine(requestId, file, refusal);
  await ports.audit.append(requestId, "quarantined", { reason, key });
  ports.reportQuarantine();
  ports.log.error("CCD_DOCUMENTS_QUARANTINED", { requestId, reason, key });
  if (fault instanceof WrongPatient) return fault;
  return new DocumentsRefused(
    `${fault.message} (${reason}): no document of CCD request ${requestId} is served; read quarantine/ccds/${requestId}/reason.json`,
    { cause: fault },
  );
}

/**
 * Quarantines an answer some of whose documents were refused by themselves: the answer as it came, and which documents were
 * refused. The other documents may land after that.
 */
export async function quarantineRefusedDocuments(
  ports: QuarantinePorts,
  requestId: string,
  file: string,
  refused: readonly RefusedDocument[],
): Promise<void> {
  const reason: QuarantineReason = "some-documents";
  const message = `${refused.length} documents of CCD request ${requestId} were refused by themselves, and the others landed`;
  const key = await ports.landing.quarantine(requestId, file, { reason, message, files: refused });
  await ports.audit.append(requestId, "quarantined", { reason, key });
  ports.reportRefusedDocuments(refused.length);
  const documents = refused.map(({ number, reason: why }) => ({ number, reason: why }));
  ports.log.error("CCD_DOCUMENTS_REFUSED", { requestId, key, documents });
}
