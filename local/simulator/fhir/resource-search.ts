import * as z from "zod";
import { invalidSearchParameters, outsideValueSet, type Reply } from "#local/simulator/http/http-reply.ts";
import type { ApiResource } from "#local/simulator/records/patient-records.ts";
import type { ApiType } from "#local/simulator/records/resource-types.ts";

/** The types outside of every patient's compartment. They lack the search parameter `patient`. */
const WITHOUT_PATIENT: ReadonlySet<ApiType> = new Set<ApiType>([
  "Location",
  "Medication",
  "Organization",
  "Patient",
  "Practitioner",
  "PractitionerRole",
]);

const REQUEST_STATUS = "draft active on-hold revoked completed entered-in-error unknown";

/** The value sets of `status` in FHIR R4, for the types that have this search parameter. */
const STATUS_VALUES: Partial<Record<ApiType, string>> = {
  Account: "active inactive entered-in-error on-hold unknown",
  Appointment: "proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in waitlist",
  CarePlan: REQUEST_STATUS,
  CareTeam: "proposed active suspended inactive entered-in-error",
  ClinicalImpression: "in-progress completed entered-in-error",
  Coverage: "active cancelled draft entered-in-error",
  DeviceRequest: REQUEST_STATUS,
  Device: "active inactive entered-in-error unknown",
  DiagnosticReport:
    "registered partial preliminary final amended corrected appended cancelled entered-in-error unknown",
  DocumentReference: "current superseded entered-in-error",
  Encounter: "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown",
  FamilyMemberHistory: "partial completed entered-in-error health-unknown",
  Immunization: "completed entered-in-error not-done",
  Location: "active suspended inactive",
  Medication: "active inactive entered-in-error",
  MedicationRequest: "active on-hold cancelled completed entered-in-error stopped draft unknown",
  Observation: "registered preliminary final amended corrected cancelled entered-in-error unknown",
  Procedure: "preparation in-progress not-done on-hold stopped completed entered-in-error unknown",
  ServiceRequest: REQUEST_STATUS,
  Task: "draft requested received accepted rejected ready cancelled in-progress on-hold failed completed entered-in-error",
};

const conceptSchema = z.looseObject({
  coding: z.array(z.looseObject({ system: z.string().optional(), code: z.string().optional() })).default([]),
});
const searchedSchema = z.looseObject({
  status: z.string().optional(),
  category: z.array(conceptSchema).catch([]),
  code: conceptSchema.optional().catch(undefined),
});

type Searched = z.infer<typeof searchedSchema>;
type Matcher = (resource: Searched, value: string) => boolean;

const TOKENS: ReadonlyMap<string, Matcher> = new Map<string, Matcher>([
  ["status", ({ status }, value) => status === value],
  ["category", ({ category }, value) => category.some((concept) => hasToken(concept, value))],
  ["code", ({ code }, value) => code !== undefined && hasToken(code, value)],
]);

const TYPES_WITH_CATEGORY: ReadonlySet<ApiType> = new Set<ApiType>([
  "CarePlan",
  "Condition",
  "DiagnosticReport",
  "DocumentReference",
  "Observation",
  "ServiceRequest",
]);
const TYPES_WITH_CODE: ReadonlySet<ApiType> = new Set<ApiType>([
  "AllergyIntolerance",
  "Condition",
  "DiagnosticReport",
  "Medication",
  "Observation",
  "Procedure",
  "ServiceRequest",
]);

/** Refuses unknown parameters with 400 and a status outside of its value set with 403 (guide: both examples). */
export function wrongResourceParameters(type: ApiType, parameters: URLSearchParams): Reply | null {
  const known = parametersOf(type);
  const unknown = [...new Set(parameters.keys())].filter((name) => !known.includes(name));
  if (unknown.length > 0) return invalidSearchParameters(unknown);
  if (parameters.getAll("_count").some((count) => !/^[1-9]\d{0,3}$/.test(count))) {
    return invalidSearchParameters(["_count"]);
  }
  const values = (STATUS_VALUES[type] ?? "").split(" ");
  const statuses = parameters.getAll("status").flatMap((list) => list.split(","));
  return statuses.some((status) => !values.includes(status)) ? outsideValueSet("status") : null;
}

/** True if the resource matches every parameter. A comma in a value means "or". */
export function isResourceMatch({ id, patientId, line }: ApiResource, parameters: URLSearchParams): boolean {
  let parsed: Searched | null = null;
  return [...parameters].every(([name, list]) => {
    if (name === "_count") return true;
    const alternatives = list.split(",");
    if (name === "_id") return alternatives.includes(id);
    if (name === "patient") return alternatives.some((value) => value.replace(/^Patient\//, "") === patientId);
    parsed ??= searchedSchema.parse(JSON.parse(line));
    const resource = parsed;
    return alternatives.some((value) => TOKENS.get(name)?.(resource, value) === true);
  });
}

function parametersOf(type: ApiType): string[] {
  return [
    "_id",
    "_count",
    ...(WITHOUT_PATIENT.has(type) ? [] : ["patient"]),
    ...(STATUS_VALUES[type] === undefined ? [] : ["status"]),
    ...(TYPES_WITH_CATEGORY.has(type) ? ["category"] : []),
    ...(TYPES_WITH_CODE.has(type) ? ["code"] : []),
  ];
}

/** Token search: "code" or "system|code" (https://hl7.org/fhir/R4/search.html#token). */
function hasToken({ coding }: z.infer<typeof conceptSchema>, token: string): boolean {
  const [code = "", system] = token.split("|").toReversed();
  return coding.some((one) => one.code === code && (system === undefined || one.system === system));
}
