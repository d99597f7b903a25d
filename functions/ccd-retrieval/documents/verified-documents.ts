import { WrongPatient } from "#ccd-retrieval/language/ccd-faults.ts";
import type { CcdDocument } from "#ccd-retrieval/language/ccd-request.ts";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import type { DocumentSettings } from "#ccd-retrieval/language/document-settings.ts";
import type { RequestedPatient } from "#ccd-retrieval/language/known-patient.ts";
import type { DownloadedAnswer } from "./byte-source.ts";
import { type ClinicalDocument, readClinicalDocument } from "./c-cda/clinical-document.ts";
import { type DocumentLimits, limitsOf } from "./limits.ts";
import { type DownloadedDocument, openDocuments } from "./open-documents.ts";
import { judgePatient, type PatientVerdict } from "./patient-match/right-patient.ts";

/** A document that was read to its end and proved to belong to the patient, with its metadata. */
export interface VerifiedDocument extends Pick<DownloadedDocument, "number" | "bytes" | "chunks"> {
  metadata: Omit<CcdDocument, "number" | "key" | "bytes">;
}

/**
 * Reads every document of an answer and judges each before it returns any. One document that is not the patient's refuses them
 * all. An archive without documents is a valid answer.
 *
 * @throws DocumentRefused if the answer or a document may not be opened
 * @throws WrongPatient if a document does not prove to belong to the patient. The message says what to compare, and gives no
 * detail of the document or the patient.
 */
export async function readVerifiedDocuments(
  answer: DownloadedAnswer,
  patient: RequestedPatient,
  settings: DocumentSettings,
): Promise<VerifiedDocument[]> {
  const limits = limitsOf(settings);
  const documents = await openPossiblyNone(answer, limits);
  const verified: VerifiedDocument[] = [];
  for (const opened of documents) {
    const { number, bytes } = opened;
    const { document, recordTargets } = await readClinicalDocument(opened.chunks(), limits.xml);
    const verdict = judgePatient(recordTargets, patient, settings);
    if (verdict.verdict !== "match") throw wrongPatient(`document ${number} of ${documents.length}`, verdict);
    verified.push({ number, bytes, chunks: () => opened.chunks(), metadata: metadataOf(document) });
  }
  return verified;
}

type Refusal = Exclude<PatientVerdict, { verdict: "match" }>;

const remedies: Record<Refusal["reason"], string> = {
  "other-id": "compare its ids with those of the Patient",
  "other-person": "compare its name, birth date and gender with those of the Patient",
  "several-patients": "compare each of its record targets with the Patient",
  "no-record-target": "ask IntegraConnect why the document has no recordTarget",
  "no-id": "ask IntegraConnect why the document has no id of the patient",
  "unknown-ids": "compare its ids with those of the Patient, and check the setting ccd.documents.patientIdRoots",
  "ids-contradict": "compare its ids with those of the Patient, and check the setting ccd.documents.patientIdRoots",
  "person-contradicts-id": "compare its name, birth date and gender with those of the Patient",
  "second-factor-missing":
    "compare the birth dates of the document and the Patient, and check the setting ccd.documents.secondFactor",
};

function wrongPatient(document: string, { verdict, reason }: Refusal): WrongPatient {
  return new WrongPatient(
    `${document} does not prove to be the patient's (${verdict}: ${reason}); the answer is in quarantine: ${remedies[reason]}`,
  );
}

async function openPossiblyNone(answer: DownloadedAnswer, limits: DocumentLimits): Promise<DownloadedDocument[]> {
  try {
    return (await openDocuments(answer, limits)).documents;
  } catch (error) {
    if (error instanceof DocumentRefused && error.reason === "no-documents") return [];
    throw error;
  }
}

function metadataOf({ title, effectiveTime, encounters, sections }: ClinicalDocument): VerifiedDocument["metadata"] {
  return {
    title: title ?? null,
    encounterIds: encounters.flatMap(({ ids }) => ids.map(({ root, extension }) => extension ?? root ?? "")),
    effectiveTime: effectiveTime?.iso ?? null,
    encounterStart: encounters[0]?.start?.iso ?? null,
    encounterEnd: encounters[0]?.end?.iso ?? null,
    sections: sections.map(({ code, title: heading, hasEntries }) => ({
      code: code?.code ?? null,
      title: heading ?? null,
      hasEntries,
    })),
  };
}
