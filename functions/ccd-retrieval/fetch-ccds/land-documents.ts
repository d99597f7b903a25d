import type { SpooledAnswer } from "#ccd-retrieval/documents/spool-answer.ts";
import type { VerifiedAnswer } from "#ccd-retrieval/documents/verified-documents.ts";
import { CcdsRefused } from "#ccd-retrieval/language/ccd-faults.ts";
import type { CcdDocument, CcdDocuments, CcdRequestRecord } from "#ccd-retrieval/language/ccd-request.ts";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import { nothingKnown, type RequestedPatient } from "#ccd-retrieval/language/known-patient.ts";
import type { CcdLanding } from "#ccd-retrieval/records/ccd-landing.ts";
import type { CcdDownload, CcdDownloadRequest } from "#ccd-retrieval/server/download-ccds.ts";
import { FileCut } from "#platform/faults/file-faults.ts";
import { type QuarantinePorts, quarantineIfRefused, quarantineRefusedDocuments } from "./quarantine-answer.ts";

export interface LandingPorts extends QuarantinePorts {
  /** @param sessionId the user session that made the server request */
  download(sessionId: string, request: CcdDownloadRequest, signal: AbortSignal): Promise<CcdDownload>;
  /** Writes an answer to a file. */
  spool(chunks: AsyncIterable<Buffer>): Promise<SpooledAnswer>;
  /** Reads and judges every document of an answer before it returns any. */
  readDocuments(answer: { file: string }, patient: RequestedPatient): Promise<VerifiedAnswer>;
  landing: QuarantinePorts["landing"] & Pick<CcdLanding, "findIndex" | "putDocument" | "putIndex">;
}

export interface LandedDocuments {
  state: "landed";
  /** The list of the documents, as stored. */
  index: CcdDocuments;
}

type NotReady = Extract<CcdDownload, { state: "not-ready" }>;
type ReadyAnswer = Extract<CcdDownload, { state: "ready" }>;

/**
 * Makes one attempt to bring the documents of a CCD request to S3, for the patient in its record. A document that is
 * refused by itself stays in quarantine; for any other refusal, no document lands. The documents of a request that has ended already are downloaded too, because the server may wait for that. They are not stored.
 * @param emptyZips how many ZIPs without entries have come for the request in a row
 * @throws CcdsRefused, DocumentsRefused, WrongPatient, ServerUnavailable, FileCut, ObjectConflict
 */
export async function landDocuments(
  ports: LandingPorts,
  record: CcdRequestRecord,
  emptyZips: number,
  signal: AbortSignal,
): Promise<LandedDocuments | NotReady> {
  const { requestId, sessionId, serverRequestId } = record;
  if (serverRequestId === null)
    throw new Error(`CCD request ${requestId} has no server request to download from: make the request again`);
  // An earlier attempt landed everything and ended before its result arrived.
  const index = record.state === "pending" ? await ports.landing.findIndex(requestId) : undefined;
  if (index !== undefined) return { state: "landed", index };
  const answer = await ports.download(sessionId, { serverRequestId, emptyZips }, signal);
  if (answer.state === "not-ready") return answer;
  if (answer.state === "failed") {
    const code = answer.code === undefined ? "" : `, code ${answer.code}`;
    throw new CcdsRefused(
      `the server accepted CCD request ${requestId} and has no CCDs for it (HTTP ${answer.status}${code}): check the patient's id and the dates`,
    );
  }
  const spooled = await spoolOrQuarantine(ports, requestId, answer.chunks);
  try {
    if (record.state !== "pending") return { state: "landed", index: { requestId, documents: [] } };
    return { state: "landed", index: await storeDocuments(ports, record, answer, spooled.file) };
  } finally {
    await spooled.remove();
  }
}

async function spoolOrQuarantine(
  ports: LandingPorts,
  requestId: string,
  chunks: AsyncIterable<Buffer>,
): Promise<SpooledAnswer> {
  try {
    return await ports.spool(chunks);
  } catch (fault) {
    throw await quarantineIfRefused(ports, requestId, undefined, fault);
  }
}

/** Quarantines the answer if documents of it were refused. Stores the others, then the audit fact, then the list of documents. */
async function storeDocuments(
  ports: LandingPorts,
  record: CcdRequestRecord,
  answer: ReadyAnswer,
  file: string,
): Promise<CcdDocuments> {
  const { requestId } = record;
  const { documents, refused, companions } = await verifyOrQuarantine(ports, record, answer, file);
  if (refused.length > 0) await quarantineRefusedDocuments(ports, requestId, file, refused);
  const landed: CcdDocument[] = [];
  for (const document of documents) {
    const key = await ports.landing.putDocument(requestId, document);
    landed.push({ number: document.number, key, bytes: document.bytes, ...document.metadata });
  }
  const facts = landed.map(({ key, bytes }) => ({ key, bytes }));
  await ports.audit.append(requestId, "landed", { documents: facts });
  const index: CcdDocuments = {
    requestId,
    documents: landed,
    ...(refused.length > 0 && { refused: refused.map(({ number, reason }) => ({ number, reason })) }),
    ...(companions.length > 0 && { companions }),
  };
  await ports.landing.putIndex(index);
  const counts = { documents: landed.length, refused: refused.length, companions: companions.length };
  ports.log.info("CCD_DOCUMENTS_LANDED", { requestId, ...counts });
  return index;
}

/** Returns the documents that prove to belong to the patient in this record, and the files beside them. */
async function verifyOrQuarantine(
  ports: LandingPorts,
  { requestId, order: { patientId }, patient = nothingKnown }: CcdRequestRecord,
  answer: ReadyAnswer,
  file: string,
): Promise<VerifiedAnswer> {
  try {
    return await ports.readDocuments({ file }, { patientId, ...patient });
  } catch (fault) {
    if (mayBeCut(answer, fault))
      throw new FileCut("the connection ended before the documents were complete", { cause: fault });
    throw await quarantineIfRefused(ports, requestId, file, fault);
  }
}

/**
 * Whether an answer may be incomplete because the connection broke. If the server announced neither a length nor chunks (RFC
 * 9112, section 6.3, rule 8), only the content shows where the answer should end.
 */
function mayBeCut({ wholeness, form }: ReadyAnswer, fault: unknown): boolean {
  const reasonIfCut = form === "zip" ? "truncated" : "malformed-xml";
  return wholeness === "unproven" && fault instanceof DocumentRefused && fault.reason === reasonIfCut;
}
