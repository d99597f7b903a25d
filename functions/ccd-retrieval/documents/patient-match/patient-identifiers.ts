import type { InstanceIdentifier } from "#ccd-retrieval/documents/c-cda/hl7-values.ts";
import type { PatientRules } from "#ccd-retrieval/language/document-settings.ts";
import type { PatientIdentifier, RequestedPatient } from "#ccd-retrieval/language/known-patient.ts";
import { likenessOf, type PersonDetails } from "./compare-persons.ts";

/*
 * Which ids of a document prove the requested patient, and which are another patient's.
 *
 * An EHR writes its internal patient id into `patientRole/id`, or a medical record number, or both. Each is the extension
 * under a root of its own.
 */

/**
 * The proof that an id gives.
 *
 * - `identifier`: root and extension are one of the Patient's identifiers.
 * - `patient-id`: the extension is the patient id.
 * - `patient-id-and-person`: the extension is the patient id, under a root of numbers that no EHR issues. The id alone
 *   proves nothing there. The date of birth is the same, to the day, and so is a name. EHRs write their own ids under the root of social
 *   security numbers.
 * - `number-and-person`: the extension is a medical record number of the Patient, and the person is the same too. Some systems
 *   of identifiers are not a root that a document could have (`202` in the guide's sample), so such a number needs the person.
 */
export type IdProof = "patient-id" | "identifier" | "patient-id-and-person" | "number-and-person";

/**
 * Roots of social security, Medicare (two kinds), passport, driver's license and NPI numbers, which no EHR issues. Each country
 * has a root of its own for passports, and each state for licenses. A longer root is another one: some EHRs make their own roots
 * below the NPI of a clinic.
 *
 * Source: HL7's OID registry, below 2.16.840.1.113883.4.
 */
const issuedElsewhere = /^2\.16\.840\.1\.113883\.4\.(?:1|572|927|6|(?:330|3)(?:\.\d{1,3})?)$/;

/** The roots of government numbers, by FHIR's names for their systems and the guide's own. */
const rootsBySystem: ReadonlyMap<string, string> = new Map([
  ["http://hl7.org/fhir/sid/us-ssn", "2.16.840.1.113883.4.1"],
  ["ssn", "2.16.840.1.113883.4.1"],
  ["http://hl7.org/fhir/sid/us-medicare", "2.16.840.1.113883.4.572"],
  ["http://hl7.org/fhir/sid/us-mbi", "2.16.840.1.113883.4.927"],
]);
/** These numbers are written with and without hyphens. */
const governmentRoots: ReadonlySet<string> = new Set(rootsBySystem.values());

/** Types of numbers that a family may share (HL7 table 0203): account, insurance member and insurance subscriber. */
const sharedTypes: ReadonlySet<string> = new Set(["AN", "MB", "SN"]);
/** The type of medical record numbers in the same table. */
const recordNumberType = "MR";

/** Returns the strongest proof that the ids of a document give; undefined if they give none. */
export function proveById(
  ids: readonly InstanceIdentifier[],
  details: PersonDetails,
  patient: RequestedPatient,
  rules: PatientRules,
): IdProof | undefined {
  const person = likenessOf(details);
  const own = personalIdentifiers(patient);
  if (ids.some((id) => own.some((identifier) => isIdentifier(id, identifier)))) return "identifier";
  if (ids.some((id) => isPatientId(id, patient.patientId.trim(), rules))) return "patient-id";
  if (isPersonWithName(details) && namesOnlyPatient(ids, patient, rules)) return "patient-id-and-person";
  const numbers = rootlessNumbers(patient);
  return person === "same-person" && ids.some((id) => isOneOf(id, numbers, rules)) ? "number-and-person" : undefined;
}

/**
 * Whether an id is of a kind that the patient is known to have, and is not the patient's own in any spelling. The patient id under
 * a root that no EHR issues does not contradict the patient.
 */
export function belongsToAnother(id: InstanceIdentifier, patient: RequestedPatient, rules: PatientRules): boolean {
  const { root, extension } = id;
  if (root === undefined || extension === undefined || !isMeaningful(extension)) return false;
  if (isIssuedElsewhere(normaliseRoot(root)) && hasPatientId(id, patient)) return false;
  const ofThisKind = personalIdentifiers(patient)
    .filter((identifier) => isOfSystem(root, identifier))
    .map(({ value }) => value);
  const isServersRoot = rules.patientIdRoots !== undefined && mayBeServersRoot(root, rules);
  const known = isServersRoot ? [...ofThisKind, patient.patientId.trim(), ...rootlessNumbers(patient)] : ofThisKind;
  return known.length > 0 && !known.some((value) => isSameNumber(value, extension));
}

function isPatientId({ root, extension }: InstanceIdentifier, patientId: string, rules: PatientRules): boolean {
  if (root === undefined || patientId === "") return false;
  // A UUID can be an identifier without an extension.
  if (extension === undefined)
    return rules.patientIdRoots === undefined && normaliseRoot(root) === normaliseRoot(patientId);
  return extension === patientId && mayBeServersRoot(root, rules);
}

/** Whether the date of birth is the same, to the day, and a name too, and nothing makes the person another one. */
function isPersonWithName(details: PersonDetails): boolean {
  const person = likenessOf(details);
  const isBornAlike = person === "same-person" || person === "same-birth";
  return isBornAlike && (details.family === "same" || details.given === "same");
}

/**
 * Whether an id is the patient id, under a root of numbers that no EHR issues, and no id belongs to another patient. A twin has the
 * same day of birth and the same family name.
 */
function namesOnlyPatient(ids: readonly InstanceIdentifier[], patient: RequestedPatient, rules: PatientRules): boolean {
  const underOtherRoots = ids.filter(({ root }) => root !== undefined && isIssuedElsewhere(normaliseRoot(root)));
  const namesPatient = underOtherRoots.some((id) => hasPatientId(id, patient));
  return namesPatient && !ids.some((id) => belongsToAnother(id, patient, rules));
}

/** Whether an id has the patient id as its extension, under any root. */
function hasPatientId({ root, extension }: InstanceIdentifier, { patientId }: RequestedPatient): boolean {
  return root !== undefined && extension !== undefined && extension === patientId.trim();
}

/** Whether the server may write its own numbers under this root. */
function mayBeServersRoot(root: string, { patientIdRoots }: PatientRules): boolean {
  if (patientIdRoots === undefined) return !isIssuedElsewhere(normaliseRoot(root));
  return patientIdRoots.some((accepted) => normaliseRoot(accepted) === normaliseRoot(root));
}

function isIdentifier({ root, extension }: InstanceIdentifier, known: PatientIdentifier): boolean {
  if (root === undefined || extension === undefined || !isOfSystem(root, known)) return false;
  return governmentRoots.has(normaliseRoot(root)) ? isSameNumber(extension, known.value) : extension === known.value;
}

function isOneOf({ root, extension }: InstanceIdentifier, numbers: readonly string[], rules: PatientRules): boolean {
  return root !== undefined && extension !== undefined && numbers.includes(extension) && mayBeServersRoot(root, rules);
}

/** The identifiers that no other person shares. */
function personalIdentifiers({ identifiers }: RequestedPatient): PatientIdentifier[] {
  return identifiers.filter(({ value, types }) => isMeaningful(value) && !types.some((type) => sharedTypes.has(type)));
}

/** Medical record numbers without a known root. */
function rootlessNumbers(patient: RequestedPatient): string[] {
  return personalIdentifiers(patient)
    .filter(
      ({ system, types }) => types.includes(recordNumberType) && (system === null || !isRoot(normaliseRoot(system))),
    )
    .map(({ value }) => value);
}

function isOfSystem(root: string, { system }: PatientIdentifier): boolean {
  return system !== null && normaliseRoot(system) === normaliseRoot(root);
}

/** Whether a normalised root is that of numbers which no EHR issues. */
export function isIssuedElsewhere(root: string): boolean {
  return issuedElsewhere.test(root);
}

/** Whether a number can identify a person: it is neither masked (`***-**-1234`, `XXX-XX-1234`) nor a filler (`000-00-0000`, `N/A`). */
function isMeaningful(value: string): boolean {
  const characters = lettersAndDigits(value);
  return !/[*#?•]|x{3}/i.test(value) && new Set(characters).size > 1 && /\d/.test(characters);
}

const isSameNumber = (one: string, other: string): boolean => lettersAndDigits(one) === lettersAndDigits(other);

function lettersAndDigits(value: string): string {
  return value.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** The form in which roots are compared: `2.16.840…`, or a UUID in lower case, without FHIR's prefixes. */
export function normaliseRoot(root: string): string {
  const plain = root.trim().toLowerCase();
  return rootsBySystem.get(plain) ?? plain.replace(/^urn:(?:oid|uuid):/, "");
}

/** Whether a document can have it as a root: an OID or a UUID (HL7 V3 Data Types, II). */
function isRoot(normalised: string): boolean {
  return /^[0-2](?:\.\d+)+$/.test(normalised) || /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(normalised);
}
