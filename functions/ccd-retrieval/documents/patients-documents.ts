import { WrongPatient } from "#ccd-retrieval/language/ccd-faults.ts";
import type { CcdDocument } from "#ccd-retrieval/language/ccd-request.ts";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import type { DocumentSettings } from "#ccd-retrieval/language/document-settings.ts";
import type { AskedPatient } from "#ccd-retrieval/language/known-patient.ts";
import type { DownloadedAnswer } from "./byte-source.ts";
import { type ClinicalDocument, readClinicalDocument } from "./clinical-document.ts";
import { type DocumentLimits, limitsOf } from "./limits.ts";
import { type DownloadedDocument, openDocuments } from "./open-documents.ts";
import { type PatientVerdict, rightPatient } from "./right-patient.ts";

/** A document that was read to its end and proven to be the patient's, and what it says of itself. */
export interface PatientsDocument extends Pick<DownloadedDocument, "number" | "bytes" | "chunks"> {
  about: Omit<CcdDocument, "number" | "key" | "bytes">;
}

/**
 * Every document of an answer, each of them judged before any is given: one that is not the patient's spoils them all. An
 * archive without documents is a fine answer.
 *
 * @throws DocumentRefused where the answer or a document is not to be opened
 * @throws WrongPatient where a document does not prove to be the patient's; the message says nothing of either, but what
 * to look at
 */
export async function readPatientsDocuments(
  answer: DownloadedAnswer,
  asked: AskedPatient,
  settings: DocumentSettings,
): Promise<PatientsDocument[]> {
  const limits = limitsOf(settings);
  const documents = await openedDocuments(answer, limits);
  const read: PatientsDocument[] = [];
  for (const opened of documents) {
    const { number, bytes } = opened;
    const { document, recordTargets } = await readClinicalDocument(opened.chunks(), limits.xml);
    const verdict = rightPatient(recordTargets, asked, settings);
    if (verdict.verdict !== "match") throw wrongPatient(`document ${number} of ${documents.length}`, verdict);
    read.push({ number, bytes, chunks: () => opened.chunks(), about: metadataOf(document) });
  }
  return read;
}

type Refusal = Exclude<PatientVerdict, { verdict: "match" }>;

const whatToLookAt: Record<Refusal["reason"], string> = {
  "other-id": "its ids beside those of the Patient",
  "other-person": "its name, birth date and gender beside those of the Patient",
  "several-patients": "its record targets: each must be the patient",
  "no-record-target": "whether the server writes any recordTarget",
  "no-id": "whether the server writes any id of the patient",
  "unknown-ids": "its ids, and the setting ccd.documents.patientIdRoots",
  "ids-contradict": "its ids beside those of the Patient, and the setting ccd.documents.patientIdRoots",
  "person-contradicts-id": "its name, birth date and gender beside those of the Patient",
  "second-factor-missing": "the birth dates of document and Patient, and the setting ccd.documents.secondFactor",
};

function wrongPatient(document: string, { verdict, reason }: Refusal): WrongPatient {
  return new WrongPatient(
    `${document} does not prove to be the patient's (${verdict}: ${reason}); the answer is in quarantine: look at ${whatToLookAt[reason]}`,
  );
}

async function openedDocuments(answer: DownloadedAnswer, limits: DocumentLimits): Promise<DownloadedDocument[]> {
  try {
    return (await openDocuments(answer, limits)).documents;
  } catch (error) {
    if (error instanceof DocumentRefused && error.reason === "no-documents") return [];
    throw error;
  }
}

function metadataOf({ title, effectiveTime, encounters, sections }: ClinicalDocument): PatientsDocument["about"] {
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
