import {
  functionalStatus,
  mentalStatus,
  results,
  socialHistory,
  vitalSigns,
} from "#local/simulator/ccd/ccda/finding-sections.ts";
import { header, type PatientIds } from "#local/simulator/ccd/ccda/header.ts";
import {
  assessment,
  careTeam,
  clinicalNotes,
  encounters,
  goals,
  planOfTreatment,
} from "#local/simulator/ccd/ccda/plan-sections.ts";
import { allergies, familyHistory, healthConcerns, problems } from "#local/simulator/ccd/ccda/problem-sections.ts";
import { PATIENT } from "#local/simulator/ccd/ccda/record-kinds.ts";
import {
  immunizations,
  medicalEquipment,
  medications,
  procedures,
} from "#local/simulator/ccd/ccda/treatment-sections.ts";
import { visitRecordOf } from "#local/simulator/ccd/ccda/visit-record.ts";
import { xml } from "#local/simulator/ccd/ccda/xml-text.ts";
import type { ApiResource, PatientRecords } from "#local/simulator/records/patient-records.ts";

/** One section for each data class of the guide's list, except demographics, which are in the header. */
const SECTIONS = [
  allergies,
  medications,
  problems,
  procedures,
  results,
  vitalSigns,
  immunizations,
  socialHistory,
  familyHistory,
  functionalStatus,
  mentalStatus,
  assessment,
  planOfTreatment,
  goals,
  healthConcerns,
  careTeam,
  medicalEquipment,
  encounters,
  clinicalNotes,
] as const;

/**
 * The Continuity of Care Document (C-CDA R2.1) of an encounter. The same records give the same text.
 * `recordTargetId` puts another patient into the recordTarget, which only an attack does.
 */
export function continuityOfCareDocument(
  records: PatientRecords,
  encounter: ApiResource,
  ids: PatientIds,
  recordTargetId?: string,
): string {
  const visit = visitRecordOf(records, encounter);
  const target =
    recordTargetId === undefined ? visit.patient : visit.follow(PATIENT, { reference: `Patient/${recordTargetId}` });
  const document = xml`<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
${header(visit, target, ids)}<component><structuredBody>
${SECTIONS.map((section) => section(visit))}</structuredBody></component>
</ClinicalDocument>
`;
  return document.text;
}
