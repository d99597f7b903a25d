import { Readable } from "node:stream";
import { DOMParser, type Element, onErrorStopParsing } from "@xmldom/xmldom";
import { describe, expect, it } from "vitest";
import { readClinicalDocument } from "#ccd-retrieval/documents/c-cda/clinical-document.ts";
import { judgePatient } from "#ccd-retrieval/documents/patient-match/right-patient.ts";
import { documentSettings } from "#ccd-retrieval/language/document-settings.ts";
import { parsePatient } from "#ccd-retrieval/server/read-patient.ts";
import { ccdArchive } from "#local/simulator/ccd/ccd-archive.ts";
import { type CcdDocument, ccdDocuments } from "#local/simulator/ccd/ccd-documents.ts";
import type { PatientIds } from "#local/simulator/ccd/ccda/header.ts";
import { xml } from "#local/simulator/ccd/ccda/xml-text.ts";
import { generateDataset } from "#local/simulator/records/dataset.ts";
import { demographicsOf } from "#local/simulator/records/patient-profile.ts";
import { PatientRecords } from "#local/simulator/records/patient-records.ts";

const HL7 = "urn:hl7-org:v3";
const SEED = 7;
const records = new PatientRecords(generateDataset(SEED, 20, 10_000), SEED, 3);
const patients = records.ofType("Patient").map(({ line }) => demographicsOf(line));

function documentsOf(patientId: string, ccdPatientIds: PatientIds = "both"): CcdDocument[] {
  return ccdDocuments(records, { userId: "clara", patientId, start: null, end: null }, { ccdPatientIds });
}

function parse(text: string): Element {
  const document = new DOMParser({ onError: onErrorStopParsing }).parseFromString(text, "text/xml");
  if (document.documentElement === null) throw new Error("the document has no root");
  return document.documentElement;
}

/** The element that a path of child names leads to. Throws where there is none. */
function at(element: Element, path: string): Element {
  return path.split("/").reduce((parent, name) => {
    const child = childrenOf(parent, name)[0];
    if (child === undefined) throw new Error(`${parent.localName} has no ${name}`);
    return child;
  }, element);
}

function childrenOf(parent: Element, name: string): Element[] {
  return all(parent, name).filter((one) => one.parentNode === parent);
}

function all(element: Element, name: string): Element[] {
  return [...element.getElementsByTagNameNS(HL7, name)];
}

const attributes = (element: Element, ...names: string[]): (string | null)[] =>
  names.map((name) => element.getAttribute(name));
const sectionsOf = (root: Element): Element[] => all(at(root, "component/structuredBody"), "section");
const codeOf = (element: Element): string | null => at(element, "code").getAttribute("code");

describe("C-CDA documents", () => {
  const everything = patients.flatMap(({ id }) => documentsOf(id).map((document) => ({ patientId: id, document })));

  it("each encounter has one document, in the order of time, with the same text each time", () => {
    expect(everything).toHaveLength(records.ofType("Encounter").length);
    const again = new PatientRecords(generateDataset(SEED, 20, 10_000), SEED, 3);
    const [, , patient] = patients;
    const order = { userId: "dora", patientId: patient?.id ?? "", start: null, end: null };
    const remade = ccdDocuments(again, order, { ccdPatientIds: "both" });
    expect(remade).toEqual(documentsOf(order.patientId));
    const times = remade.map((one) => at(parse(one.xml), "effectiveTime").getAttribute("value") ?? "");
    expect(times).toEqual(times.toSorted((one, other) => one.localeCompare(other)));
    expect(ccdArchive(remade, { ccdZipSizes: "headers" })).toEqual(ccdArchive(remade, { ccdZipSizes: "headers" }));
  });

  it("documents are well-formed, with the US Realm Header of a CCD", () => {
    for (const { document } of everything) {
      const root = parse(document.xml);
      expect([root.localName, root.namespaceURI]).toEqual(["ClinicalDocument", HL7]);
      expect(at(root, "realmCode").getAttribute("code")).toBe("US");
      expect(attributes(at(root, "typeId"), "root", "extension")).toEqual(["2.16.840.1.113883.1.3", "POCD_HD000040"]);
      const templates = childrenOf(root, "templateId").map((one) => attributes(one, "root", "extension"));
      expect(templates).toContainEqual(["2.16.840.1.113883.10.20.22.1.1", "2015-08-01"]);
      expect(templates).toContainEqual(["2.16.840.1.113883.10.20.22.1.2", "2015-08-01"]);
      expect(attributes(at(root, "code"), "code", "codeSystem")).toEqual(["34133-9", "2.16.840.1.113883.6.1"]);
      for (const name of ["id", "title", "effectiveTime", "confidentialityCode", "languageCode"]) at(root, name);
      at(root, "author/assignedAuthor/assignedPerson/name/family");
      at(root, "custodian/assignedCustodian/representedCustodianOrganization/name");
      at(root, "documentationOf/serviceEvent/performer");
    }
  });

  it("documents name their patient and their encounter", () => {
    for (const { patientId, document } of everything) {
      const patient = patients.find(({ id }) => id === patientId);
      const root = parse(document.xml);
      const role = at(root, "recordTarget/patientRole");
      expect(childrenOf(role, "id").map((one) => attributes(one, "root", "extension"))).toEqual([
        ["2.16.840.1.113883.3.9999.1", patientId],
        ["2.16.840.1.113883.3.9999", mrnOf(patientId)],
      ]);
      const person = at(role, "patient");
      expect(at(person, "name/family").textContent).toBe(patient?.name[0]?.family);
      expect(at(person, "name/given").textContent).toBe(patient?.name[0]?.given?.[0]);
      expect(at(person, "administrativeGenderCode").getAttribute("code")).toBe(patient?.gender === "male" ? "M" : "F");
      expect(at(person, "birthTime").getAttribute("value")).toBe(patient?.birthDate.replaceAll("-", ""));
      for (const name of ["raceCode", "ethnicGroupCode"]) expect(at(person, name).getAttribute("code")).toMatch(/^2/);
      expect(at(person, "languageCommunication/languageCode").getAttribute("code")).toBe("en-US");
      const encounter = at(root, "componentOf/encompassingEncounter");
      expect(at(encounter, "id").getAttribute("extension")).toBe(document.encounterId);
      const period = /"start":"(\S+?)T(\S+?)-05:00"/.exec(records.find("Encounter", document.encounterId)?.line ?? "");
      const begin = `${period?.[1]?.replaceAll("-", "")}${period?.[2]?.replaceAll(":", "")}-0500`;
      expect(at(encounter, "effectiveTime/low").getAttribute("value")).toBe(begin);
    }
  });

  it("documents have a section for each data class of the guide, with a narrative and entries that refer to it", () => {
    const needed = {
      "48765-2": "Allergies and Intolerances",
      "51848-0": "Assessment",
      "18776-5": "Plan of Treatment",
      "85847-2": "Care Team Members",
      "61146-7": "Goals",
      "75310-3": "Health Concerns",
      "11369-6": "Immunizations",
      "30954-2": "Laboratory",
      "10160-0": "Medications",
      "11450-4": "Problems",
      "47519-4": "Procedures",
      "29762-2": "Smoking Status",
      "46264-8": "Unique Device Identifiers",
      "8716-3": "Vital Signs",
      "47420-5": "Functional status",
      "10190-7": "Mental status",
      "10157-6": "Family History",
      "46240-8": "Encounters",
    };
    const notes = new Set(["11506-3", "34117-2", "18842-5"]);
    for (const { document } of everything) {
      const root = parse(document.xml);
      const sections = sectionsOf(root);
      const found = sections.map(codeOf);
      expect(Object.keys(needed).filter((code) => !found.includes(code))).toEqual([]);
      expect(found.filter((code) => notes.has(code ?? ""))).toHaveLength(1);
      const ids = new Set([...root.getElementsByTagName("*")].flatMap((one) => one.getAttribute("ID") ?? []));
      for (const section of sections) {
        expect(at(section, "text").textContent?.trim()).not.toBe("");
        const isEmpty = section.getAttribute("nullFlavor") === "NI";
        const isWords = codeOf(section) === "51848-0";
        expect(childrenOf(section, "entry").length > 0).toBe(!isEmpty && !isWords);
        for (const reference of all(section, "reference")) {
          expect(ids.has(reference.getAttribute("value")?.slice(1) ?? "")).toBe(true);
        }
      }
    }
    const devices = everything.filter(({ document }) => document.xml.includes("(01)09504000059118"));
    expect(devices.length).toBeGreaterThan(0);
    expect(devices.length).toBeLessThan(everything.length);
  });

  it("documents have the findings of their own encounter, and none from after it", () => {
    const [, , patient] = patients;
    for (const { encounterId, xml: text } of documentsOf(patient?.id ?? "")) {
      const root = parse(text);
      const results = sectionsOf(root).find((section) => codeOf(section) === "30954-2");
      const values = all(results ?? root, "value").map((one) => Number(one.getAttribute("value")));
      const laboratory = records
        .ofType("Observation")
        .filter(({ line }) => line.includes(`"Encounter/${encounterId}"`) && line.includes('"laboratory"'))
        .map(({ line }) => Number(/"value":([\d.]+)/.exec(line)?.[1]));
      expect(values).toEqual(laboratory);
      expect(values).toHaveLength(5);
      const end = at(root, "effectiveTime").getAttribute("value") ?? "";
      const lows = all(root, "low").map((one) => one.getAttribute("value") ?? "");
      expect(lows.filter((low) => low > end)).toEqual([]);
    }
  });

  it("ccdPatientIds limits the recordTarget to one kind of id", () => {
    const [first] = patients;
    const idsBy = (ids: PatientIds): (string | null)[] =>
      documentsOf(first?.id ?? "", ids).flatMap((one) =>
        childrenOf(at(parse(one.xml), "recordTarget/patientRole"), "id").map((id) => id.getAttribute("extension")),
      );
    expect(idsBy("patient-id")).toEqual([first?.id]);
    expect(idsBy("mrn")).toEqual([mrnOf(first?.id ?? "")]);
  });

  it.each<PatientIds>(["both", "patient-id", "mrn"])(
    "documents prove by the Patient resource (by %s) that they are their patient's, and no other patient's",
    async (ids) => {
      const rules = documentSettings.parse({ secondFactor: "required" });
      const documents = patients.flatMap(({ id }) => documentsOf(id, ids).map(({ xml: text }) => ({ id, text })));
      expect(documents.length).toBeGreaterThan(patients.length);
      for (const { id, text } of documents) {
        const { recordTargets } = await readClinicalDocument(Readable.from([Buffer.from(text)]));
        const proven = patients.filter((patient) => {
          const asked = { patientId: patient.id, ...parsePatient(patient, Date.parse("2026-01-01")) };
          return judgePatient(recordTargets, asked, rules).verdict === "match";
        });
        expect(proven.map((patient) => patient.id)).toEqual([id]);
      }
    },
  );

  it("documents escape the text of the records", () => {
    const hostile = `<&>"'`;
    const root = parse(xml`<a xmlns="${HL7}" b="${hostile}">${hostile}${[xml`<c/>`, 1, null, undefined]}</a>`.text);
    expect([root.getAttribute("b"), root.textContent]).toEqual([hostile, `${hostile}1`]);
    expect(all(root, "c")).toHaveLength(1);
  });
});

function mrnOf(patientId: string): string {
  return /"value":"(\d{6})"/.exec(records.find("Patient", patientId)?.line ?? "")?.[1] ?? "";
}
