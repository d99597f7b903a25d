import * as z from "zod";
import { continuityOfCareDocument } from "#local/simulator/ccd/ccda/continuity-of-care-document.ts";
import type { PatientIds } from "#local/simulator/ccd/ccda/header.ts";
import type { CcdCriteria } from "#local/simulator/ccd/server-requests.ts";
import type { ApiResource, PatientRecords } from "#local/simulator/records/patient-records.ts";

/** One document of a request. */
export interface CcdDocument {
  readonly encounterId: string;
  readonly fileName: string;
  /** Local time of the encounter's end, as a ZIP has no time zones. */
  readonly modified: Date;
  readonly xml: string;
}

const periodSchema = z.object({ period: z.object({ start: z.string(), end: z.string() }) });

/** The documents for the criteria: one for each encounter that begins within the dates, the earliest first. */
export function ccdDocuments(
  records: PatientRecords,
  criteria: CcdCriteria,
  settings: { readonly ccdPatientIds: PatientIds },
  recordTargetId?: string,
): CcdDocument[] {
  return records
    .ofPatient(criteria.patientId)
    .filter(({ type }) => type === "Encounter")
    .map((encounter) => ({ encounter, ...periodOf(encounter) }))
    .filter(({ start }) => isWithin(Date.parse(start), criteria))
    .toSorted((one, other) => Date.parse(one.start) - Date.parse(other.start))
    .map(({ encounter, end }) => ({
      encounterId: encounter.id,
      fileName: `CCD_${encounter.id}.xml`,
      // Without its offset the text is read as local time. A ZIP has local time, so the bytes are the same everywhere.
      modified: new Date(end.slice(0, "2024-05-06T07:08:09".length)),
      xml: continuityOfCareDocument(records, encounter, settings.ccdPatientIds, recordTargetId),
    }));
}

function periodOf({ line }: ApiResource): { start: string; end: string } {
  return periodSchema.parse(JSON.parse(line)).period;
}

function isWithin(time: number, { start, end }: CcdCriteria): boolean {
  return (start === null || time >= start) && (end === null || time <= end);
}
