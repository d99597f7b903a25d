import {
  type CdaCode,
  CODE_SYSTEMS,
  cdaCode,
  cdaTime,
  coded,
  codedValue,
  codeElement,
  loinc,
  quantityValue,
  snomed,
  template,
} from "#local/simulator/ccd/ccda/coded-values.ts";
import { OBSERVATION, type RecordOf } from "#local/simulator/ccd/ccda/record-kinds.ts";
import { COMPLETED, entryId, observation, section } from "#local/simulator/ccd/ccda/section.ts";
import type { VisitRecord } from "#local/simulator/ccd/ccda/visit-record.ts";
import { type Content, type Markup, xml } from "#local/simulator/ccd/ccda/xml-text.ts";
import * as codes from "#local/simulator/records/code-tables.ts";

type Finding = RecordOf<typeof OBSERVATION>;

interface Measured {
  readonly id: string;
  readonly code: CdaCode;
  readonly time: string;
  readonly value: number;
  readonly unit: string;
}

/** Results: the laboratory's findings of the visit, as one panel. */
export function results(visit: VisitRecord): Markup {
  const frame = {
    templates: template("2.3.1", "2015-08-01"),
    code: loinc("30954-2", "Relevant diagnostic tests/laboratory data Narrative"),
    title: "Results",
    prefix: "results",
    headings: ["Test", "Result", "Time"],
  };
  const measured = measuredOf(visit, "laboratory");
  const panel = codeElement(loinc("24323-8", "Comprehensive metabolic 2000 panel"));
  const components = measured.map((one) =>
    component(
      one,
      template("4.2", "2015-08-01"),
      xml`<interpretationCode code="N" displayName="Normal" codeSystem="2.16.840.1.113883.5.83"/>`,
    ),
  );
  const organizer = (text: Markup): Markup =>
    xml`<organizer classCode="BATTERY" moodCode="EVN">${template("4.1", "2015-08-01")}${entryId("Results", visit.encounter.id)}${panel}${COMPLETED}${timeSpan(visit)}${withText(components, text)}</organizer>`;
  return section(frame, rowsOf(measured, organizer));
}

/** Vital Signs of the visit, as one cluster. */
export function vitalSigns(visit: VisitRecord): Markup {
  const frame = {
    templates: template("2.4.1", "2015-08-01"),
    code: loinc("8716-3", "Vital signs"),
    title: "Vital Signs",
    prefix: "vitals",
    headings: ["Vital sign", "Value", "Time"],
  };
  const measured = measuredOf(visit, "vital-signs");
  const code = codeElement(
    snomed("46680005", "Vital signs"),
    xml`<translation ${coded(loinc("74728-7", "Vital signs, weight, height, head circumference, oxygen saturation and BMI panel"))}/>`,
  );
  const components = measured.map((one) => component(one, template("4.27", "2014-06-09")));
  const organizer = (text: Markup): Markup =>
    xml`<organizer classCode="CLUSTER" moodCode="EVN">${template("4.26", "2015-08-01")}${entryId("VitalSigns", visit.encounter.id)}${code}${COMPLETED}${timeSpan(visit)}${withText(components, text)}</organizer>`;
  return section(frame, rowsOf(measured, organizer));
}

/** All measurements of a category; a panel such as blood pressure counts as its parts. */
function measuredOf(visit: VisitRecord, category: string): Measured[] {
  return visit
    .list(OBSERVATION)
    .filter((finding) => categoryOf(finding) === category)
    .flatMap(({ id, code, effectiveDateTime, valueQuantity, component: parts }) => {
      const whole = valueQuantity === undefined ? [] : [{ code, valueQuantity }];
      return [...whole, ...parts].map((part, index) => ({
        id: `${id}.${index}`,
        code: cdaCode(part.code.coding[0]),
        time: effectiveDateTime,
        ...part.valueQuantity,
      }));
    });
}

function categoryOf({ category }: Finding): string {
  return category[0].coding[0].code;
}

/** The first row carries the organizer that holds all of them. */
function rowsOf(
  measured: readonly Measured[],
  organizer: (text: Markup) => Markup,
): { cells: string[]; entry?: (text: Markup) => Markup }[] {
  return measured.map(({ code, value, unit, time }, index) => ({
    cells: [code.display, `${value} ${unit}`, time],
    ...(index === 0 ? { entry: organizer } : {}),
  }));
}

type Component = (text: Markup | null) => Markup;

function component({ id, code, time, value, unit }: Measured, templates: Markup, more: Content = null): Component {
  return (text) => {
    const parts = { templates, id: entryId("Observation", id), code, time: cdaTime(time) };
    const named = text === null ? parts : { ...parts, text };
    return xml`<component>${observation({ ...named, value: quantityValue(value, unit), more })}</component>`;
  };
}

function withText(components: readonly Component[], text: Markup): Markup[] {
  return components.map((one, index) => one(index === 0 ? text : null));
}

function timeSpan({ encounter: { period } }: VisitRecord): Markup {
  return xml`<effectiveTime><low value="${cdaTime(period.start)}"/><high value="${cdaTime(period.end)}"/></effectiveTime>`;
}

/** Social History: smoking status and birth sex. */
export function socialHistory(visit: VisitRecord): Markup {
  const frame = {
    templates: template("2.17", "2015-08-01"),
    code: loinc("29762-2", "Social history Narrative"),
    title: "Social History",
    prefix: "social",
    headings: ["Observation", "Value", "Time"],
  };
  const smoking = visit
    .list(OBSERVATION)
    .filter((finding) => categoryOf(finding) === "social-history")
    .flatMap(({ id, code, effectiveDateTime, valueCodeableConcept }) => {
      if (valueCodeableConcept === undefined) return [];
      const value = cdaCode(valueCodeableConcept.coding[0]);
      return socialRow(id, cdaCode(code.coding[0]), value, effectiveDateTime, template("4.78", "2014-06-09"));
    });
  const sex = visit.patient.extension.find(({ url }) => url === `${codes.US_CORE}/us-core-birthsex`)?.valueCode ?? "UN";
  const birthSex: CdaCode = { code: sex, display: sex === "F" ? "Female" : "Male", system: CODE_SYSTEMS.gender };
  const sexRow = socialRow(
    visit.patient.id,
    loinc("76689-9", "Sex assigned at birth"),
    birthSex,
    visit.encounter.period.start,
    template("4.200", "2016-06-01"),
  );
  return section(frame, [...smoking, sexRow]);
}

function socialRow(
  id: string,
  code: CdaCode,
  value: CdaCode,
  time: string,
  templates: Markup,
): { cells: string[]; entry: (text: Markup) => Markup } {
  const parts = { templates, id: entryId("SocialHistory", id), code, time: cdaTime(time), value: codedValue(value) };
  return { cells: [code.display, value.display, time], entry: (text) => observation({ ...parts, text }) };
}

/** Functional Status. */
export function functionalStatus(visit: VisitRecord): Markup {
  const value = snomed("165245003", "Independent walking");
  return statusSection(visit, {
    templates: template("2.14", "2014-06-09"),
    code: loinc("47420-5", "Functional status assessment note"),
    title: "Functional Status",
    prefix: "functional",
    entryTemplates: template("4.67", "2014-06-09"),
    entryCode: loinc("54522-8", "Functional status"),
    value,
  });
}

/** Mental Status. */
export function mentalStatus(visit: VisitRecord): Markup {
  return statusSection(visit, {
    templates: template("2.56", "2015-08-01"),
    code: loinc("10190-7", "Mental status Narrative"),
    title: "Mental Status",
    prefix: "mental",
    entryTemplates: template("4.74", "2015-08-01"),
    entryCode: snomed("373930000", "Cognitive function"),
    translation: loinc("75275-8", "Cognitive Function"),
    value: snomed("247663003", "Orientated"),
  });
}

function statusSection(
  visit: VisitRecord,
  status: {
    templates: Markup;
    code: CdaCode;
    title: string;
    prefix: string;
    entryTemplates: Markup;
    entryCode: CdaCode;
    translation?: CdaCode;
    value: CdaCode;
  },
): Markup {
  const time = visit.encounter.period.start;
  const parts = {
    templates: status.entryTemplates,
    id: entryId(status.prefix, visit.encounter.id),
    code: status.entryCode,
    time: cdaTime(time),
    value: codedValue(status.value),
    ...(status.translation === undefined ? {} : { translation: status.translation }),
  };
  const entry = (text: Markup): Markup => observation({ ...parts, text });
  return section({ ...status, headings: ["Finding", "Time"] }, [{ cells: [status.value.display, time], entry }]);
}
