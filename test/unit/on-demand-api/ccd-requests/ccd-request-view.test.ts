import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedDescription } from "#ccd-retrieval/documents/document-description.ts";
import type { CcdDocument, CcdRequestRecord, RefusedCcd } from "#ccd-retrieval/language/ccd-request.ts";
import { documentRefusalReasons } from "#ccd-retrieval/language/document-faults.ts";
import { requestView } from "#on-demand-api/ccd-requests/ccd-request-view.ts";
import { gatewayResult } from "#on-demand-api/gateway/api-response.ts";
import { type CcdRequestView, ccdRequestView } from "#on-demand-api/language/ccd-request-messages.ts";
import { readNumberAfter } from "#on-demand-api/language/list-places.ts";

const self = `https://api.example/ccd-requests/ccd-${"a".repeat(32)}`;
const record: CcdRequestRecord = {
  requestId: `ccd-${"a".repeat(32)}`,
  caller: "clara",
  sessionId: "service",
  order: { patientId: "p1", startDate: null, endDate: null },
  bodyDigest: "digest",
  requestedAt: "2026-03-01T12:00:00.000Z",
  state: "ready",
  serverRequestId: null,
  failure: null,
  endedAt: "2026-03-01T12:00:05.000Z",
};
const section = { code: "10160-0", title: "History of medication use", hasEntries: true };

const [longestReason] = documentRefusalReasons.toSorted((one, other) => other.length - one.length) as [
  RefusedCcd["reason"],
];

const documentOf = (number: number, more: Partial<CcdDocument> = {}): CcdDocument => ({
  number,
  key: `ccds/x/${number}.xml`,
  bytes: 7,
  title: "Continuity of Care Document",
  encounterIds: ["e1"],
  effectiveTime: "2026-01-31T00:00:00Z",
  encounterStart: null,
  encounterEnd: null,
  sections: Array.from({ length: 28 }, () => section),
  ...more,
});

/** A document as its list describes it. */
const bounded = ({ number, key, bytes, ...description }: CcdDocument): CcdDocument => ({
  number,
  key,
  bytes,
  ...boundedDescription(description),
});

/** All pages, as a caller who follows `next` gets them. Each must fit in an answer of Lambda's. */
function pagesOf(documents: CcdDocument[], refused: RefusedCcd[] = []): CcdRequestView[] {
  const pages: CcdRequestView[] = [];
  for (let next: string | undefined = self; next !== undefined; ) {
    const view = requestView(
      record,
      { documents, refused },
      self,
      readNumberAfter(new URL(next).search.slice(1), "document"),
    );
    gatewayResult({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(view)) });
    pages.push(ccdRequestView.parse(view));
    next = view.next;
  }
  return pages;
}

const numbersIn = (pages: CcdRequestView[]) => pages.flatMap(({ documents }) => documents.map(({ number }) => number));

describe("the list of a request's documents", () => {
  it("a list that fits in one answer has no further page and no member `next`", () => {
    const [page, ...others] = pagesOf([documentOf(1), documentOf(2)]);
    expect([numbersIn(page ? [page] : []), others]).toEqual([[1, 2], []]);
    expect(page).not.toHaveProperty("next");
  });

  // D7
  it("2,000 documents of 28 sections are listed page by page, each once and in order", () => {
    const documents = Array.from({ length: 2_000 }, (_, index) => documentOf(index + 1));
    const pages = pagesOf(documents);
    expect(pages.length).toBeGreaterThan(1);
    expect(numbersIn(pages)).toEqual(documents.map(({ number }) => number));
    expect(pages.every(({ documents: listed }) => listed.every(({ sections }) => sections.length === 28))).toBe(true);
  });

  it("each page names the refused documents, and still fits", () => {
    const documents = Array.from({ length: 2_000 }, (_, index) => documentOf(index + 1));
    const refused = Array.from({ length: 2_000 }, (_, index) => ({
      number: 2_001 + index,
      reason: longestReason,
    }));
    for (const page of pagesOf(documents, refused)) expect(page.refused).toEqual(refused);
  });

  it.each([
    ["a title of 4 million characters", { title: "\u0001".repeat(4_000_000) }],
    ["a hundred thousand sections", { sections: Array.from({ length: 100_000 }, () => section) }],
    [
      "long codes and titles of sections",
      {
        sections: Array.from({ length: 600 }, () => ({
          ...section,
          code: "\u0001".repeat(4_000),
          title: "é".repeat(4_000),
        })),
      },
    ],
    ["long ids of many encounters", { encounterIds: Array.from({ length: 1_000 }, () => "\u0001".repeat(4_000)) }],
    ["long times", { effectiveTime: "1".repeat(600_000), encounterStart: "1".repeat(600_000) }],
  ])("a document with %s is listed, and so are its neighbours", (_, more) => {
    const documents = [documentOf(1), bounded(documentOf(2, more)), bounded(documentOf(3, more)), documentOf(4)];
    const pages = pagesOf(documents);
    expect(numbersIn(pages)).toEqual([1, 2, 3, 4]);
    expect(pages[0]?.documents[0]?.title).toBe("Continuity of Care Document");
  });

  it("the pages of any documents list each document once, in order", () => {
    const text = fc.tuple(fc.constantFrom("a", "é", "\u0001", "😀"), fc.constantFrom(1, 100, 60_000));
    const sizes = fc.record({ title: text.map(([unit, times]) => unit.repeat(times)), sections: fc.nat(3_000) });
    fc.assert(
      fc.property(fc.array(sizes, { maxLength: 40 }), (all) => {
        const documents = all.map(({ title, sections }, index) =>
          bounded(documentOf(index + 1, { title, sections: Array.from({ length: sections }, () => section) })),
        );
        expect(numbersIn(pagesOf(documents))).toEqual(documents.map(({ number }) => number));
      }),
      { numRuns: 25 },
    );
  });
});

describe("the parameter after", () => {
  it.each([
    ["", 0],
    ["after=0", 0],
    ["after=1203", 1_203],
    ["x=1", 0],
  ])("the query %j asks for the documents behind a number", (query, after) => {
    expect(readNumberAfter(query, "document")).toBe(after);
  });

  it.each(["after=", "after=-1", "after=1.5", "after=x", "after=1000000"])("the query %s is refused", (query) => {
    expect(() => readNumberAfter(query, "document")).toThrow("The page is invalid");
  });
});
