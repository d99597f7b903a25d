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
import { encounterId, provider } from "#local/simulator/ccd/ccda/header.ts";
import {
  CONDITION,
  DOCUMENT_REFERENCE,
  GOAL,
  type RecordOf,
  SERVICE_REQUEST,
} from "#local/simulator/ccd/ccda/record-kinds.ts";
import { ACTIVE, COMPLETED, effectiveTime, entryId, section } from "#local/simulator/ccd/ccda/section.ts";
import type { VisitRecord } from "#local/simulator/ccd/ccda/visit-record.ts";
import { type Markup, xml } from "#local/simulator/ccd/ccda/xml-text.ts";

const PRIMARY_CARE: CdaCode = { code: "PCP", display: "primary care physician", system: CODE_SYSTEMS.function };

/** Assessment: in words alone. */
export function assessment(visit: VisitRecord): Markup {
  const frame = {
    templates: template("2.8"),
    code: loinc("51848-0", "Evaluation note"),
    title: "Assessment",
    prefix: "assessment",
    headings: ["Assessment"],
  };
  const rows = visit.list(CONDITION).map(({ code }) => ({
    cells: [`${code.coding[0].display}: stable – “watchful waiting” & review in 3 months`],
  }));
  return section(frame, rows);
}

/** Plan of Treatment. */
export function planOfTreatment(visit: VisitRecord): Markup {
  const frame = {
    templates: template("2.10", "2014-06-09"),
    code: loinc("18776-5", "Plan of care note"),
    title: "Plan of Treatment",
    prefix: "plan",
    headings: ["Planned", "Ordered"],
  };
  const rows = visit.list(SERVICE_REQUEST).map(({ id, code, authoredOn }) => ({
    cells: [code.coding[0].display, authoredOn],
    entry: (text: Markup) =>
      xml`<observation classCode="OBS" moodCode="RQO">${template("4.44", "2014-06-09")}${entryId("ServiceRequest", id)}${codeElement(cdaCode(code.coding[0]))}${text}${ACTIVE}${effectiveTime(cdaTime(authoredOn))}</observation>`,
  }));
  return section(frame, rows);
}

/** Goals. */
export function goals(visit: VisitRecord): Markup {
  const frame = {
    templates: template("2.60"),
    code: loinc("61146-7", "Goals Narrative"),
    title: "Goals",
    prefix: "goal",
    headings: ["Goal", "Set"],
  };
  const set = visit.encounter.period.start;
  const rows = visit.list(GOAL).map(({ id, description }) => ({
    cells: [description.text, set],
    entry: (text: Markup) =>
      xml`<observation classCode="OBS" moodCode="GOL">${template("4.121")}${entryId("Goal", id)}${codeElement(loinc("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood"))}${text}${ACTIVE}${effectiveTime(cdaTime(set))}<value xsi:type="ST">${description.text}</value></observation>`,
  }));
  return section(frame, rows);
}

/** Care Team Members. */
export function careTeam(visit: VisitRecord): Markup {
  const frame = {
    templates: template("2.500", "2019-07-01"),
    code: loinc("85847-2", "Patient Care team information"),
    title: "Care Teams",
    prefix: "team",
    headings: ["Member", "Role", "Since"],
  };
  const { id, name } = visit.practitioner;
  const since = visit.encounter.period.start;
  const begun = xml`<effectiveTime><low value="${cdaTime(since)}"/></effectiveTime>`;
  const entry = (text: Markup): Markup =>
    xml`<organizer classCode="CLUSTER" moodCode="EVN">${template("4.500", "2019-07-01")}${entryId("CareTeam", visit.encounter.id)}${codeElement(loinc("86744-0", "Care team"))}${ACTIVE}${begun}<component><act classCode="PCPR" moodCode="EVN">${template("4.500.1", "2019-07-01")}${entryId("CareTeamMember", id)}${codeElement(loinc("85847-2", "Patient Care team information"))}${text}${ACTIVE}${begun}<performer typeCode="PRF"><sdtc:functionCode ${coded(PRIMARY_CARE)}/><assignedEntity>${provider(visit)}</assignedEntity></performer></act></component></organizer>`;
  const member = `${name[0].given.join(" ")} ${name[0].family}`;
  return section(frame, [{ cells: [member, PRIMARY_CARE.display, since], entry }]);
}

/** Encounters: the one that the document is about. */
export function encounters(visit: VisitRecord): Markup {
  const frame = {
    templates: template("2.22.1", "2015-08-01"),
    code: loinc("46240-8", "History of Hospitalizations+Outpatient visits Narrative"),
    title: "Encounters",
    prefix: "encounter",
    headings: ["Encounter", "Place", "Begin", "End"],
  };
  const { type, period } = visit.encounter;
  const kind = cdaCode(type[0].coding[0]);
  const span = xml`<effectiveTime><low value="${cdaTime(period.start)}"/><high value="${cdaTime(period.end)}"/></effectiveTime>`;
  const entry = (text: Markup): Markup =>
    xml`<encounter classCode="ENC" moodCode="EVN">${template("4.49", "2015-08-01")}${encounterId(visit)}${codeElement(kind)}${text}${span}<performer><assignedEntity>${provider(visit)}</assignedEntity></performer></encounter>`;
  return section(frame, [{ cells: [kind.display, visit.location.name, period.start, period.end], entry }]);
}

/** Clinical Notes: one section for each note of the visit. */
export function clinicalNotes(visit: VisitRecord): Markup[] {
  return visit.list(DOCUMENT_REFERENCE).map((note, index) => clinicalNote(visit, note, `note${index + 1}-`));
}

function clinicalNote(visit: VisitRecord, note: RecordOf<typeof DOCUMENT_REFERENCE>, prefix: string): Markup {
  const code = cdaCode(note.type.coding[0]);
  const frame = {
    templates: template("2.65", "2016-11-01"),
    code,
    title: code.display,
    prefix,
    headings: ["Note"],
  };
  const words = Buffer.from(note.content[0].attachment.data, "base64").toString("utf8");
  const translated = codeElement(loinc("34109-9", "Note"), xml`<translation ${coded(code)}/>`);
  const time = cdaTime(visit.encounter.period.end);
  const entry = (text: Markup): Markup =>
    xml`<act classCode="ACT" moodCode="EVN">${template("4.202", "2016-11-01")}${entryId("DocumentReference", note.id)}${translated}${text}${COMPLETED}${effectiveTime(time)}<author>${template("4.119")}<time value="${time}"/><assignedAuthor>${provider(visit)}</assignedAuthor></author></act>`;
  return section(frame, [{ cells: [words], entry }]);
}
