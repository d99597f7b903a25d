import {
  type CdaCode,
  CODE_SYSTEMS,
  cdaCode,
  cdaTime,
  codedValue,
  codeElement,
  loinc,
  snomed,
  template,
} from "#local/simulator/ccd/ccda/coded-values.ts";
import {
  ALLERGY_INTOLERANCE,
  CONDITION,
  FAMILY_MEMBER_HISTORY,
  type RecordOf,
} from "#local/simulator/ccd/ccda/record-kinds.ts";
import { ACTIVE, COMPLETED, effectiveTime, entryId, observation, section } from "#local/simulator/ccd/ccda/section.ts";
import type { VisitRecord } from "#local/simulator/ccd/ccda/visit-record.ts";
import { type Markup, xml } from "#local/simulator/ccd/ccda/xml-text.ts";

const CONCERN: CdaCode = { code: "CONC", display: "Concern", system: CODE_SYSTEMS.actClass };
const ASSERTION: CdaCode = { code: "ASSERTION", display: "Assertion", system: CODE_SYSTEMS.actCode };
const PROBLEM = snomed("55607006", "Problem");
const DRUG_ALLERGY = snomed("416098002", "Allergy to drug");
const FOOD_ALLERGY = snomed("414285001", "Allergy to food");

/** CDA has separate codes for the kind of allergy and for the substance; the records have one code for both. */
const ALLERGENS: ReadonlyMap<string, { kind: CdaCode; substance: CdaCode }> = new Map([
  [
    "91936005",
    { kind: DRUG_ALLERGY, substance: { code: "70618", display: "Penicillin", system: CODE_SYSTEMS.rxnorm } },
  ],
  ["91935009", { kind: FOOD_ALLERGY, substance: snomed("762952008", "Peanut") }],
  ["300913006", { kind: FOOD_ALLERGY, substance: snomed("735029006", "Shellfish") }],
]);

/** Allergies and Intolerances. */
export function allergies(visit: VisitRecord): Markup {
  const frame = {
    templates: template("2.6.1", "2015-08-01"),
    code: loinc("48765-2", "Allergies and adverse reactions"),
    title: "Allergies and Intolerances",
    prefix: "allergy",
    headings: ["Substance", "Kind", "Status"],
  };
  const rows = visit.list(ALLERGY_INTOLERANCE).map((allergy) => {
    const { kind, substance } = allergenOf(allergy);
    return {
      cells: [substance.display, kind.display, "Active"],
      entry: (text: Markup) => allergyConcern(visit, allergy.id, kind, substance, text),
    };
  });
  return section(frame, rows);
}

function allergenOf({ code }: RecordOf<typeof ALLERGY_INTOLERANCE>): { kind: CdaCode; substance: CdaCode } {
  const [coding] = code.coding;
  return ALLERGENS.get(coding.code) ?? { kind: DRUG_ALLERGY, substance: cdaCode(coding) };
}

function allergyConcern(visit: VisitRecord, id: string, kind: CdaCode, substance: CdaCode, text: Markup): Markup {
  const time = cdaTime(visit.encounter.period.start);
  const inner = observation({
    templates: template("4.7", "2014-06-09"),
    id: entryId("AllergyIntolerance", id),
    code: ASSERTION,
    text,
    time,
    ongoing: true,
    value: codedValue(kind),
    more: xml`<participant typeCode="CSM"><participantRole classCode="MANU"><playingEntity classCode="MMAT">${codeElement(substance)}</playingEntity></participantRole></participant>`,
  });
  return concern(template("4.30", "2015-08-01"), entryId("AllergyConcern", id), time, inner);
}

/** Problems. */
export function problems(visit: VisitRecord): Markup {
  const frame = {
    templates: template("2.5.1", "2015-08-01"),
    code: loinc("11450-4", "Problem list - Reported"),
    title: "Problems",
    prefix: "problem",
    headings: ["Problem", "Since", "Status"],
  };
  const rows = visit.list(CONDITION).map((condition) => ({
    cells: [condition.code.coding[0].display, condition.onsetDateTime, "Active"],
    entry: (text: Markup) =>
      concern(
        template("4.3", "2015-08-01"),
        entryId("ProblemConcern", condition.id),
        cdaTime(condition.onsetDateTime),
        problemObservation(condition, text),
      ),
  }));
  return section(frame, rows);
}

/** Health Concerns: the problems again, as concerns. */
export function healthConcerns(visit: VisitRecord): Markup {
  const frame = {
    templates: template("2.58", "2015-08-01"),
    code: loinc("75310-3", "Health concerns document"),
    title: "Health Concerns",
    prefix: "concern",
    headings: ["Concern", "Since"],
  };
  const rows = visit.list(CONDITION).map((condition) => ({
    cells: [condition.code.coding[0].display, condition.onsetDateTime],
    entry: (text: Markup) =>
      xml`<act classCode="ACT" moodCode="EVN">${template("4.132", "2015-08-01")}${entryId("HealthConcern", condition.id)}${codeElement(loinc("75310-3", "Health Concern"))}${text}${ACTIVE}${effectiveTime(cdaTime(condition.onsetDateTime), true)}<entryRelationship typeCode="REFR">${problemObservation(condition)}</entryRelationship></act>`,
  }));
  return section(frame, rows);
}

function problemObservation(condition: RecordOf<typeof CONDITION>, text?: Markup): Markup {
  return observation({
    templates: template("4.4", "2015-08-01"),
    id: entryId("Condition", condition.id),
    code: PROBLEM,
    translation: loinc("75326-9", "Problem"),
    ...(text === undefined ? {} : { text }),
    time: cdaTime(condition.onsetDateTime),
    ongoing: true,
    value: codedValue(cdaCode(condition.code.coding[0])),
  });
}

function concern(templates: Markup, id: Markup, time: string, inner: Markup): Markup {
  return xml`<act classCode="ACT" moodCode="EVN">${templates}${id}${codeElement(CONCERN)}${ACTIVE}${effectiveTime(time, true)}<entryRelationship typeCode="SUBJ">${inner}</entryRelationship></act>`;
}

/** Family History. */
export function familyHistory(visit: VisitRecord): Markup {
  const frame = {
    templates: template("2.15", "2015-08-01"),
    code: loinc("10157-6", "History of family member diseases"),
    title: "Family History",
    prefix: "relative",
    headings: ["Relative", "Disease"],
  };
  const rows = visit.list(FAMILY_MEMBER_HISTORY).map((history) => ({
    cells: [history.relationship.coding[0].display, history.condition[0].code.coding[0].display],
    entry: (text: Markup) => familyHistoryEntry(visit, history, text),
  }));
  return section(frame, rows);
}

function familyHistoryEntry(visit: VisitRecord, history: RecordOf<typeof FAMILY_MEMBER_HISTORY>, text: Markup): Markup {
  const inner = observation({
    templates: template("4.46", "2015-08-01"),
    id: entryId("FamilyMemberHistory", history.id),
    code: snomed("64572001", "Condition"),
    translation: loinc("75315-2", "Condition family member"),
    text,
    time: cdaTime(visit.encounter.period.start),
    value: codedValue(cdaCode(history.condition[0].code.coding[0])),
  });
  return xml`<organizer classCode="CLUSTER" moodCode="EVN">${template("4.45", "2015-08-01")}${entryId("FamilyHistory", history.id)}${COMPLETED}<subject><relatedSubject classCode="PRS">${codeElement(cdaCode(history.relationship.coding[0]))}</relatedSubject></subject><component>${inner}</component></organizer>`;
}
