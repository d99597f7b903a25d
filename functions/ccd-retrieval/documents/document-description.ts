import type { CcdDocument } from "#ccd-retrieval/language/ccd-request.ts";
import { cutText } from "#platform/http/reading/header-text.ts";

/** What a document says about itself, as the list of documents has it. */
export type DocumentDescription = Omit<CcdDocument, "number" | "key" | "bytes">;

/**
 * Bytes of one description as JSON. An ordinary one has 3 kB; a hostile document may describe itself with megabytes. The API reads
 * the list of a request's documents as a whole for each page, and the list may have 2,000 of them.
 */
export const largestDescription = 8_192;

/** What is left of a larger one. Even if each character needs six bytes, there is room for sections. */
const [longestText, mostEncounterIds] = [100, 5] as const;

/** A description of at most `largestDescription` bytes: long texts are cut, and the last sections and encounters are left out. */
export function boundedDescription(description: DocumentDescription): DocumentDescription {
  if (sizeOf(description) <= largestDescription) return description;
  const bounded: DocumentDescription = {
    title: short(description.title),
    encounterIds: description.encounterIds.slice(0, mostEncounterIds).map((id) => cutText(id, longestText)),
    effectiveTime: short(description.effectiveTime),
    encounterStart: short(description.encounterStart),
    encounterEnd: short(description.encounterEnd),
    sections: [],
  };
  let bytes = sizeOf(bounded);
  for (const section of description.sections) {
    const one = { ...section, code: short(section.code), title: short(section.title) };
    bytes += sizeOf(one) + 1;
    if (bytes > largestDescription) break;
    bounded.sections.push(one);
  }
  return bounded;
}

const short = (text: string | null): string | null => text && cutText(text, longestText);

const sizeOf = (value: DocumentDescription | DocumentDescription["sections"][number]): number =>
  Buffer.byteLength(JSON.stringify(value));
