import { cdaCode, cdaTime, coded, codeElement, loinc, template } from "#local/simulator/ccd/ccda/coded-values.ts";
import {
  DEVICE,
  IMMUNIZATION,
  MEDICATION,
  MEDICATION_REQUEST,
  PROCEDURE,
  type RecordOf,
} from "#local/simulator/ccd/ccda/record-kinds.ts";
import { ACTIVE, COMPLETED, effectiveTime, entryId, section } from "#local/simulator/ccd/ccda/section.ts";
import type { VisitRecord } from "#local/simulator/ccd/ccda/visit-record.ts";
import { type Content, type Markup, xml } from "#local/simulator/ccd/ccda/xml-text.ts";

/** The FDA's root of unique device identifiers. */
const UDI_OID = "2.16.840.1.113883.3.3719";

/** Medications. */
export function medications(visit: VisitRecord): Markup {
  const frame = {
    templates: template("2.1.1", "2014-06-09"),
    code: loinc("10160-0", "History of Medication use Narrative"),
    title: "Medications",
    prefix: "medication",
    headings: ["Medication", "Dosage", "Since", "Status"],
  };
  const rows = visit.list(MEDICATION_REQUEST).map((request) => {
    const medication = visit.follow(MEDICATION, request.medicationReference);
    const [dosage] = request.dosageInstruction;
    return {
      cells: [medication.code.coding[0].display, dosage.text, request.authoredOn, "Active"],
      entry: (text: Markup) => medicationActivity(request, medication, text),
    };
  });
  return section(frame, rows);
}

function medicationActivity(
  request: RecordOf<typeof MEDICATION_REQUEST>,
  medication: RecordOf<typeof MEDICATION>,
  text: Markup,
): Markup {
  const product = manufactured(
    template("4.23", "2014-06-09"),
    entryId("Medication", medication.id),
    codeElement(cdaCode(medication.code.coding[0])),
  );
  return xml`<substanceAdministration classCode="SBADM" moodCode="INT">${template("4.16", "2014-06-09")}${entryId("MedicationRequest", request.id)}${text}${ACTIVE}<effectiveTime xsi:type="IVL_TS"><low value="${cdaTime(request.authoredOn)}"/></effectiveTime><effectiveTime xsi:type="PIVL_TS" institutionSpecified="true" operator="A"><period value="24" unit="h"/></effectiveTime><doseQuantity value="1.5"/>${product}</substanceAdministration>`;
}

/** Immunizations. */
export function immunizations(visit: VisitRecord): Markup {
  const frame = {
    templates: template("2.2.1", "2015-08-01"),
    code: loinc("11369-6", "History of Immunization Narrative"),
    title: "Immunizations",
    prefix: "immunization",
    headings: ["Vaccine", "Given", "Status"],
  };
  const rows = visit.list(IMMUNIZATION).map((immunization) => {
    const [vaccine] = immunization.vaccineCode.coding;
    const material = xml`${codeElement(cdaCode(vaccine))}<lotNumberText nullFlavor="UNK"/>`;
    const product = manufactured(template("4.54", "2014-06-09"), null, material);
    return {
      cells: [vaccine.display, immunization.occurrenceDateTime, "Completed"],
      entry: (text: Markup) =>
        xml`<substanceAdministration classCode="SBADM" moodCode="EVN" negationInd="false">${template("4.52", "2015-08-01")}${entryId("Immunization", immunization.id)}${text}${COMPLETED}<effectiveTime value="${cdaTime(immunization.occurrenceDateTime)}"/><doseQuantity value="0.5" unit="mL"/>${product}</substanceAdministration>`,
    };
  });
  return section(frame, rows);
}

function manufactured(templates: Markup, id: Content, material: Markup): Markup {
  return xml`<consumable><manufacturedProduct classCode="MANU">${templates}${id}<manufacturedMaterial>${material}</manufacturedMaterial></manufacturedProduct></consumable>`;
}

/** Procedures of the visit. */
export function procedures(visit: VisitRecord): Markup {
  const frame = {
    templates: template("2.7.1", "2014-06-09"),
    code: loinc("47519-4", "History of Procedures Document"),
    title: "Procedures",
    prefix: "procedure",
    headings: ["Procedure", "Performed", "Status"],
  };
  const rows = visit.list(PROCEDURE).map(({ id, code, performedDateTime }) => ({
    cells: [code.coding[0].display, performedDateTime, "Completed"],
    entry: (text: Markup) =>
      procedureActivity(entryId("Procedure", id), codeElement(cdaCode(code.coding[0])), text, performedDateTime),
  }));
  return section(frame, rows);
}

/** Medical Equipment: unique device identifiers of implantable devices. */
export function medicalEquipment(visit: VisitRecord): Markup {
  const frame = {
    templates: template("2.23", "2014-06-09"),
    code: loinc("46264-8", "History of medical device use"),
    title: "Medical Equipment",
    prefix: "device",
    headings: ["Implanted device", "UDI"],
  };
  const rows = visit.list(DEVICE).map(({ id, type, udiCarrier }) => {
    const udi = `(01)${udiCarrier[0].deviceIdentifier}`;
    const device = cdaCode(type.coding[0]);
    const participant = xml`<participant typeCode="DEV"><participantRole classCode="MANU">${template("4.37")}<id root="${UDI_OID}" extension="${udi}" assigningAuthorityName="FDA"/><playingDevice>${codeElement(device)}</playingDevice><scopingEntity><id root="${UDI_OID}"/></scopingEntity></participantRole></participant>`;
    const implantation = xml`<code code="40388003" displayName="Implant" codeSystem="2.16.840.1.113883.6.96" codeSystemName="SNOMED CT"><qualifier><name code="405815000" displayName="Procedure device" codeSystem="2.16.840.1.113883.6.96"/><value ${coded(device)}/></qualifier></code>`;
    return {
      cells: [device.display, udi],
      entry: (text: Markup) =>
        procedureActivity(entryId("Device", id), implantation, text, visit.encounter.period.start, participant),
    };
  });
  return section(frame, rows);
}

function procedureActivity(id: Markup, code: Markup, text: Markup, performed: string, participant?: Markup): Markup {
  return xml`<procedure classCode="PROC" moodCode="EVN">${template("4.14", "2014-06-09")}${id}${code}${text}${COMPLETED}${effectiveTime(cdaTime(performed))}${participant}</procedure>`;
}
