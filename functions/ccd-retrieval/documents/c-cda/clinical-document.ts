import { defaultLimits, type XmlLimits } from "#ccd-retrieval/documents/limits.ts";
import {
  allInside,
  firstInside,
  type OutlineElement,
  OutlineKeeper,
  type Shape,
} from "#ccd-retrieval/documents/xml/outline.ts";
import { SecureXmlReader } from "#ccd-retrieval/documents/xml/secure-xml.ts";
import { hl7 } from "./hl7-namespace.ts";
import type { Hl7Time } from "./hl7-time.ts";
import {
  attributeOf,
  type Code,
  codeOf,
  type InstanceIdentifier,
  identifierOf,
  identifiersOf,
  periodOf,
  textOf,
  timeOf,
} from "./hl7-values.ts";
import { type RecordTarget, readRecordTargets, recordTargetShape } from "./record-target.ts";

/** A section of the document's body. Sections within a section follow it. */
export interface Section {
  /** Usually of LOINC: `codeSystem` 2.16.840.1.113883.6.1. */
  code: Code | undefined;
  title: string | undefined;
  /** Whether it has coded entries besides its narrative text. */
  hasEntries: boolean;
  /** Why it is empty, if it gives a reason: `NI` for no information, and the like. */
  nullFlavor: string | undefined;
  templateIds: InstanceIdentifier[];
}

export interface Encounter {
  ids: InstanceIdentifier[];
  code: Code | undefined;
  start: Hl7Time | undefined;
  end: Hl7Time | undefined;
}

/** A document's description of itself. Many EHRs write the patient's name into titles: none of this may be logged. */
export interface ClinicalDocument {
  id: InstanceIdentifier | undefined;
  templateIds: InstanceIdentifier[];
  code: Code | undefined;
  title: string | undefined;
  effectiveTime: Hl7Time | undefined;
  languageCode: string | undefined;
  /** `componentOf/encompassingEncounter`: at most one, by the standard. */
  encounters: Encounter[];
  body: "structured" | "unstructured" | undefined;
  sections: Section[];
}

export interface ReadClinicalDocument {
  document: ClinicalDocument;
  recordTargets: RecordTarget[];
}

const section: { inside: Record<string, Shape> } = {
  inside: { templateId: {}, code: {}, title: { text: true }, entry: { once: true } },
};
section.inside["component"] = { inside: { section } };

const period: Shape = { inside: { low: {}, high: {} } };

const shape: Shape = {
  inside: {
    id: {},
    templateId: {},
    code: {},
    title: { text: true },
    effectiveTime: {},
    languageCode: {},
    recordTarget: recordTargetShape,
    componentOf: { inside: { encompassingEncounter: { inside: { id: {}, code: {}, effectiveTime: period } } } },
    component: { inside: { structuredBody: { inside: { component: { inside: { section } } } }, nonXMLBody: {} } },
  },
};

/**
 * Reads a clinical document as it arrives: its description of itself, and its patient. It checks the whole XML, to the last byte,
 * and does not keep the clinical content.
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
   * Reads the next bytes.
   * @throws DocumentRefused
   */
  push(bytes: Uint8Array): void {
    this.#xml.push(bytes);
  }

  /**
   * Ends the document.
   * @throws DocumentRefused if it is not well-formed, not complete, or not a clinical document
   */
  finish(): ReadClinicalDocument {
    this.#xml.finish();
    const { root } = this.#keeper;
    return { document: readDocument(root), recordTargets: allInside(root, "recordTarget").flatMap(readRecordTargets) };
  }
}

/**
 * Reads a whole clinical document.
 * @throws DocumentRefused, and the errors of `chunks`
 */
export async function readClinicalDocument(
  chunks: AsyncIterable<Uint8Array>,
  limits: XmlLimits = defaultLimits.xml,
): Promise<ReadClinicalDocument> {
  const reader = new ClinicalDocumentReader(limits);
  for await (const chunk of chunks) reader.push(chunk);
  return reader.finish();
}

function readDocument(root: OutlineElement): ClinicalDocument {
  const body = allInside(root, "component").flatMap((component) => component.inside);
  return {
    id: allInside(root, "id").map(identifierOf)[0],
    templateIds: allInside(root, "templateId").map(identifierOf),
    code: codeOf(firstInside(root, "code")),
    title: textOf(firstInside(root, "title")),
    effectiveTime: timeOf(firstInside(root, "effectiveTime")),
    languageCode: attributeOf(firstInside(root, "languageCode"), "code"),
    encounters: allInside(root, "componentOf")
      .flatMap((componentOf) => componentOf.inside)
      .map(readEncounter),
    body: body[0] && (body[0].name === "nonXMLBody" ? "unstructured" : "structured"),
    sections: body.flatMap(readSections),
  };
}

function readEncounter(encounter: OutlineElement): Encounter {
  return {
    ids: identifiersOf(allInside(encounter, "id")),
    code: codeOf(firstInside(encounter, "code")),
    ...periodOf(firstInside(encounter, "effectiveTime")),
  };
}

function readSections(parent: OutlineElement): Section[] {
  return allInside(parent, "component")
    .flatMap((component) => allInside(component, "section"))
    .flatMap((element) => [readSection(element), ...readSections(element)]);
}

function readSection(element: OutlineElement): Section {
  return {
    code: codeOf(firstInside(element, "code")),
    title: textOf(firstInside(element, "title")),
    hasEntries: firstInside(element, "entry") !== undefined,
    nullFlavor: attributeOf(element, "nullFlavor"),
    templateIds: allInside(element, "templateId").map(identifierOf),
  };
}
