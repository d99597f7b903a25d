import type { RecordTarget } from "#ccd-retrieval/documents/c-cda/record-target.ts";
import type { ProofReason } from "#ccd-retrieval/language/document-faults.ts";
import type { PatientRules } from "#ccd-retrieval/language/document-settings.ts";
import type { RequestedPatient } from "#ccd-retrieval/language/known-patient.ts";
import { compareDetails, likenessOf, mayBeRenamed } from "./compare-persons.ts";
import { belongsToAnother, type IdProof, proveById } from "./patient-identifiers.ts";

/**
 * Whether a document is the requested patient's, and why. No reason holds any detail of the patient.
 *
 * - `match`: the document identifies the requested patient. Only such a document may be served.
 * - `mismatch`: the document identifies another patient, alone or besides the requested one.
 * - `unproven`: the document may be the patient's, but does not prove it.
 */
export type PatientVerdict =
  | { verdict: "match"; reason: IdProof }
  | { verdict: "mismatch"; reason: "other-id" | "other-person" | "several-patients" }
  | {
      verdict: "unproven";
      reason: Exclude<ProofReason, "other-id" | "other-person">;
    };

/**
 * Decides whether a document is the record of the requested patient. Only ids prove it (`patient-identifiers.ts`). Names, dates
 * of birth and genders never prove it alone, but they can disprove it. A proven id, the same date of birth, to the day, and the
 * same gender outweigh names. A date of birth that the bridge cannot read leaves the document unproven. If a document has
 * several record targets, each of them must be the patient.
 *
 * Source: HL7 CDA R2, recordTarget; C-CDA R2.1, US Realm Header. Guide, "API to Fetch Patient ID", its samples; "Error Response
 * Payload" of the kick-off, according to which the server may answer with another patient's request.
 */
export function judgePatient(
  recordTargets: readonly RecordTarget[],
  patient: RequestedPatient,
  rules: PatientRules,
): PatientVerdict {
  const verdicts = recordTargets.map((target) => judgeTarget(target, patient, rules));
  const [first] = verdicts;
  if (first === undefined) return { verdict: "unproven", reason: "no-record-target" };
  const worst =
    verdicts.find(({ verdict }) => verdict === "mismatch") ?? verdicts.find(({ verdict }) => verdict === "unproven");
  if (worst === undefined || worst.verdict === "match") return first;
  const anotherMatches = verdicts.some(({ verdict }) => verdict === "match");
  return anotherMatches ? { verdict: worst.verdict, reason: "several-patients" } : worst;
}

function judgeTarget(target: RecordTarget, patient: RequestedPatient, rules: PatientRules): PatientVerdict {
  const details = compareDetails(target, patient.demographics);
  const person = likenessOf(details);
  const proof = proveById(target.ids, details, patient, rules);
  const hasAnothersId = target.ids.some((id) => belongsToAnother(id, patient, rules));
  if (proof === undefined) {
    if (hasAnothersId) return { verdict: "mismatch", reason: "other-id" };
    if (person === "different") return { verdict: "mismatch", reason: "other-person" };
    return { verdict: "unproven", reason: target.ids.length === 0 ? "no-id" : "unknown-ids" };
  }
  if (person === "different" && (hasAnothersId || !mayBeRenamed(details))) {
    return { verdict: "unproven", reason: "person-contradicts-id" };
  }
  if (target.isBirthTimeUnreadable === true && patient.demographics.birthDate !== null) {
    return { verdict: "unproven", reason: "birth-date-unreadable" };
  }
  if (person === "unknown") {
    // Without a known root, the issuer of the number is unknown.
    const isWeak = proof === "patient-id" && rules.patientIdRoots === undefined;
    if (isWeak && hasAnothersId) return { verdict: "unproven", reason: "ids-contradict" };
    if (rules.secondFactor === "required") return { verdict: "unproven", reason: "second-factor-missing" };
  }
  return { verdict: "match", reason: proof };
}
