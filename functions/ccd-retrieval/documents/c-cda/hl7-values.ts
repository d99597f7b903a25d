import { firstInside, type OutlineElement } from "#ccd-retrieval/documents/xml/outline.ts";
import { type Hl7Time, readHl7Time } from "./hl7-time.ts";

/*
 * The values of HL7's data types in the elements of a document's outline.
 * Source: HL7 V3 Data Types Release 1.
 */

/** HL7's II: `root` is an OID or UUID, `extension` is unique under it. In practice either may be missing. */
export interface InstanceIdentifier {
  root: string | undefined;
  extension: string | undefined;
}

/** HL7's CD. */
export interface Code {
  code: string | undefined;
  codeSystem: string | undefined;
  displayName: string | undefined;
}

/** Whether the element declares that it has no value. Its other attributes then count for nothing. */
export function isNull(element: OutlineElement): boolean {
  return element.attributes.has("nullFlavor");
}

/** The identifier of an `id` or `templateId`. */
export function identifierOf(id: OutlineElement): InstanceIdentifier {
  return { root: attributeOf(id, "root"), extension: attributeOf(id, "extension") };
}

/** The identifiers that have a value: those without a nullFlavor. */
export function identifiersOf(ids: readonly OutlineElement[]): InstanceIdentifier[] {
  return ids.filter((id) => !isNull(id)).map(identifierOf);
}

/** The code of an element; undefined if there is no element, or it has no value. */
export function codeOf(element: OutlineElement | undefined): Code | undefined {
  if (element === undefined || isNull(element)) return undefined;
  const [code, codeSystem, displayName] = ["code", "codeSystem", "displayName"].map((part) =>
    attributeOf(element, part),
  );
  return { code, codeSystem, displayName };
}

/** The time of an element; undefined if there is no element, or it has no valid value. */
export function timeOf(element: OutlineElement | undefined): Hl7Time | undefined {
  return element === undefined || isNull(element) ? undefined : readHl7Time(attributeOf(element, "value"));
}

/** The first and last moment of an element's `low` and `high`, or of its single value. */
export function periodOf(element: OutlineElement | undefined): {
  start: Hl7Time | undefined;
  end: Hl7Time | undefined;
} {
  return {
    start: timeOf(firstInside(element, "low")) ?? timeOf(element),
    end: timeOf(firstInside(element, "high")) ?? timeOf(element),
  };
}

/** An attribute without white space around it; undefined if it is missing or empty. */
export function attributeOf(element: OutlineElement | undefined, name: string): string | undefined {
  return element?.attributes.get(name)?.trim() || undefined;
}

/** The text of an element with its white space collapsed; undefined if it is missing or empty. */
export function textOf(element: OutlineElement | undefined): string | undefined {
  return element?.text.replace(/\s+/g, " ").trim() || undefined;
}
