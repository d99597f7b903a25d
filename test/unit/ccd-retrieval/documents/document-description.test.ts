import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  boundedDescription,
  type DocumentDescription,
  largestDescription,
} from "#ccd-retrieval/documents/document-description.ts";
import { type CcdDocuments, ccdDocuments } from "#ccd-retrieval/language/ccd-request.ts";
import { documentSettings } from "#ccd-retrieval/language/document-settings.ts";

const section = { code: "10160-0", title: "History of medication use", hasEntries: true };
const ordinary: DocumentDescription = {
  title: "Continuity of Care Document",
  encounterIds: ["e1"],
  effectiveTime: "2026-01-31T00:00:00Z",
  encounterStart: "2026-01-30T09:00:00Z",
  encounterEnd: null,
  sections: Array.from({ length: 28 }, () => section),
};

/** The longest texts: each of these characters needs six bytes in JSON. */
const long = "\u0001".repeat(4_000);
const hostile: DocumentDescription = {
  title: long,
  encounterIds: Array.from({ length: 1_000 }, () => long),
  effectiveTime: long,
  encounterStart: long,
  encounterEnd: long,
  sections: Array.from({ length: 10_000 }, () => ({ code: long, title: long, hasEntries: true })),
};

const bytesOf = (json: unknown): number => Buffer.byteLength(JSON.stringify(json));

describe("a document's description of itself", () => {
  it("an ordinary description stays as it is", () => {
    expect(boundedDescription(ordinary)).toBe(ordinary);
  });

  it("a long description is cut, and keeps what fits", () => {
    const bounded = boundedDescription({ ...ordinary, title: "T".repeat(1_000_000) });
    expect(bounded).toEqual({ ...ordinary, title: `${"T".repeat(100)}…` });
    const many = boundedDescription({ ...ordinary, sections: Array.from({ length: 100_000 }, () => section) });
    expect(many.sections.length).toBeGreaterThan(90);
    expect(many.sections.every((one) => one.title === section.title)).toBe(true);
  });

  it("a description has a bounded size, whatever the document says", () => {
    const text = fc.tuple(
      fc.constantFrom("a", "é", '"', "\u0001", "😀", "\ud83d"),
      fc.constantFrom(0, 1, 99, 101, 60_000),
    );
    const words = text.map(([unit, times]) => unit.repeat(times));
    const sections = fc.array(fc.record({ code: words, title: words, hasEntries: fc.boolean() }), { maxLength: 30 });
    fc.assert(
      fc.property(words, fc.array(words), sections, (title, encounterIds, some) => {
        const bounded = boundedDescription({ ...ordinary, title, encounterIds, sections: some });
        expect(bytesOf(bounded)).toBeLessThanOrEqual(largestDescription);
      }),
    );
  });

  // D7
  it("the largest possible list of documents, which the API reads for each page, stays below 20 MB", () => {
    const requestId = `ccd-${"f".repeat(32)}`;
    const { entries } = documentSettings.parse(undefined).limits;
    const description = boundedDescription(hostile);
    const documents = Array.from({ length: entries }, (_, place) => ({
      number: place + 1,
      key: `landing/ccds/${requestId}/${place + 1}.xml`,
      bytes: 268_435_456,
      ...description,
    }));
    const ofDocuments: CcdDocuments = { requestId, documents };
    // The longest name of an entry has 512 characters (`zip/entry-rules.ts`), none of them a control character.
    const companions = Array.from({ length: entries }, () => ({ name: "€".repeat(512), bytes: 268_435_456 }));
    const ofCompanions: CcdDocuments = { requestId, documents: [], companions };
    for (const index of [ofDocuments, ofCompanions]) {
      expect(bytesOf(index)).toBeLessThan(20_000_000);
      expect(ccdDocuments.parse(JSON.parse(JSON.stringify(index)))).toEqual(index);
    }
  });
});
