import { type Hl7Time, readHl7Time } from "./hl7-time.ts";
import { defaultLimits, type XmlLimits } from "./limits.ts";
import { allInside, firstInside, type OutlineElement, OutlineKeeper, type Shape } from "./outline.ts";
import { SecureXmlReader } from "./secure-xml.ts";

/** An identifier of HL7: `root` an OID or UUID, `extension` unique under it. Either may be missing in practice. */
export interface InstanceIdentifier {
  root: string | undefined;
  extension: string | undefined;
}

export interface Code {
  code: string | undefined;
  codeSystem: string | undefined;
  displayName: string | undefined;
}

/** A section of the document's body; sections within sections follow the one that they are in. */
export interface Section {
  /** Of LOINC, as a rule: `codeSystem` 2.16.840.1.113883.6.1. */
  code: Code | undefined;
  title: string | undefined;
  /** Whether it has coded entries, not narrative text alone. */
  hasEntries: boolean;
  /** Why it is empty, where it says so: `NI` for no information, and the like. */
  nullFlavor: string | undefined;
  templateIds: InstanceIdentifier[];
}

export interface Encounter {
  ids: InstanceIdentifier[];
  code: Code | undefined;
  start: Hl7Time | undefined;
  end: Hl7Time | undefined;
}

/** What a document says of itself. Titles may name the patient (many EHRs write them so): none of this is for logs. */
export interface ClinicalDocument {
  id: InstanceIdentifier | undefined;
  templateIds: InstanceIdentifier[];
  code: Code | undefined;
  title: string | undefined;
  effectiveTime: Hl7Time | undefined;
  languageCode: string | undefined;
  /** `componentOf/encompassingEncounter`: one at most, by the standard. */
  encounters: Encounter[];
  body: "structured" | "unstructured" | undefined;
  sections: Section[];
}

/** Whose record the document belongs to. To be matched, and for nothing else: never logged, never kept. */
export interface RecordTarget {
  ids: InstanceIdentifier[];
  names: { family: string[]; given: string[] }[];
  birthTime: Hl7Time | undefined;
  /** HL7 AdministrativeGender: `M`, `F` or `UN`. */
  gender: string | undefined;
}

export interface ReadClinicalDocument {
  document: ClinicalDocument;
  recordTargets: RecordTarget[];
}

const hl7 = "urn:hl7-org:v3";

const section: { inside: Record<string, Shape> } = {
  inside: { templateId: {}, code: {}, title: { text: true }, entry: { once: true } },
};
section.inside["component"] = { inside: { section } };

const personName: Shape = { inside: { family: { text: true }, given: { text: true } } };
const period: Shape = { inside: { low: {}, high: {} } };
const patient: Shape = { inside: { name: personName, birthTime: {}, administrativeGenderCode: {} } };

const shape: Shape = {
  inside: {
    id: {},
    templateId: {},
    code: {},
    title: { text: true },
    effectiveTime: {},
    languageCode: {},
    recordTarget: { inside: { patientRole: { inside: { id: {}, patient } } } },
    componentOf: { inside: { encompassingEncounter: { inside: { id: {}, code: {}, effectiveTime: period } } } },
    component: { inside: { structuredBody: { inside: { component: { inside: { section } } } }, nonXMLBody: {} } },
  },
};

/**
 * Reads a clinical document as it arrives: what it is, and whose. Its whole XML is checked, to the last byte; its
 * clinical content is not kept.
 *
 * Source: HL7 CDA R2; C-CDA R2.1, US Realm Header and Continuity of Care Document.
 */
export class ClinicalDocumentReader {
  readonly #keeper: OutlineKeeper;
  readonly #xml: SecureXmlReader;

  constructor(limits: XmlLimits = defaultLimits.xml) {
    this.#keeper = new OutlineKeeper({ namespace: hl7, name: "ClinicalDocument", shape }, limits.outlineChars);
    this.#xml = new SecureXmlReader(this.#keeper, limits);
  }

  /**
   * Takes the next bytes.
   * @throws DocumentRefused
   */
  push(bytes: Uint8Array): void {
    this.#xml.push(bytes);
  }

  /**
   * Ends the document.
   * @throws DocumentRefused where it is not well-formed, not whole, or no clinical document
   */
  finish(): ReadClinicalDocument {
    this.#xml.finish();
    const { root } = this.#keeper;
    return { document: documentOf(root), recordTargets: allInside(root, "recordTarget").flatMap(recordTargetsIn) };
  }
}

/**
 * Reads a whole clinical document.
 * @throws DocumentRefused, and whatever `chunks` throws
 */
export async function readClinicalDocument(
  chunks: AsyncIterable<Uint8Array>,
  limits: XmlLimits = defaultLimits.xml,
): Promise<ReadClinicalDocument> {
  const reader = new ClinicalDocumentReader(limits);
  for await (const chunk of chunks) reader.push(chunk);
  return reader.finish();
}

function documentOf(root: OutlineElement): ClinicalDocument {
  const body = allInside(root, "component").flatMap((component) => component.inside);
  return {
    id: allInside(root, "id").map(identifierOf)[0],
    templateIds: allInside(root, "templateId").map(identifierOf),
    code: codeOf(firstInside(root, "code")),
    title: textOf(firstInside(root, "title")),
    effectiveTime: timeOf(firstInside(root, "effectiveTime")),
    languageCode: valueOf(firstInside(root, "languageCode"), "code"),
    encounters: allInside(root, "componentOf")
      .flatMap((componentOf) => componentOf.inside)
      .map(encounterOf),
    body: body[0] && (body[0].name === "nonXMLBody" ? "unstructured" : "structured"),
    sections: body.flatMap(sectionsIn),
  };
}

function encounterOf(encounter: OutlineElement): Encounter {
  const time = firstInside(encounter, "effectiveTime");
  return {
    ids: allInside(encounter, "id").map(identifierOf),
    code: codeOf(firstInside(encounter, "code")),
    // An encounter of one moment has a value instead of an interval.
    start: timeOf(firstInside(time, "low")) ?? timeOf(time),
    end: timeOf(firstInside(time, "high")) ?? timeOf(time),
  };
}

function sectionsIn(parent: OutlineElement): Section[] {
  return allInside(parent, "component")
    .flatMap((component) => allInside(component, "section"))
    .flatMap((element) => [sectionOf(element), ...sectionsIn(element)]);
}

function sectionOf(element: OutlineElement): Section {
  return {
    code: codeOf(firstInside(element, "code")),
    title: textOf(firstInside(element, "title")),
    hasEntries: firstInside(element, "entry") !== undefined,
    nullFlavor: valueOf(element, "nullFlavor"),
    templateIds: allInside(element, "templateId").map(identifierOf),
  };
}

/** One, by the standard. Where there are more roles or persons, each is a target of its own: all of them must be right. */
function recordTargetsIn(target: OutlineElement): RecordTarget[] {
  const roles = allInside(target, "patientRole");
  if (roles.length === 0) return [recordTargetOf([], undefined)];
  return roles.flatMap((role) => {
    const ids = allInside(role, "id")
      .filter((id) => !isNull(id))
      .map(identifierOf);
    const persons = allInside(role, "patient");
    return persons.length === 0
      ? [recordTargetOf(ids, undefined)]
      : persons.map((person) => recordTargetOf(ids, person));
  });
}

function recordTargetOf(ids: InstanceIdentifier[], person: OutlineElement | undefined): RecordTarget {
  return {
    ids,
    names: allInside(person, "name").map((name) => ({
      family: textsOf(allInside(name, "family")),
      given: textsOf(allInside(name, "given")),
    })),
    birthTime: timeOf(firstInside(person, "birthTime")),
    gender: valueOf(firstInside(person, "administrativeGenderCode"), "code"),
  };
}

/** Whether the element says that it has no value, whatever else it says. */
function isNull(element: OutlineElement): boolean {
  return element.attributes.has("nullFlavor");
}

function identifierOf(id: OutlineElement): InstanceIdentifier {
  return { root: valueOf(id, "root"), extension: valueOf(id, "extension") };
}

function codeOf(element: OutlineElement | undefined): Code | undefined {
  if (element === undefined || isNull(element)) return undefined;
  const [code, codeSystem, displayName] = ["code", "codeSystem", "displayName"].map((part) => valueOf(element, part));
  return { code, codeSystem, displayName };
}

function timeOf(element: OutlineElement | undefined): Hl7Time | undefined {
  return element === undefined || isNull(element) ? undefined : readHl7Time(valueOf(element, "value"));
}

function valueOf(element: OutlineElement | undefined, attribute: string): string | undefined {
  return element?.attributes.get(attribute)?.trim() || undefined;
}

function textOf(element: OutlineElement | undefined): string | undefined {
  return element?.text.replace(/\s+/g, " ").trim() || undefined;
}

function textsOf(elements: OutlineElement[]): string[] {
  return elements.map(textOf).filter((text) => text !== undefined);
}
