import {
  type CdaCode,
  CODE_SYSTEMS,
  cdaCode,
  cdaTime,
  coded,
  codeElement,
  loinc,
  template,
} from "#local/simulator/ccd/ccda/coded-values.ts";
import type { PATIENT, RecordOf } from "#local/simulator/ccd/ccda/record-kinds.ts";
import { ROOT_OID } from "#local/simulator/ccd/ccda/section.ts";
import type { VisitRecord } from "#local/simulator/ccd/ccda/visit-record.ts";
import { type Content, type Markup, xml } from "#local/simulator/ccd/ccda/xml-text.ts";
import * as codes from "#local/simulator/records/code-tables.ts";

/** The ids of the patient in the recordTarget. */
export type PatientIds = "both" | "patient-id" | "mrn";

type PatientRecord = RecordOf<typeof PATIENT>;

/** The root of this server's patient ids (`Patient.id`). */
const PATIENT_OID = `${ROOT_OID}.1`;
/** The root of this server's encounter ids (`Encounter.id`). */
const ENCOUNTER_OID = `${ROOT_OID}.2`;
const DOCUMENT_OID = `${ROOT_OID}.4`;
const NPI_OID = "2.16.840.1.113883.4.6";

const GENDERS: ReadonlyMap<string, CdaCode> = new Map([
  ["male", { code: "M", display: "Male", system: CODE_SYSTEMS.gender }],
  ["female", { code: "F", display: "Female", system: CODE_SYSTEMS.gender }],
]);
const UNDIFFERENTIATED: CdaCode = { code: "UN", display: "Undifferentiated", system: CODE_SYSTEMS.gender };

/** The US Realm Header of a Continuity of Care Document (C-CDA R2.1, 1.1 and 1.2). */
export function header(visit: VisitRecord, target: PatientRecord, ids: PatientIds): Markup {
  const { id, period } = visit.encounter;
  const made = cdaTime(period.end);
  return xml`<realmCode code="US"/>
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
${template("1.1", "2015-08-01")}
${template("1.2", "2015-08-01")}
<id root="${DOCUMENT_OID}" extension="${id}"/>
${codeElement(loinc("34133-9", "Summarization of Episode Note"))}
<title>Continuity of Care Document</title>
<effectiveTime value="${made}"/>
<confidentialityCode code="N" displayName="normal" codeSystem="2.16.840.1.113883.5.25"/>
<languageCode code="en-US"/>
${recordTarget(visit, target, ids)}
<author><time value="${made}"/><assignedAuthor>${provider(visit)}</assignedAuthor></author>
<custodian><assignedCustodian><representedCustodianOrganization>${organization(visit)}</representedCustodianOrganization></assignedCustodian></custodian>
<documentationOf><serviceEvent classCode="PCPR">${interval(visit)}<performer typeCode="PRF"><assignedEntity>${provider(visit)}</assignedEntity></performer></serviceEvent></documentationOf>
<componentOf><encompassingEncounter>${encounterId(visit)}${codeElement(cdaCode(visit.encounter.type[0].coding[0]))}${interval(visit)}<location><healthCareFacility><id root="${ROOT_OID}.5" extension="${visit.location.id}"/><location><name>${visit.location.name}</name></location></healthCareFacility></location></encompassingEncounter></componentOf>
`;
}

/** `<id>` of the visit's encounter. */
export function encounterId({ encounter: { id } }: VisitRecord): Markup {
  return xml`<id root="${ENCOUNTER_OID}" extension="${id}"/>`;
}

function recordTarget(visit: VisitRecord, patient: PatientRecord, ids: PatientIds): Markup {
  const [{ system, value }] = patient.identifier;
  const mrn = xml`<id root="${system.replace(/^urn:oid:/, "")}" extension="${value}" assigningAuthorityName="MRN"/>`;
  const patientId = xml`<id root="${PATIENT_OID}" extension="${patient.id}"/>`;
  const [name] = patient.name;
  const telecoms = patient.telecom.map((one) =>
    one.system === "email"
      ? xml`<telecom use="HP" value="mailto:${one.value}"/>`
      : xml`<telecom use="MC" value="tel:+1${one.value}"/>`,
  );
  return xml`<recordTarget><patientRole>${ids === "mrn" ? null : patientId}${ids === "patient-id" ? null : mrn}
${address(patient.address[0], "HP")}${telecoms}
<patient><name use="L">${personName(name)}</name>
<administrativeGenderCode ${coded(GENDERS.get(patient.gender) ?? UNDIFFERENTIATED)}/>
<birthTime value="${cdaTime(patient.birthDate)}"/>
${ombCode(patient, "race", "raceCode")}${ombCode(patient, "ethnicity", "ethnicGroupCode")}
<languageCommunication><languageCode code="en-US"/><preferenceInd value="true"/></languageCommunication></patient>
<providerOrganization>${organization(visit)}</providerOrganization></patientRole></recordTarget>`;
}

function ombCode({ extension }: PatientRecord, name: "race" | "ethnicity", element: string): Markup {
  const values = extension.find(({ url }) => url === `${codes.US_CORE}/us-core-${name}`)?.extension ?? [];
  const coding = values.find(({ valueCoding }) => valueCoding !== undefined)?.valueCoding;
  if (coding === undefined) return xml`<${element} nullFlavor="UNK"/>`;
  return xml`<${element} ${coded({ ...coding, system: CODE_SYSTEMS.raceAndEthnicity })}/>`;
}

/** Id, address, telecom and person of the visit's practitioner: the content of authors and performers. */
export function provider({
  practitioner,
  organization: {
    address: [place],
  },
}: VisitRecord): Markup {
  const [{ value }] = practitioner.identifier;
  return xml`<id root="${NPI_OID}" extension="${value}"/>${address(place, "WP")}${workPhone()}<assignedPerson><name>${personName(practitioner.name[0])}</name></assignedPerson>`;
}

function organization({
  organization: {
    identifier,
    name,
    address: [place],
  },
}: VisitRecord): Markup {
  return xml`<id root="${NPI_OID}" extension="${identifier[0].value}"/><name>${name}</name>${workPhone()}${address(place, "WP")}`;
}

function workPhone(): Markup {
  return xml`<telecom use="WP" value="tel:+1(912)555-0100"/>`;
}

function personName({ given, family }: { given: readonly string[]; family: string }): Content {
  return [given.map((one) => xml`<given>${one}</given>`), xml`<family>${family}</family>`];
}

function address(
  { line, city, state, postalCode }: { line: readonly string[]; city: string; state: string; postalCode: string },
  use: "HP" | "WP",
): Markup {
  return xml`<addr use="${use}">${line.map((one) => xml`<streetAddressLine>${one}</streetAddressLine>`)}<city>${city}</city><state>${state}</state><postalCode>${postalCode}</postalCode><country>US</country></addr>`;
}

function interval({ encounter: { period } }: VisitRecord): Markup {
  return xml`<effectiveTime><low value="${cdaTime(period.start)}"/><high value="${cdaTime(period.end)}"/></effectiveTime>`;
}
