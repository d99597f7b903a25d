import type { SectionEntries } from "./plain-document.ts";

/** An OperationOutcome: what the conversion lost, for the consumer of the Bundle. */
interface LossReport {
  resourceType: "OperationOutcome";
  issue: { severity: "information" | "warning"; code: "informational" | "incomplete"; diagnostics: string }[];
}

const emptyReasons = "http://terminology.hl7.org/CodeSystem/list-empty-reason";

/**
 * Says for each section how many of its entries were converted. What the converter loses inside of an entry cannot be counted, and the
 * report says so.
 * @param converted how many entries the Composition has, for each section in order
 */
export function lossReport(sections: readonly SectionEntries[], converted: readonly number[]): LossReport {
  const losses = sections.flatMap((section, place) => lossesOf(section, place, converted[place] ?? 0));
  return {
    resourceType: "OperationOutcome",
    issue: [
      {
        severity: "information",
        code: "informational",
        diagnostics:
          "This Bundle is derived from a C-CDA document by @medplum/ccda. The document itself is the record. Narratives are left out, " +
          "and parts of an entry may be missing.",
      },
      ...losses.map((diagnostics) => ({ severity: "warning" as const, code: "incomplete" as const, diagnostics })),
    ],
  };
}

function lossesOf({ title, entries, unreadValues }: SectionEntries, place: number, found: number): string[] {
  const name = title?.trim() || `Section ${place + 1}`;
  const losses: string[] = [];
  if (found < entries) losses.push(`${name}: ${found} of ${entries} entries were converted.`);
  if (unreadValues > 0) losses.push(`${name}: ${unreadValues} values have a type that is not converted.`);
  return losses;
}

/**
 * The text of a section of the Composition, in the place of its narrative. A section whose entries are all missing says that it is not
 * empty in the document, so that no consumer reads it as "none known".
 *
 * Source: FHIR R4, Composition (constraints cmp-1 and cmp-2).
 */
export function sectionText(converted: number, entries: number): Record<string, unknown> {
  const words = `${Math.min(converted, entries)} of ${entries} entries were converted. The narrative is in the document itself.`;
  const text = {
    status: "generated",
    div: `<div xmlns="http://www.w3.org/1999/xhtml"><p>${words}</p></div>`,
  };
  if (converted > 0 || entries === 0) return { text };
  return { text, emptyReason: { coding: [{ system: emptyReasons, code: "unavailable" }] } };
}
