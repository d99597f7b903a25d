import type { InstanceIdentifier, RecordTarget } from "./clinical-document.ts";
import { comparePersons, type Demographics } from "./demographics.ts";

/** The patient that documents were asked for, and what is known of them: the more, the better the proof. */
export interface AskedPatient {
  /** The id that the request was made for: the server's `Patient.id`. */
  patientId: string;
  /** `Patient.identifier`, as the server gives it: medical record number and the like. */
  identifiers?: readonly { system: string; value: string }[];
  demographics?: Demographics;
}

/** How a document must name its patient. */
export interface PatientRules {
  /**
   * The roots under which the server writes its patient id into documents, as OIDs or UUIDs. Undefined: any root, but for
   * those of numbers that others give (`foreignRoots`), since the guide names none. Set it as soon as one is known: a
   * number that another clinic gave another patient is then never taken for ours.
   */
  patientIdRoots: readonly string[] | undefined;
  /**
   * The person, after the id. `where-known`: what is known of both must not contradict itself. `required`: the date of
   * birth must be known of both, and be the same.
   */
  secondFactor: "where-known" | "required";
}

export const defaultPatientRules: PatientRules = { patientIdRoots: undefined, secondFactor: "where-known" };

/**
 * What was found, and by what; no reason holds anything of the patient.
 *
 * - `match`: the document names the patient asked for. Only such a document may be served.
 * - `mismatch`: the document names somebody else, or somebody else as well.
 * - `unproven`: it may be the patient's, but does not prove it.
 */
export type PatientVerdict =
  | { verdict: "match"; reason: "patient-id" | "identifier" }
  | { verdict: "mismatch"; reason: "other-id" | "other-person" | "several-patients" }
  | {
      verdict: "unproven";
      reason:
        | "no-record-target"
        | "no-id"
        | "unknown-ids"
        | "person-contradicts-id"
        | "second-factor-missing"
        | "several-patients";
    };

/** Social security, Medicare (two kinds), passport, driver's licence and NPI numbers: never an EHR's own patient id. */
const foreignRoots = ["4.1", "4.572", "4.927", "4.330", "4.3", "4.6"].map((branch) => `2.16.840.1.113883.${branch}`);

/** Systems of FHIR that are written as URLs, and the root that CDA writes for them. */
const rootsOfSystems: ReadonlyMap<string, string> = new Map([
  ["http://hl7.org/fhir/sid/us-ssn", "2.16.840.1.113883.4.1"],
  ["http://hl7.org/fhir/sid/us-medicare", "2.16.840.1.113883.4.572"],
  ["http://hl7.org/fhir/sid/us-mbi", "2.16.840.1.113883.4.927"],
]);

/**
 * Decides whether a document is the record of the patient asked for. What an EHR writes into `patientRole/id` is its
 * internal patient id, a medical record number, or both, each as the extension under a root of its own; so an id proves
 * the patient where its extension is the patient id, or where root and extension are one of the patient's identifiers.
 * Names, dates of birth and genders never prove anybody: they only disprove. Where a document has several record targets,
 * each of them must be the patient.
 *
 * Source: HL7 CDA R2, recordTarget; C-CDA R2.1, US Realm Header; guide, "Error Response Payload" of the kick-off, by which
 * a request may be answered with another patient's.
 */
export function rightPatient(
  recordTargets: readonly RecordTarget[],
  asked: AskedPatient,
  rules: PatientRules = defaultPatientRules,
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
  const proof = proofBy(target.ids, asked, rules);
  if (proof !== undefined) {
    if (person === "different") return { verdict: "unproven", reason: "person-contradicts-id" };
    if (rules.secondFactor === "required" && person !== "same") {
      return { verdict: "unproven", reason: "second-factor-missing" };
    }
    return { verdict: "match", reason: proof };
  }
  if (target.ids.some((id) => isAnother(id, asked, rules))) return { verdict: "mismatch", reason: "other-id" };
  if (person === "different") return { verdict: "mismatch", reason: "other-person" };
  return { verdict: "unproven", reason: target.ids.length === 0 ? "no-id" : "unknown-ids" };
}

function proofBy(
  ids: readonly InstanceIdentifier[],
  asked: AskedPatient,
  rules: PatientRules,
): "patient-id" | "identifier" | undefined {
  if (ids.some((id) => isPatientId(id, asked.patientId.trim(), rules))) return "patient-id";
  const known = (asked.identifiers ?? []).filter(({ value }) => identifies(value));
  return ids.some((id) => known.some((identifier) => isIdentifier(id, identifier))) ? "identifier" : undefined;
}

function isPatientId({ root, extension }: InstanceIdentifier, patientId: string, rules: PatientRules): boolean {
  if (root === undefined || patientId === "") return false;
  const { patientIdRoots } = rules;
  if (patientIdRoots !== undefined) {
    return extension === patientId && patientIdRoots.some((accepted) => normalRoot(accepted) === normalRoot(root));
  }
  // A UUID may be an identifier by itself.
  if (extension === undefined) return normalRoot(root) === normalRoot(patientId);
  return extension === patientId && !isForeign(normalRoot(root));
}

function isIdentifier({ root, extension }: InstanceIdentifier, known: { system: string; value: string }): boolean {
  return root !== undefined && normalRoot(root) === normalRoot(known.system) && extension === known.value.trim();
}

/** Whether an id is of a kind of which the patient's own is known, and is not the patient's. */
function isAnother({ root, extension }: InstanceIdentifier, asked: AskedPatient, rules: PatientRules): boolean {
  if (root === undefined || extension === undefined || !identifies(extension)) return false;
  const sameKind = (kind: string): boolean => normalRoot(kind) === normalRoot(root);
  const known = (asked.identifiers ?? []).filter(({ system, value }) => sameKind(system) && identifies(value));
  return known.length > 0 || (rules.patientIdRoots?.some(sameKind) ?? false);
}

function isForeign(root: string): boolean {
  return foreignRoots.some((foreign) => root === foreign || root.startsWith(`${foreign}.`));
}

/** Whether a number says who it is: not masked (`***-**-1234`, `XXX-XX-1234`), not a filler (`000-00-0000`, `N/A`). */
function identifies(value: string): boolean {
  const signs = value.toLowerCase().replace(/[^a-z0-9]/g, "");
  return !/[*#?•]|x{3}/i.test(value) && new Set(signs).size > 1 && /\d/.test(signs);
}

/** A root as it is compared: `2.16.840…`, a UUID in lower case; FHIR's ways of writing it are undone. */
function normalRoot(root: string): string {
  const plain = root.trim().toLowerCase();
  return rootsOfSystems.get(plain) ?? plain.replace(/^urn:(?:oid|uuid):/, "");
}
