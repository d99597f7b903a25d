import {
  ENCOUNTER,
  LOCATION,
  ORGANIZATION,
  PATIENT,
  PRACTITIONER,
  type RecordKind,
  type RecordOf,
} from "#local/simulator/ccda/record-kinds.ts";
import type { ApiResource, PatientRecords } from "#local/simulator/patient-records.ts";

/** One visit of a patient, and what the records say of that patient. */
export interface VisitRecord {
  readonly patient: RecordOf<typeof PATIENT>;
  readonly encounter: RecordOf<typeof ENCOUNTER>;
  readonly practitioner: RecordOf<typeof PRACTITIONER>;
  readonly organization: RecordOf<typeof ORGANIZATION>;
  readonly location: RecordOf<typeof LOCATION>;
  /** The patient's resources of a kind up to this visit; of those that name their visit the ones of this one. */
  readonly list: <T>(kind: RecordKind<T>) => T[];
  /** The resource that a reference leads to. Throws RangeError when there is none. */
  readonly follow: <T>(kind: RecordKind<T>, target: { reference: string }) => T;
}

/** Reads the records of an encounter. Throws RangeError when a resource is missing, ZodError when one has gaps. */
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

/** What names a visit belongs to that visit; of what names a time, no document holds the future. */
function isKnownAt(line: string, { id, period }: RecordOf<typeof ENCOUNTER>): boolean {
  const visit = /"encounter":\[?\{"reference":"Encounter\/([^"]+)"/.exec(line)?.[1] ?? id;
  const time = /"(?:onset|occurrence)DateTime":"([^"]+)"/.exec(line)?.[1] ?? period.end;
  return visit === id && Date.parse(time) <= Date.parse(period.end);
}
