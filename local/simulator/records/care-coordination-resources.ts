import type {
  Account,
  Appointment,
  ClinicalImpression,
  Coverage,
  DeviceRequest,
  FamilyMemberHistory,
  FhirResource,
  RelatedPerson,
  ServiceRequest,
  Task,
} from "fhir/r4.d.ts";
import {
  CONDITIONS,
  FAMILY_NAMES,
  GIVEN_NAMES,
  LOINC,
  SNOMED,
  TERMINOLOGY,
} from "#local/simulator/records/code-tables.ts";
import type { ResourceBook } from "#local/simulator/records/resource-book.ts";
import type { SeededRandom } from "#local/simulator/records/seeded-random.ts";
import type { SupportingReferences } from "#local/simulator/records/supporting-resources.ts";

/** Literal references to the patient and to the resources that their care is about. */
export interface CareContext {
  readonly ageGroupId: string;
  readonly patient: string;
  readonly encounter: string;
  readonly condition: string;
}

type ContentOf<R extends FhirResource> = Omit<R, "resourceType">;

const RELATIVES = [
  { code: "MTH", display: "mother" },
  { code: "FTH", display: "father" },
  { code: "SIB", display: "sibling" },
] as const;

/** Adds one resource of each of the nine types that the FHIR API serves and no export has. */
export function addCareCoordinationResources(
  book: ResourceBook,
  random: SeededRandom,
  care: CareContext,
  supporting: SupportingReferences,
): void {
  const subject = { reference: care.patient };
  const practitioner = { reference: random.pick(supporting.practitioners) };
  addPayment(book, care, { reference: random.pick(supporting.organizations) });
  addRelatives(book, random, care);
  book.add("ClinicalImpression", null, care.ageGroupId, {
    status: "completed",
    subject,
    encounter: { reference: care.encounter },
    date: "2024-05-06T07:08:09.010Z",
    assessor: practitioner,
    problem: [{ reference: care.condition }],
    summary: "Stable; continue the present treatment – “watchful waiting”.",
  } satisfies ContentOf<ClinicalImpression>);
  addOrders(book, care, practitioner);
}

function addPayment(book: ResourceBook, { ageGroupId, patient }: CareContext, payor: { reference: string }): void {
  const coverage = book.add("Coverage", null, ageGroupId, {
    status: "active",
    type: { coding: [{ system: `${TERMINOLOGY}/v3-ActCode`, code: "EHCPOL", display: "extended healthcare" }] },
    beneficiary: { reference: patient },
    relationship: { coding: [{ system: `${TERMINOLOGY}/subscriber-relationship`, code: "self" }] },
    period: { start: "2020-01-01" },
    payor: [payor],
  } satisfies ContentOf<Coverage>);
  book.add("Account", null, ageGroupId, {
    status: "active",
    type: { coding: [{ system: `${TERMINOLOGY}/v3-ActCode`, code: "PBILLACCT", display: "patient billing account" }] },
    name: "Billing account",
    subject: [{ reference: patient }],
    servicePeriod: { start: "2020-01-01" },
    coverage: [{ coverage: { reference: coverage }, priority: 1 }],
    owner: payor,
  } satisfies ContentOf<Account>);
}

function addRelatives(book: ResourceBook, random: SeededRandom, { ageGroupId, patient }: CareContext): void {
  const relative = random.pick(RELATIVES);
  const relationship = { coding: [{ system: `${TERMINOLOGY}/v3-RoleCode`, ...relative }], text: relative.display };
  book.add("FamilyMemberHistory", null, ageGroupId, {
    status: "completed",
    patient: { reference: patient },
    relationship,
    condition: [{ code: { coding: [{ system: SNOMED, ...random.pick(CONDITIONS) }] } }],
  } satisfies ContentOf<FamilyMemberHistory>);
  book.add("RelatedPerson", null, ageGroupId, {
    active: true,
    patient: { reference: patient },
    relationship: [relationship],
    name: [{ use: "usual", family: random.pick(FAMILY_NAMES), given: [random.pick(GIVEN_NAMES)] }],
    telecom: [{ system: "phone", use: "mobile", value: `(912)555-${random.integer(1000, 9999)}` }],
  } satisfies ContentOf<RelatedPerson>);
}

function addOrders(book: ResourceBook, care: CareContext, practitioner: { reference: string }): void {
  const { ageGroupId } = care;
  const subject = { reference: care.patient };
  const order = { subject, encounter: { reference: care.encounter }, requester: practitioner } as const;
  const serviceRequest = book.add("ServiceRequest", null, ageGroupId, {
    status: "active",
    intent: "order",
    code: { coding: [{ system: LOINC, code: "24323-8", display: "Comprehensive metabolic 2000 panel" }] },
    authoredOn: "2024-05-06T07:08:09.010Z",
    ...order,
  } satisfies ContentOf<ServiceRequest>);
  book.add("DeviceRequest", null, ageGroupId, {
    status: "active",
    intent: "order",
    codeCodeableConcept: { coding: [{ system: SNOMED, code: "43770009", display: "Sphygmomanometer" }] },
    authoredOn: "2024-05-06T07:08:09.010Z",
    ...order,
  } satisfies ContentOf<DeviceRequest>);
  book.add("Task", null, ageGroupId, {
    status: "requested",
    intent: "order",
    description: "Draw blood before the next visit",
    focus: { reference: serviceRequest },
    for: subject,
    authoredOn: "2024-05-06T07:08:09.010Z",
    lastModified: "2024-05-06T07:08:09.010Z",
    owner: practitioner,
  } satisfies ContentOf<Task>);
  book.add("Appointment", null, ageGroupId, {
    status: "booked",
    description: "Follow-up visit",
    start: "2025-02-03T09:30:00-05:00",
    end: "2025-02-03T10:00:00-05:00",
    basedOn: [{ reference: serviceRequest }],
    participant: [
      { actor: subject, status: "accepted" },
      { actor: practitioner, status: "accepted" },
    ],
  } satisfies ContentOf<Appointment>);
}
