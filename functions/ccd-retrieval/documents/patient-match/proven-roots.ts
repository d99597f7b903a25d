import type { RecordTarget } from "#ccd-retrieval/documents/c-cda/record-target.ts";
import type { RequestedPatient } from "#ccd-retrieval/language/known-patient.ts";
import { comparePersons } from "./compare-persons.ts";
import { isIssuedElsewhere, normaliseRoot } from "./patient-identifiers.ts";

/** The roots under which documents that proved to be the patient's have the patient id: there the server writes its patient ids. */
export function provenRoots(proven: readonly RecordTarget[], { patientId }: RequestedPatient): ReadonlySet<string> {
  const roots = proven
    .flatMap(({ ids }) => ids)
    .filter(({ extension }) => extension === patientId.trim())
    .flatMap(({ root }) => (root === undefined ? [] : [normaliseRoot(root)]));
  return new Set(roots.filter((root) => !isIssuedElsewhere(root)));
}

/** Whether a document that proves nothing has another number under such a root, and is not by a person born on the patient's day. */
export function belongsToAnotherByRoot(
  target: RecordTarget,
  roots: ReadonlySet<string>,
  { patientId, demographics }: RequestedPatient,
): boolean {
  const hasAnothersNumber = target.ids.some(
    ({ root, extension }) =>
      root !== undefined && extension !== undefined && extension !== patientId.trim() && roots.has(normaliseRoot(root)),
  );
  const person = comparePersons(target, demographics);
  return hasAnothersNumber && person !== "same-birth" && person !== "same-person";
}
