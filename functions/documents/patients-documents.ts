import { WrongPatient } from "#contracts/ccd-faults.ts";
import type { CcdDocument } from "#contracts/ccd-request.ts";
import { DocumentRefused } from "#contracts/document-faults.ts";
import type { DownloadedAnswer } from "./byte-source.ts";
import { type ClinicalDocument, readClinicalDocument } from "./clinical-document.ts";
import { type DownloadedDocument, openDocuments } from "./open-documents.ts";
import { type AskedPatient, rightPatient } from "./right-patient.ts";

/** A document that was read to its end and proven to be the patient's, and what it says of itself. */
export interface PatientsDocument extends Pick<DownloadedDocument, "number" | "bytes" | "chunks"> {
  about: Omit<CcdDocument, "number" | "key" | "bytes">;
}

/**
 * Every document of an answer, each of them judged before any is given: one that is not the patient's spoils them all. An
 * archive without documents is a fine answer.
 *
 * @throws DocumentRefused where the answer or a document is not to be opened
 * @throws WrongPatient where a document does not prove to be the patient's; the message says nothing of either
 */
export async function readPatientsDocuments(
  answer: DownloadedAnswer,
  asked: AskedPatient,
): Promise<PatientsDocument[]> {
  const documents = await openedDocuments(answer);
  const read: PatientsDocument[] = [];
  for (const opened of documents) {
    const { number, bytes } = opened;
    const { document, recordTargets } = await readClinicalDocument(opened.chunks());
    const { verdict, reason } = rightPatient(recordTargets, asked);
    if (verdict !== "match") {
      throw new WrongPatient(
        `document ${number} of ${documents.length} does not prove to be the patient's (${verdict}: ${reason})`,
      );
    }
    read.push({ number, bytes, chunks: () => opened.chunks(), about: metadataOf(document) });
  }
  return read;
}

async function openedDocuments(answer: DownloadedAnswer): Promise<DownloadedDocument[]> {
  try {
    return (await openDocuments(answer)).documents;
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
