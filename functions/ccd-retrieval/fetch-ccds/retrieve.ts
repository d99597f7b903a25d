import type { PatientsDocument } from "#ccd-retrieval/documents/patients-documents.ts";
import type { SpooledAnswer } from "#ccd-retrieval/documents/spooled-answer.ts";
import type { QuarantineReason } from "#ccd-retrieval/language/ccd-audit.ts";
import { CcdsRefused, DocumentsRefused, WrongPatient } from "#ccd-retrieval/language/ccd-faults.ts";
import type { CcdDocument, CcdRequestRecord } from "#ccd-retrieval/language/ccd-request.ts";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import { type AskedPatient, nothingKnown } from "#ccd-retrieval/language/known-patient.ts";
import type { CcdAudit } from "#ccd-retrieval/records/ccd-audit.ts";
import type { CcdLanding } from "#ccd-retrieval/records/ccd-landing.ts";
import type { CcdDownload, CcdDownloadRequest } from "#ccd-retrieval/server/ccd.ts";
import { FileCut } from "#platform/faults/file-faults.ts";
import type { Log } from "#platform/lambda/log.ts";

export interface RetrievalPorts {
  download(request: CcdDownloadRequest, signal: AbortSignal): Promise<CcdDownload>;
  /** Keeps an answer in a file. */
  spool(chunks: AsyncIterable<Buffer>): Promise<SpooledAnswer>;
  /** Judges every document of an answer before it gives any. */
  readDocuments(answer: { file: string }, asked: AskedPatient): Promise<PatientsDocument[]>;
  landing: Pick<CcdLanding, "findIndex" | "putDocument" | "putIndex" | "quarantine">;
  audit: CcdAudit;
  reportQuarantine: () => void;
  log: Log;
}

export type Retrieved = { state: "landed"; documents: number } | Extract<CcdDownload, { state: "not-ready" }>;

/**
 * One try to get the documents of a request to S3, for the very patient that the request was made for: all of them, or
 * none. A request that had its end before is answered for as well, because the server may wait for that, but nothing of it
 * is kept.
 * @param emptyZips how many ZIPs without entries have come for it in a row
 * @throws CcdsRefused, DocumentsRefused, WrongPatient, ServerUnavailable, FileCut, ObjectConflict
 */
export async function retrieve(
  ports: RetrievalPorts,
  record: CcdRequestRecord,
  emptyZips: number,
  signal: AbortSignal,
): Promise<Retrieved> {
  const { requestId, serverRequestId } = record;
  if (serverRequestId === null) throw new Error(`the server has no request for ${requestId}`);
  // A try before this one landed everything, and died before it could say so.
  const index = record.state === "pending" ? await ports.landing.findIndex(requestId) : undefined;
  if (index !== undefined) return { state: "landed", documents: index.documents.length };
  const answer = await ports.download({ requestId: serverRequestId, emptyZips }, signal);
  if (answer.state === "not-ready") return answer;
  if (answer.state === "failed") {
    const code = answer.code === undefined ? "" : `, code ${answer.code}`;
    throw new CcdsRefused(`the server has no CCDs for the request that it had accepted (HTTP ${answer.status}${code})`);
  }
  const spooled = await spooledOrQuarantined(ports, requestId, answer.chunks);
  try {
    if (record.state !== "pending") return { state: "landed", documents: 0 };
    return { state: "landed", documents: await land(ports, record, answer, spooled.file) };
  } finally {
    await spooled.remove();
  }
}

async function spooledOrQuarantined(
  ports: RetrievalPorts,
  requestId: string,
  chunks: AsyncIterable<Buffer>,
): Promise<SpooledAnswer> {
  try {
    return await ports.spool(chunks);
  } catch (fault) {
    throw await quarantined(ports, requestId, undefined, fault);
  }
}

type ReadyAnswer = Extract<CcdDownload, { state: "ready" }>;

async function land(
  ports: RetrievalPorts,
  record: CcdRequestRecord,
  answer: ReadyAnswer,
  file: string,
): Promise<number> {
  const { requestId } = record;
  const documents = await judged(ports, record, answer, file);
  const landed: CcdDocument[] = [];
  for (const document of documents) {
    const key = await ports.landing.putDocument(requestId, document);
    landed.push({ number: document.number, key, bytes: document.bytes, ...document.about });
  }
  const facts = landed.map(({ key, bytes }) => ({ key, bytes }));
  await ports.audit.append(requestId, "landed", { documents: facts });
  await ports.landing.putIndex({ requestId, documents: landed });
  ports.log.info("documents landed", { documents: landed.length });
  return landed.length;
}

/** Every document, once each has proven to be the patient's of this very record. */
async function judged(
  ports: RetrievalPorts,
  { requestId, order: { patientId }, patient = nothingKnown }: CcdRequestRecord,
  answer: ReadyAnswer,
  file: string,
): Promise<PatientsDocument[]> {
  try {
    return await ports.readDocuments({ file }, { patientId, ...patient });
  } catch (fault) {
    if (mayBeCut(answer, fault))
      throw new FileCut("the documents ended with the connection, and before they were whole", { cause: fault });
    throw await quarantined(ports, requestId, file, fault);
  }
}

/**
 * Whether an answer may look as it does because the connection broke: where neither a length nor a last chunk was to come
 * (RFC 9112, section 6.3, rule 8), nothing but the content tells its end.
 */
function mayBeCut({ wholeness, form }: ReadyAnswer, fault: unknown): boolean {
  const ofCut = form === "zip" ? "truncated" : "malformed-xml";
  return wholeness === "unproven" && fault instanceof DocumentRefused && fault.reason === ofCut;
}

/** The fault to go on with, once what was refused is out of everybody's reach. Other faults stay as they are. */
async function quarantined(
  ports: RetrievalPorts,
  requestId: string,
  file: string | undefined,
  fault: unknown,
): Promise<unknown> {
  const reason = reasonOf(fault);
  if (reason === undefined || !(fault instanceof Error)) return fault;
  const key = await ports.landing.quarantine(requestId, file, { reason, message: fault.message });
  await ports.audit.append(requestId, "quarantined", { reason, key });
  ports.reportQuarantine();
  ports.log.error("an answer with documents was quarantined", { requestId, reason, key });
  if (fault instanceof WrongPatient) return fault;
  return new DocumentsRefused(`${fault.message} (${reason}); the original is in quarantine`, { cause: fault });
}

function reasonOf(fault: unknown): QuarantineReason | undefined {
  if (fault instanceof DocumentRefused) return fault.reason;
  return fault instanceof WrongPatient ? "wrong-patient" : undefined;
}
