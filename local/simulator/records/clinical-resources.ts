import * as codes from "#local/simulator/records/code-tables.ts";
import { addObservations, type VisitContext } from "#local/simulator/records/observations.ts";
import { decimal, type ResourceBook, type ResourceContent } from "#local/simulator/records/resource-book.ts";
import type { SeededRandom } from "#local/simulator/records/seeded-random.ts";
import type { SupportingReferences } from "#local/simulator/records/supporting-resources.ts";

/** Adds the resources of one visit: everything in the patient's compartment except the patient. */
export function addClinicalResources(
  book: ResourceBook,
  random: SeededRandom,
  ageGroupId: string,
  patient: string,
  supporting: SupportingReferences,
): void {
  const practitioner = random.pick(supporting.practitioners);
  const time = `20${random.integer(20, 24)}-0${random.integer(1, 9)}-1${random.integer(0, 9)}T09:30:00-05:00`;
  const encounter = addEncounter(book, random, { ageGroupId, patient, practitioner, time }, supporting);
  const visit: VisitContext = { ageGroupId, patient, encounter, practitioner, time };
  const condition = addProblems(book, random, visit);
  addReports(book, random, visit, supporting);
  addTreatment(book, random, visit, supporting);
  addPlans(book, visit, condition);
  for (const target of [patient, condition]) {
    book.add("Provenance", "us-core-provenance", ageGroupId, {
      target: [{ reference: target }],
      recorded: "2024-05-06T07:08:09.010Z",
      agent: [{ who: { reference: practitioner }, onBehalfOf: { reference: random.pick(supporting.organizations) } }],
    });
  }
}

function addEncounter(
  book: ResourceBook,
  random: SeededRandom,
  visit: Omit<VisitContext, "encounter">,
  supporting: SupportingReferences,
): string {
  return book.add("Encounter", "us-core-encounter", visit.ageGroupId, {
    status: "finished",
    class: { system: `${codes.TERMINOLOGY}/v3-ActCode`, code: "AMB", display: "ambulatory" },
    type: [concept(codes.SNOMED, { code: "185349003", display: "Encounter for check up" })],
    subject: { reference: visit.patient },
    participant: [{ individual: { reference: visit.practitioner } }],
    period: { start: visit.time, end: visit.time.replace("T09", "T10") },
    location: [{ location: { reference: random.pick(supporting.locations) } }],
  });
}

function addProblems(book: ResourceBook, random: SeededRandom, visit: VisitContext): string {
  const condition = book.add("Condition", "us-core-condition", visit.ageGroupId, {
    clinicalStatus: status("condition-clinical", "active"),
    verificationStatus: status("condition-ver-status", "confirmed"),
    category: [status("condition-category", "problem-list-item")],
    code: concept(codes.SNOMED, random.pick(codes.CONDITIONS)),
    subject: { reference: visit.patient },
    onsetDateTime: visit.time,
  });
  book.add("AllergyIntolerance", "us-core-allergyintolerance", visit.ageGroupId, {
    clinicalStatus: status("allergyintolerance-clinical", "active"),
    verificationStatus: status("allergyintolerance-verification", "confirmed"),
    code: concept(codes.SNOMED, random.pick(codes.ALLERGIES)),
    patient: { reference: visit.patient },
  });
  book.add("Procedure", "us-core-procedure", visit.ageGroupId, {
    status: "completed",
    code: concept(codes.SNOMED, random.pick(codes.PROCEDURES)),
    subject: { reference: visit.patient },
    encounter: { reference: visit.encounter },
    performedDateTime: visit.time,
  });
  if (random.chance(0.3)) {
    book.add("Device", "us-core-implantable-device", visit.ageGroupId, {
      udiCarrier: [{ deviceIdentifier: "09504000059118" }],
      type: concept(codes.SNOMED, random.pick(codes.DEVICES)),
      patient: { reference: visit.patient },
    });
  }
  return condition;
}

function addReports(
  book: ResourceBook,
  random: SeededRandom,
  visit: VisitContext,
  supporting: SupportingReferences,
): void {
  const results = addObservations(book, random, visit);
  book.add("DiagnosticReport", "us-core-diagnosticreport-lab", visit.ageGroupId, {
    status: "final",
    category: [status("v2-0074", "LAB")],
    code: concept(codes.LOINC, { code: "24323-8", display: "Comprehensive metabolic 2000 panel" }),
    subject: { reference: visit.patient },
    effectiveDateTime: visit.time,
    issued: "2024-05-06T07:08:09.010Z",
    performer: [{ reference: random.pick(supporting.organizations) }],
    result: results.map((reference) => ({ reference })),
  });
  const note = random.pick(codes.NOTES);
  book.add("DocumentReference", "us-core-documentreference", visit.ageGroupId, {
    status: "current",
    type: concept(codes.LOINC, note),
    subject: { reference: visit.patient },
    date: "2024-05-06T07:08:09.010Z",
    author: [{ reference: visit.practitioner }],
    content: [
      {
        attachment: {
          contentType: "text/plain; charset=utf-8",
          data: Buffer.from(`${note.display} für ${visit.patient}: 日本語, żółw.`).toString("base64"),
        },
      },
    ],
    context: { encounter: [{ reference: visit.encounter }] },
  });
}

function addTreatment(
  book: ResourceBook,
  random: SeededRandom,
  visit: VisitContext,
  supporting: SupportingReferences,
): void {
  book.add("MedicationRequest", "us-core-medicationrequest", visit.ageGroupId, {
    status: "active",
    intent: "order",
    medicationReference: { reference: random.pick(supporting.medications) },
    subject: { reference: visit.patient },
    encounter: { reference: visit.encounter },
    authoredOn: visit.time,
    requester: { reference: visit.practitioner },
    dosageInstruction: [{ text: "1½ tablets daily", doseAndRate: [{ doseQuantity: { value: decimal(1.5, 2) } }] }],
  });
  book.add("Immunization", "us-core-immunization", visit.ageGroupId, {
    status: "completed",
    vaccineCode: concept(codes.CVX, random.pick(codes.VACCINES)),
    patient: { reference: visit.patient },
    occurrenceDateTime: visit.time,
    primarySource: true,
    doseQuantity: { value: decimal(0.5, 2), unit: "mL", system: codes.UCUM, code: "mL" },
  });
}

function addPlans(book: ResourceBook, visit: VisitContext, condition: string): void {
  const goal = book.add("Goal", "us-core-goal", visit.ageGroupId, {
    lifecycleStatus: "active",
    description: { text: "Keep the hemoglobin A1c below 7.00 %" },
    subject: { reference: visit.patient },
    addresses: [{ reference: condition }],
  });
  const team = book.add("CareTeam", "us-core-careteam", visit.ageGroupId, {
    status: "active",
    subject: { reference: visit.patient },
    participant: [{ role: [{ text: "Physician" }], member: { reference: visit.practitioner } }],
  });
  book.add("CarePlan", "us-core-careplan", visit.ageGroupId, {
    text: { status: "generated", div: '<div xmlns="http://www.w3.org/1999/xhtml">Follow up – q3 months</div>' },
    status: "active",
    intent: "plan",
    category: [
      { coding: [{ system: "http://hl7.org/fhir/us/core/CodeSystem/careplan-category", code: "assess-plan" }] },
    ],
    subject: { reference: visit.patient },
    careTeam: [{ reference: team }],
    goal: [{ reference: goal }],
  });
}

function concept(system: string, coded: codes.CodedConcept): ResourceContent {
  return { coding: [{ system, code: coded.code, display: coded.display }], text: coded.display };
}

function status(codeSystem: string, code: string): ResourceContent {
  return { coding: [{ system: `${codes.TERMINOLOGY}/${codeSystem}`, code }] };
}
