import { WrongPatient } from "#ccd-retrieval/language/ccd-faults.ts";
import type { Companion, RefusedCcd } from "#ccd-retrieval/language/ccd-request.ts";
import {
  DocumentRefused,
  isDocumentReason,
  isProofReason,
  type ProofReason,
  type RefusedFile,
} from "#ccd-retrieval/language/document-faults.ts";
import type { DocumentSettings } from "#ccd-retrieval/language/document-settings.ts";
import type { RequestedPatient } from "#ccd-retrieval/language/known-patient.ts";
import { openAnswerFiles } from "./answer-files.ts";
import type { DownloadedAnswer } from "./byte-source.ts";
import { type ClinicalDocument, readClinicalDocument } from "./c-cda/clinical-document.ts";
import type { RecordTarget } from "./c-cda/record-target.ts";
import { boundedDescription, type DocumentDescription } from "./document-description.ts";
import { limitsOf } from "./limits.ts";
import type { DownloadedDocument } from "./open-documents.ts";
import { belongsToAnotherByRoot, provenRoots } from "./patient-match/proven-roots.ts";
import { judgePatient, type PatientVerdict } from "./patient-match/right-patient.ts";

/** A document that was read to its end and proved to belong to the patient, with its metadata. */
export interface VerifiedDocument extends Pick<DownloadedDocument, "number" | "bytes" | "chunks"> {
  metadata: DocumentDescription;
}

/** A document that was refused by itself. */
export type RefusedDocument = RefusedFile & RefusedCcd;

/** What an answer holds, after each of its files has been read to its end. */
export interface VerifiedAnswer {
  documents: VerifiedDocument[];
  refused: RefusedDocument[];
  companions: Companion[];
}

type Judged = { recordTargets: readonly RecordTarget[] } & (
  | { verified: VerifiedDocument }
  | { verified?: undefined; refused: RefusedFile }
);

/**
 * Reads every document of an answer and judges each before it returns any. A document that is damaged, or does not prove its
 * patient, is refused by itself (`language/document-faults.ts`). An attack, or another patient's document, refuses the whole
 * answer, and so does an answer all of whose documents are refused. An archive without files is a valid answer.
 *
 * @throws DocumentRefused if the answer or a document may not be opened
 * @throws WrongPatient if a document contradicts the patient, or no document proves to be the patient's. The message says what to
 * compare, and gives no detail of the document or the patient.
 */
export async function readVerifiedDocuments(
  answer: DownloadedAnswer,
  patient: RequestedPatient,
  settings: DocumentSettings,
): Promise<VerifiedAnswer> {
  const { documents: files, companions } = await openAnswerFiles(answer, limitsOf(settings));
  const judged: Judged[] = [];
  for (const file of files) {
    const one = await judgeDocument(file, files.length, patient, settings);
    if (one.verified === undefined && !isDocumentReason(one.refused.reason)) throw faultOf([one.refused]);
    judged.push(one);
  }
  refuseAnotherPatient(judged, patient);
  const documents = judged.flatMap(({ verified }) => verified ?? []);
  const refused = judged.flatMap((one) => (one.verified === undefined ? [one.refused] : []));
  if (documents.length === 0 && refused.length > 0) throw faultOf(refused);
  return { documents, refused: refused.filter(isRefusedByItself), companions };
}

async function judgeDocument(
  file: DownloadedDocument,
  total: number,
  patient: RequestedPatient,
  settings: DocumentSettings,
): Promise<Judged> {
  const { number, bytes, entry = null, name = null } = file;
  const place = `document ${number} of ${total}`;
  try {
    const { document, recordTargets } = await readClinicalDocument(file.chunks(), limitsOf(settings).xml);
    const verdict = judgePatient(recordTargets, patient, settings);
    if (verdict.verdict !== "match") {
      const { reason } = verdict;
      return { recordTargets, refused: { number, entry, name, reason, message: unprovenMessage(place, verdict) } };
    }
    const verified = { number, bytes, chunks: () => file.chunks(), metadata: metadataOf(document) };
    return { recordTargets, verified };
  } catch (error) {
    if (!(error instanceof DocumentRefused)) throw error;
    const { reason, message } = error;
    return { recordTargets: [], refused: { number, entry, name, reason, message: `${place}: ${message}` } };
  }
}

/**
 * Refuses the answer if a document that does not prove its patient has an id under the root under which another document of the
 * answer has the patient's id. Such an id is another patient's, even if nothing is known about the patient except the id.
 * @throws WrongPatient
 */
function refuseAnotherPatient(judged: readonly Judged[], patient: RequestedPatient): void {
  const proven = judged.filter(({ verified }) => verified !== undefined).flatMap((one) => one.recordTargets);
  const roots = provenRoots(proven, patient);
  for (const one of judged) {
    if (one.verified !== undefined || one.refused.reason !== "unknown-ids") continue;
    if (!one.recordTargets.some((target) => belongsToAnotherByRoot(target, roots, patient))) continue;
    const verdict = { verdict: "mismatch", reason: "other-id" } as const;
    const message = unprovenMessage(`document ${one.refused.number} of ${judged.length}`, verdict);
    throw faultOf([{ ...one.refused, reason: verdict.reason, message }]);
  }
}

function isRefusedByItself(file: RefusedFile): file is RefusedDocument {
  return file.number !== null && isDocumentReason(file.reason);
}

/** The fault of an answer of which nothing is delivered. The first file that was refused gives its name and its message. */
function faultOf(files: readonly RefusedFile[]): DocumentRefused | WrongPatient {
  const [first] = files;
  if (first === undefined) throw new Error("no document was refused");
  const { reason, message } = first;
  return isProofReason(reason)
    ? new WrongPatient(message, files)
    : new DocumentRefused(reason, message, undefined, files);
}

type Refusal = Exclude<PatientVerdict, { verdict: "match" }>;

const remedies: Record<ProofReason, string> = {
  "other-id": "compare its ids with those of the Patient",
  "other-person": "compare its name, birth date and gender with those of the Patient",
  "several-patients": "compare each of its record targets with the Patient",
  "no-record-target": "ask IntegraConnect why the document has no recordTarget",
  "no-id": "ask IntegraConnect why the document has no id of the patient",
  "unknown-ids": "compare its ids with those of the Patient, and check the setting ccd.documents.patientIdRoots",
  "ids-contradict": "compare its ids with those of the Patient, and check the setting ccd.documents.patientIdRoots",
  "person-contradicts-id": "compare its name, birth date and gender with those of the Patient",
  "birth-date-unreadable": "compare its birthTime, which the bridge cannot read, with the birth date of the Patient",
  "second-factor-missing":
    "compare the birth dates of the document and the Patient, and check the setting ccd.documents.secondFactor",
};

function unprovenMessage(document: string, { verdict, reason }: Refusal): string {
  return `${document} does not prove to be the patient's (${verdict}: ${reason}); the answer is in quarantine: ${remedies[reason]}`;
}

function metadataOf({ title, effectiveTime, encounters, sections }: ClinicalDocument): DocumentDescription {
  return boundedDescription({
    title: title ?? null,
    encounterIds: encounters.flatMap(({ ids }) => ids.flatMap(({ root, extension }) => extension ?? root ?? [])),
    effectiveTime: effectiveTime?.iso ?? null,
    encounterStart: encounters[0]?.start?.iso ?? null,
    encounterEnd: encounters[0]?.end?.iso ?? null,
    sections: sections.map(({ code, title: heading, hasEntries }) => ({
      code: code?.code ?? null,
      title: heading ?? null,
      hasEntries,
    })),
  });
}
