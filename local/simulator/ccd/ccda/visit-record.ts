import {
  ENCOUNTER,
  LOCATION,
  ORGANIZATION,
  PATIENT,
  PRACTITIONER,
  type RecordKind,
  type RecordOf,
} from "#local/simulator/ccd/ccda/record-kinds.ts";
import type { ApiResource, PatientRecords } from "#local/simulator/records/patient-records.ts";

/** One visit of a patient, with the patient's records. */
export interface VisitRecord {
  readonly patient: RecordOf<typeof PATIENT>;
  readonly encounter: RecordOf<typeof ENCOUNTER>;
  readonly practitioner: RecordOf<typeof PRACTITIONER>;
  readonly organization: RecordOf<typeof ORGANIZATION>;
  readonly location: RecordOf<typeof LOCATION>;
  /** Lists the patient's resources of a kind up to this visit. Resources that name a visit must name this one. */
  readonly list: <T>(kind: RecordKind<T>) => T[];
  /** Follows a reference. Throws RangeError if its target does not exist. */
  readonly follow: <T>(kind: RecordKind<T>, target: { reference: string }) => T;
}

/** Reads the records of an encounter. Throws RangeError if a resource is missing, ZodError if one lacks an element. */
export function visitRecordOf(records: PatientRecords, encounterResource: ApiResource): VisitRecord {
  const patientId = encounterResource.patientId ?? "";
  const own = Map.groupBy(records.ofPatient(patientId), ({ type }) => type);
  const encounter = recordOf(ENCOUNTER, encounterResource);
  const list: VisitRecord["list"] = (kind) =>
    (own.get(kind.type) ?? []).filter(({ line }) => isKnownAt(line, encounter)).map((one) => recordOf(kind, one));
  const follow: VisitRecord["follow"] = (kind, { reference }) => {
    const resource = records.find(kind.type, reference.slice(kind.type.length + 1));
    if (resource === undefined) throw new RangeError(`there is no ${reference}`);
    return recordOf(kind, resource);
  };
  const patient = follow(PATIENT, { reference: `Patient/${patientId}` });
  return {
    patient,
    encounter,
    practitioner: follow(PRACTITIONER, encounter.participant[0].individual),
    organization: follow(ORGANIZATION, patient.managingOrganization),
    location: follow(LOCATION, encounter.location[0].location),
    list,
    follow,
  };
}

function recordOf<T>({ schema }: RecordKind<T>, { line }: ApiResource): T {
  return schema.parse(JSON.parse(line));
}

/** True if the resource belongs in the visit's document: it names no other visit, and no time after this one. */
function isKnownAt(line: string, { id, period }: RecordOf<typeof ENCOUNTER>): boolean {
  const visit = /"encounter":\[?\{"reference":"Encounter\/([^"]+)"/.exec(line)?.[1] ?? id;
  const time = /"(?:onset|occurrence)DateTime":"([^"]+)"/.exec(line)?.[1] ?? period.end;
  return visit === id && Date.parse(time) <= Date.parse(period.end);
}
