import * as z from "zod";
import type { CcdOrder } from "#local/simulator/ccd-requests.ts";
import { continuityOfCareDocument } from "#local/simulator/ccda/continuity-of-care-document.ts";
import type { PatientIds } from "#local/simulator/ccda/header.ts";
import type { ApiResource, PatientRecords } from "#local/simulator/patient-records.ts";

/** One document of a request. */
export interface CcdDocument {
  readonly encounterId: string;
  readonly fileName: string;
  /** Local time of the encounter's end, as a ZIP has no time zones. */
  readonly modified: Date;
  readonly xml: string;
}

const periodSchema = z.object({ period: z.object({ start: z.string(), end: z.string() }) });

/** The documents of an order, one per encounter that begins within its dates, the earliest first. */
export function ccdDocuments(
  records: PatientRecords,
  order: CcdOrder,
  settings: { readonly ccdPatientIds: PatientIds },
  recordTargetId?: string,
): CcdDocument[] {
  return records
    .ofPatient(order.patientId)
    .filter(({ type }) => type === "Encounter")
    .map((encounter) => ({ encounter, ...periodOf(encounter) }))
    .filter(({ start }) => isWithin(Date.parse(start), order))
    .toSorted((one, other) => Date.parse(one.start) - Date.parse(other.start))
    .map(({ encounter, end }) => ({
      encounterId: encounter.id,
      fileName: `CCD_${encounter.id}.xml`,
      // Without its offset the text is read as local time, and a ZIP has local time: the bytes are the same everywhere.
      modified: new Date(end.slice(0, "2024-05-06T07:08:09".length)),
      xml: continuityOfCareDocument(records, encounter, settings.ccdPatientIds, recordTargetId),
    }));
}

function periodOf({ line }: ApiResource): { start: string; end: string } {
  return periodSchema.parse(JSON.parse(line)).period;
}

function isWithin(time: number, { start, end }: CcdOrder): boolean {
  return (start === null || time >= start) && (end === null || time <= end);
}
