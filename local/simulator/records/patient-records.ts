import { AGE_GROUPS } from "#local/simulator/records/age-groups.ts";
import { addCareCoordinationResources } from "#local/simulator/records/care-coordination-resources.ts";
import { addClinicalResources } from "#local/simulator/records/clinical-resources.ts";
import type { Dataset } from "#local/simulator/records/dataset.ts";
import { addFurtherProfiles } from "#local/simulator/records/further-profiles.ts";
import { apiPatient, demographicsOf, twinOf } from "#local/simulator/records/patient-profile.ts";
import { ResourceBook, type StoredResource } from "#local/simulator/records/resource-book.ts";
import type { ApiType } from "#local/simulator/records/resource-types.ts";
import { seededRandom } from "#local/simulator/records/seeded-random.ts";
import type { SupportingReferences } from "#local/simulator/records/supporting-resources.ts";

/** One resource as the FHIR API serves it: `line` is its JSON text. */
export interface ApiResource {
  readonly type: ApiType;
  readonly id: string;
  /** The patient in whose compartment it is; null outside of every compartment. */
  readonly patientId: string | null;
  readonly line: string;
}

/** The numbers of further resources begin here: no export has as many resources of one type. */
const NUMBERS_BEFORE_VISITS = 500_000_000;
/** The numbers of resources with further profiles begin here: further visits have fewer resources of one type. */
const NUMBERS_BEFORE_PROFILES = 800_000_000;
const FIRST_TWIN = 25_900_000_001;

/**
 * The resources that users read one by one: those of the export with the same ids and bytes (patients have more details),
 * further visits, which give patients different numbers of encounters, and the types that are never exported.
 * The same data and seed give the same bytes. The resources are made at the first request.
 */
export class PatientRecords {
  readonly #data: Dataset;
  readonly #seed: number;
  readonly #maxVisits: number;
  #resources: Map<string, ApiResource> | null = null;
  #twins = 0;

  /** The n-th patient, counted from 0, has 1 + n modulo `maxVisits` visits. */
  constructor(data: Dataset, seed: number, maxVisits: number) {
    this.#data = data;
    this.#seed = seed;
    this.#maxVisits = maxVisits;
  }

  /** Finds the resource with the id. */
  find(type: ApiType, id: string): ApiResource | undefined {
    return this.#all().get(`${type}/${id}`);
  }

  /** All resources of a type, in the order in which they were made. */
  ofType(type: ApiType): ApiResource[] {
    return [...this.#all().values()].filter((resource) => resource.type === type);
  }

  /** All resources of one patient, in the order in which they were made. */
  ofPatient(patientId: string): ApiResource[] {
    return [...this.#all().values()].filter((resource) => resource.patientId === patientId);
  }

  /** Adds a patient without records who differs from another only by the given name. Returns the id. Throws RangeError. */
  addTwin(patientId: string, given: string): string {
    const patient = this.find("Patient", patientId);
    if (patient === undefined) throw new RangeError(`there is no patient ${patientId}`);
    const id = String(FIRST_TWIN + this.#twins);
    this.#twins += 1;
    this.#all().set(`Patient/${id}`, { type: "Patient", id, patientId: id, line: twinOf(patient.line, id, given) });
    return id;
  }

  #all(): Map<string, ApiResource> {
    this.#resources ??= this.#make();
    return this.#resources;
  }

  #make(): Map<string, ApiResource> {
    const exported = this.#data.resources;
    const further = furtherResources(exported, this.#seed, this.#maxVisits);
    const all = new Map<string, ApiResource>();
    for (const { type, reference, ageGroupId, line } of [...exported, ...further]) {
      const id = reference.slice(type.length + 1);
      const patientId = ageGroupId === null ? null : patientOf(line, all, reference);
      all.set(reference, { type, id, patientId, line: type === "Patient" ? apiPatient(line, this.#seed) : line });
    }
    return all;
  }
}

function furtherResources(exported: readonly StoredResource[], seed: number, maxVisits: number): StoredResource[] {
  const random = seededRandom(seed + 1);
  const book = new ResourceBook(random, NUMBERS_BEFORE_VISITS);
  const supporting = supportingReferences(exported);
  const firstOf = firstReferences(exported);
  const patients = exported.filter(({ type }) => type === "Patient");
  for (const [index, { reference: patient, ageGroupId }] of patients.entries()) {
    if (ageGroupId === null) continue;
    for (let visit = 0; visit < index % maxVisits; visit += 1) {
      addClinicalResources(book, random, ageGroupId, patient, supporting);
    }
    const encounter = firstOf("Encounter", patient);
    addCareCoordinationResources(
      book,
      random,
      { ageGroupId, patient, encounter, condition: firstOf("Condition", patient) },
      supporting,
    );
  }
  return [...book.resources, ...resourcesOfFurtherProfiles(patients, firstOf, seed)];
}

/** From a sequence and numbers of their own, so that the other resources keep their bytes. */
function resourcesOfFurtherProfiles(
  patients: readonly StoredResource[],
  firstOf: (type: ApiType, patient: string) => string,
  seed: number,
): StoredResource[] {
  const random = seededRandom(seed + 2);
  const book = new ResourceBook(random, NUMBERS_BEFORE_PROFILES);
  for (const { reference: patient, ageGroupId } of patients) {
    if (ageGroupId === null) continue;
    const isChild = AGE_GROUPS.some(({ id, oldest }) => id === ageGroupId && oldest < 20);
    addFurtherProfiles(book, random, { ageGroupId, patient, encounter: firstOf("Encounter", patient), isChild });
  }
  return book.resources;
}

function firstReferences(exported: readonly StoredResource[]): (type: ApiType, patient: string) => string {
  const first = new Map<string, string>();
  for (const { type, reference, line } of exported) {
    const key = `${type} of ${/"reference":"(Patient\/\d+)"/.exec(line)?.[1]}`;
    if (!first.has(key)) first.set(key, reference);
  }
  return (type, patient) => {
    const reference = first.get(`${type} of ${patient}`);
    if (reference === undefined) throw new Error(`${patient} has no ${type}`);
    return reference;
  };
}

function supportingReferences(exported: readonly StoredResource[]): SupportingReferences {
  // The last of each type is the one that no patient's records refer to.
  const referencesTo = (wanted: ApiType): string[] =>
    exported
      .filter(({ type }) => type === wanted)
      .map(({ reference }) => reference)
      .slice(0, -1);
  return {
    organizations: referencesTo("Organization"),
    locations: referencesTo("Location"),
    practitioners: referencesTo("Practitioner"),
    medications: referencesTo("Medication"),
  };
}

/** A resource refers to its patient, a Provenance to a resource that does. The target always comes first. */
function patientOf(line: string, known: ReadonlyMap<string, ApiResource>, reference: string): string {
  if (reference.startsWith("Patient/")) return demographicsOf(line).id;
  for (const [, target = ""] of line.matchAll(/"reference":"([A-Za-z]+\/\d+)"/g)) {
    const patientId = known.get(target)?.patientId ?? null;
    if (patientId !== null) return patientId;
  }
  throw new Error(`${reference} refers to no patient`);
}
