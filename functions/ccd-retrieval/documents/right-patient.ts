import type { PatientRules } from "#ccd-retrieval/language/document-settings.ts";
import type { AskedPatient, PatientIdentifier } from "#ccd-retrieval/language/known-patient.ts";
import type { InstanceIdentifier, RecordTarget } from "./clinical-document.ts";
import { comparePersons, type PersonLikeness } from "./demographics.ts";

/**
 * What was found, and by what; no reason holds anything of the patient.
 *
 * - `match`: the document names the patient asked for. Only such a document may be served.
 * - `mismatch`: the document names somebody else, or somebody else as well.
 * - `unproven`: it may be the patient's, but does not prove it.
 */
export type PatientVerdict =
  | { verdict: "match"; reason: "patient-id" | "identifier" | "number-and-person" }
  | { verdict: "mismatch"; reason: "other-id" | "other-person" | "several-patients" }
  | {
      verdict: "unproven";
      reason:
        | "no-record-target"
        | "no-id"
        | "unknown-ids"
        | "ids-contradict"
        | "person-contradicts-id"
        | "second-factor-missing"
        | "several-patients";
    };

/** Social security, Medicare (two kinds), passport, driver's licence and NPI numbers: never an EHR's own patient id. */
const foreignRoots = ["4.1", "4.572", "4.927", "4.330", "4.3", "4.6"].map((branch) => `2.16.840.1.113883.${branch}`);

/** Numbers of the state, by the names that FHIR has for their systems, the guide's own among them. */
const rootsOfSystems: ReadonlyMap<string, string> = new Map([
  ["http://hl7.org/fhir/sid/us-ssn", "2.16.840.1.113883.4.1"],
  ["ssn", "2.16.840.1.113883.4.1"],
  ["http://hl7.org/fhir/sid/us-medicare", "2.16.840.1.113883.4.572"],
  ["http://hl7.org/fhir/sid/us-mbi", "2.16.840.1.113883.4.927"],
]);
/** They are written with hyphens and without. */
const rootsOfTheState: ReadonlySet<string> = new Set(rootsOfSystems.values());

/** Numbers that a family may share (HL7 table 0203): of an account, and of an insurance's member and subscriber. */
const sharedTypes: ReadonlySet<string> = new Set(["AN", "MB", "SN"]);
/** The type of medical record numbers in the same table. */
const recordNumberType = "MR";

/**
 * Decides whether a document is the record of the patient asked for. What an EHR writes into `patientRole/id` is its
 * internal patient id, a medical record number, or both, each as the extension under a root of its own; so an id proves
 * the patient where its extension is the patient id, or where root and extension are one of the patient's identifiers.
 * Some systems of identifiers are no root that a document could have (`202`, in the guide's sample): such a medical record
 * number proves the patient only together with the person. Names, dates of birth and genders alone never prove anybody:
 * they disprove. Where a document has several record targets, each of them must be the patient.
 *
 * Source: HL7 CDA R2, recordTarget; C-CDA R2.1, US Realm Header; guide, "API to Fetch Patient ID", its samples, and "Error
 * Response Payload" of the kick-off, by which a request may be answered with another patient's.
 */
export function rightPatient(
  recordTargets: readonly RecordTarget[],
  asked: AskedPatient,
  rules: PatientRules,
): PatientVerdict {
  const verdicts = recordTargets.map((target) => judge(target, asked, rules));
  const [first] = verdicts;
  if (first === undefined) return { verdict: "unproven", reason: "no-record-target" };
  const worst =
    verdicts.find(({ verdict }) => verdict === "mismatch") ?? verdicts.find(({ verdict }) => verdict === "unproven");
  if (worst === undefined || worst.verdict === "match") return first;
  const another = verdicts.some(({ verdict }) => verdict === "match");
  return another ? { verdict: worst.verdict, reason: "several-patients" } : worst;
}

function judge(target: RecordTarget, asked: AskedPatient, rules: PatientRules): PatientVerdict {
  const person = comparePersons(target, asked.demographics);
  const proof = proofBy(target.ids, person, asked, rules);
  const isAnothers = target.ids.some((id) => isAnother(id, asked, rules));
  if (proof === undefined) {
    if (isAnothers) return { verdict: "mismatch", reason: "other-id" };
    if (person === "different") return { verdict: "mismatch", reason: "other-person" };
    return { verdict: "unproven", reason: target.ids.length === 0 ? "no-id" : "unknown-ids" };
  }
  if (person === "different") return { verdict: "unproven", reason: "person-contradicts-id" };
  if (person === "unknown") {
    // Under a root that may be anybody's, the number may be as well.
    const isWeak = proof === "patient-id" && rules.patientIdRoots === undefined;
    if (isWeak && isAnothers) return { verdict: "unproven", reason: "ids-contradict" };
    if (rules.secondFactor === "required") return { verdict: "unproven", reason: "second-factor-missing" };
  }
  return { verdict: "match", reason: proof };
}

/** The strongest proof that the ids give. */
function proofBy(
  ids: readonly InstanceIdentifier[],
  person: PersonLikeness,
  asked: AskedPatient,
  rules: PatientRules,
): Extract<PatientVerdict, { verdict: "match" }>["reason"] | undefined {
  const own = ownIdentifiers(asked);
  if (ids.some((id) => own.some((identifier) => isIdentifier(id, identifier)))) return "identifier";
  if (ids.some((id) => isPatientId(id, asked.patientId.trim(), rules))) return "patient-id";
  const numbers = rootlessNumbers(asked);
  return person === "same-person" && ids.some((id) => isOneOf(id, numbers, rules)) ? "number-and-person" : undefined;
}

function isPatientId({ root, extension }: InstanceIdentifier, patientId: string, rules: PatientRules): boolean {
  if (root === undefined || patientId === "") return false;
  // A UUID may be an identifier by itself.
  if (extension === undefined) return rules.patientIdRoots === undefined && normalRoot(root) === normalRoot(patientId);
  return extension === patientId && mayBeOurs(root, rules);
}

/** Whether the server may write its own numbers under this root. */
function mayBeOurs(root: string, { patientIdRoots }: PatientRules): boolean {
  if (patientIdRoots === undefined) return !isForeign(normalRoot(root));
  return patientIdRoots.some((accepted) => normalRoot(accepted) === normalRoot(root));
}

function isIdentifier({ root, extension }: InstanceIdentifier, known: PatientIdentifier): boolean {
  if (root === undefined || extension === undefined || !isOfSystem(root, known)) return false;
  return rootsOfTheState.has(normalRoot(root)) ? isSameNumber(extension, known.value) : extension === known.value;
}

function isOneOf({ root, extension }: InstanceIdentifier, numbers: readonly string[], rules: PatientRules): boolean {
  return root !== undefined && extension !== undefined && numbers.includes(extension) && mayBeOurs(root, rules);
}

/** Whether an id is of a kind of which the patient's own is known, and is not the patient's, however it is written. */
function isAnother({ root, extension }: InstanceIdentifier, asked: AskedPatient, rules: PatientRules): boolean {
  if (root === undefined || extension === undefined || !identifies(extension)) return false;
  const ofThisKind = ownIdentifiers(asked)
    .filter((identifier) => isOfSystem(root, identifier))
    .map(({ value }) => value);
  const isOurRoot = rules.patientIdRoots !== undefined && mayBeOurs(root, rules);
  const known = isOurRoot ? [...ofThisKind, asked.patientId.trim(), ...rootlessNumbers(asked)] : ofThisKind;
  return known.length > 0 && !known.some((value) => isSameNumber(value, extension));
}

/** The identifiers that say who the patient is, and nobody else. */
function ownIdentifiers({ identifiers }: AskedPatient): PatientIdentifier[] {
  return identifiers.filter(({ value, types }) => identifies(value) && !types.some((type) => sharedTypes.has(type)));
}

/** Medical record numbers of which no root is known. */
function rootlessNumbers(asked: AskedPatient): string[] {
  return ownIdentifiers(asked)
    .filter(({ system, types }) => types.includes(recordNumberType) && (system === null || !isRoot(normalRoot(system))))
    .map(({ value }) => value);
}

function isOfSystem(root: string, { system }: PatientIdentifier): boolean {
  return system !== null && normalRoot(system) === normalRoot(root);
}

function isForeign(root: string): boolean {
  return foreignRoots.some((foreign) => root === foreign || root.startsWith(`${foreign}.`));
}

/** Whether a number says who it is: not masked (`***-**-1234`, `XXX-XX-1234`), not a filler (`000-00-0000`, `N/A`). */
function identifies(value: string): boolean {
  const signs = signsOf(value);
  return !/[*#?•]|x{3}/i.test(value) && new Set(signs).size > 1 && /\d/.test(signs);
}

const isSameNumber = (one: string, other: string): boolean => signsOf(one) === signsOf(other);

function signsOf(value: string): string {
  return value.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** A root as it is compared: `2.16.840…`, a UUID in lower case; FHIR's ways of writing it are undone. */
function normalRoot(root: string): string {
  const plain = root.trim().toLowerCase();
  return rootsOfSystems.get(plain) ?? plain.replace(/^urn:(?:oid|uuid):/, "");
}

/** Whether a document can have it for a root (HL7 V3 Data Types, II: an OID or a UUID). */
function isRoot(normal: string): boolean {
  return /^[0-2](?:\.\d+)+$/.test(normal) || /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(normal);
}
