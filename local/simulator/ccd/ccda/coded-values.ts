import { type Content, type Markup, xml } from "#local/simulator/ccd/ccda/xml-text.ts";
import * as codes from "#local/simulator/records/code-tables.ts";

/** A code of CDA, with the OID of its code system. */
export interface CdaCode {
  readonly code: string;
  readonly display: string;
  readonly system: CodeSystem;
}

/** OID and name of a code system. */
export interface CodeSystem {
  readonly oid: string;
  readonly name: string;
}

export const CODE_SYSTEMS = {
  loinc: { oid: "2.16.840.1.113883.6.1", name: "LOINC" },
  snomed: { oid: "2.16.840.1.113883.6.96", name: "SNOMED CT" },
  rxnorm: { oid: "2.16.840.1.113883.6.88", name: "RxNorm" },
  cvx: { oid: "2.16.840.1.113883.12.292", name: "CVX" },
  actCode: { oid: "2.16.840.1.113883.5.4", name: "ActCode" },
  actClass: { oid: "2.16.840.1.113883.5.6", name: "HL7ActClass" },
  gender: { oid: "2.16.840.1.113883.5.1", name: "AdministrativeGender" },
  raceAndEthnicity: { oid: "2.16.840.1.113883.6.238", name: "Race & Ethnicity - CDC" },
  role: { oid: "2.16.840.1.113883.5.111", name: "RoleCode" },
  function: { oid: "2.16.840.1.113883.5.88", name: "ParticipationFunction" },
} as const satisfies Readonly<Record<string, CodeSystem>>;

const OF_URL: ReadonlyMap<string, CodeSystem> = new Map<string, CodeSystem>([
  [codes.LOINC, CODE_SYSTEMS.loinc],
  [codes.SNOMED, CODE_SYSTEMS.snomed],
  [codes.RXNORM, CODE_SYSTEMS.rxnorm],
  [codes.CVX, CODE_SYSTEMS.cvx],
  [`${codes.TERMINOLOGY}/v3-ActCode`, CODE_SYSTEMS.actCode],
  [`${codes.TERMINOLOGY}/v3-RoleCode`, CODE_SYSTEMS.role],
]);

/** The CDA code of a FHIR coding. Throws RangeError if the system's OID is unknown. */
export function cdaCode(coding: { system: string; code: string; display: string }): CdaCode {
  const system = OF_URL.get(coding.system);
  if (system === undefined) throw new RangeError(`the code system ${coding.system} has no known OID`);
  return { code: coding.code, display: coding.display, system };
}

/** A code of LOINC. */
export function loinc(code: string, display: string): CdaCode {
  return { code, display, system: CODE_SYSTEMS.loinc };
}

/** A code of SNOMED CT. */
export function snomed(code: string, display: string): CdaCode {
  return { code, display, system: CODE_SYSTEMS.snomed };
}

/** The attributes of a coded element. */
export function coded({ code, display, system }: CdaCode): Markup {
  return xml`code="${code}" displayName="${display}" codeSystem="${system.oid}" codeSystemName="${system.name}"`;
}

/** `<code>`, with a translation or other content inside. */
export function codeElement(code: CdaCode, inside: Content = null): Markup {
  return xml`<code ${coded(code)}>${inside}</code>`;
}

/** `<value>` of type CD. */
export function codedValue(code: CdaCode): Markup {
  return xml`<value xsi:type="CD" ${coded(code)}/>`;
}

/** `<value>` of type PQ: a number with its UCUM unit. */
export function quantityValue(value: number, unit: string): Markup {
  return xml`<value xsi:type="PQ" value="${value}" unit="${unit}"/>`;
}

/** `<templateId>` of a C-CDA R2.1 template. `extension` is its date of publication. */
export function template(suffix: string, extension?: string): Markup {
  const root = `2.16.840.1.113883.10.20.22.${suffix}`;
  return extension === undefined
    ? xml`<templateId root="${root}"/>`
    : xml`<templateId root="${root}"/><templateId root="${root}" extension="${extension}"/>`;
}

/** A FHIR dateTime in the form of CDA: 20240315093000-0500. Dates have their digits only. */
export function cdaTime(dateTime: string): string {
  const [date = "", time] = dateTime.split("T");
  const digits = date.replaceAll("-", "");
  if (time === undefined) return digits;
  const [, clock = "", zone = ""] = /^([0-9:]+)(?:\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(time) ?? [];
  return `${digits}${clock.replaceAll(":", "")}${zone === "Z" ? "+0000" : zone.replace(":", "")}`;
}
