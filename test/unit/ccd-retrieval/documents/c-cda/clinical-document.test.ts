import { Readable } from "node:stream";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ClinicalDocumentReader,
  type ReadClinicalDocument,
  readClinicalDocument,
} from "#ccd-retrieval/documents/c-cda/clinical-document.ts";
import { defaultLimits } from "#ccd-retrieval/documents/limits.ts";
import { type CcdOptions, ccdText, recordTarget } from "#test/fixtures/ccd-text.ts";
import { collectedHeap } from "#test/fixtures/heap.ts";
import { refusalOf } from "#test/fixtures/opened-documents.ts";

function read(text: string | Buffer, sizes: readonly number[] = [1 << 20]): ReadClinicalDocument {
  const reader = new ClinicalDocumentReader();
  const bytes = Buffer.from(text as string);
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    reader.push(bytes.subarray(at, at + size));
    at += size;
  }
  return reader.finish();
}

const readCcd = (options: CcdOptions = {}): ReadClinicalDocument => read(ccdText(options));

const expected: ReadClinicalDocument = {
  document: {
    id: { root: "2.16.840.1.113883.3.9999.1", extension: "doc-7" },
    templateIds: [
      { root: "2.16.840.1.113883.10.20.22.1.1", extension: "2015-08-01" },
      { root: "2.16.840.1.113883.10.20.22.1.2", extension: "2015-08-01" },
    ],
    code: { code: "34133-9", codeSystem: "2.16.840.1.113883.6.1", displayName: "Summarization of Episode Note" },
    title: "Continuity of Care Document",
    effectiveTime: { iso: "2024-06-12T16:45:32-05:00", precision: "second", instant: "2024-06-12T21:45:32.000Z" },
    languageCode: "en-US",
    encounters: [
      {
        ids: [{ root: "2.16.840.1.113883.3.9999.2", extension: "enc-12" }],
        code: { code: "AMB", codeSystem: "2.16.840.1.113883.5.4", displayName: "Ambulatory" },
        start: { iso: "2024-06-12T09:00:00-05:00", precision: "second", instant: "2024-06-12T14:00:00.000Z" },
        end: { iso: "2024-06-12T09:30:00-05:00", precision: "second", instant: "2024-06-12T14:30:00.000Z" },
      },
    ],
    body: "structured",
    sections: [
      {
        code: { code: "48765-2", codeSystem: "2.16.840.1.113883.6.1", displayName: "Allergies" },
        title: "Allergies and Intolerances",
        hasEntries: true,
        nullFlavor: undefined,
        templateIds: [{ root: "2.16.840.1.113883.10.20.22.2.6.1", extension: "2015-08-01" }],
      },
      {
        code: { code: "8716-3", codeSystem: "2.16.840.1.113883.6.1", displayName: undefined },
        title: "Vital Signs",
        hasEntries: false,
        nullFlavor: "NI",
        templateIds: [],
      },
    ],
  },
  recordTargets: [
    {
      ids: [{ root: "2.16.840.1.113883.3.9999.3", extension: "110318733539" }],
      names: [{ family: ["NICHOLS"], given: ["GEORGE", "J"] }],
      birthTime: { iso: "1962-01-15", precision: "day", instant: undefined },
      gender: "M",
    },
  ],
};

const person = (family: string): string => `<patient><name><family>${family}</family></name></patient>`;
const role = (id: string, persons: string): string =>
  `<patientRole><id root="1" extension="${id}"/>${persons}</patientRole>`;

const section = (title: string, inner = ""): string =>
  `<component><section><title>${title}</title>${inner}</section></component>`;

const encounterTimes = (time: string): unknown => {
  const componentOf = `<componentOf><encompassingEncounter>${time}</encompassingEncounter></componentOf>`;
  const { start, end } = readCcd({ componentOf }).document.encounters[0] ?? {};
  return [start?.iso, end?.iso];
};

const withIds = (piece: string, count: number): string => ccdText({ recordTargets: recordTarget(piece.repeat(count)) });

describe("ClinicalDocumentReader", () => {
  it("a clinical document gives its metadata and its patient", () => {
    expect(readCcd()).toEqual(expected);
  });

  it("a clinical document reads the same from a stream", async () => {
    const bytes = Buffer.from(ccdText());
    const chunks = Readable.from([bytes.subarray(0, 700), bytes.subarray(700)]);
    expect(await readClinicalDocument(chunks)).toEqual(expected);
  });

  it("a clinical document reads the same in any chunks and with any line ends", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 10 });
    const ends = fc.constantFrom("\n", "\r\n", "\r");
    fc.assert(
      fc.property(sizes, ends, (cuts, end) => {
        expect(read(ccdText().replaceAll("\n", end), cuts)).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  it.each<[string, CcdOptions]>([
    ["a prefix", { prefix: "cda" }],
    ["a stylesheet", { prolog: '<?xml-stylesheet type="text/xsl" href="http://example.com/CDA.xsl"?>\n' }],
    ["comments", { prolog: "<!-- <!DOCTYPE x> -->\n", tail: "<!-- end -->" }],
    ["a schema location", { rootAttributes: 'xsi:schemaLocation="urn:hl7-org:v3 http://example.com/CDA.xsd"' }],
    ["no declaration", { declaration: "" }],
    ["a byte order mark", { declaration: '\ufeff<?xml version="1.0" encoding="utf-8"?>' }],
  ])("a clinical document reads the same with %s", (_, options) => {
    expect(readCcd(options)).toEqual(expected);
  });

  it.each<[string, Buffer]>([
    ["UTF-16, little-endian", Buffer.from(`\ufeff${ccdText({ declaration: "" })}`, "utf16le")],
    ["UTF-16, big-endian", Buffer.from(`\ufeff${ccdText({ declaration: "" })}`, "utf16le").swap16()],
    [
      "UTF-16 without a byte order mark, but declared",
      Buffer.from(ccdText({ declaration: '<?xml version="1.0" encoding="UTF-16LE"?>' }), "utf16le"),
    ],
  ])("a clinical document reads the same in %s", (_, bytes) => {
    expect(read(bytes, [1, 3])).toEqual(expected);
  });

  // D14
  it.each(["ISO-8859-1", "windows-1252", "US-ASCII", "iso-8859-15", "utf-16", "UTF-16LE", "UTF8"])(
    "a clinical document in ASCII bytes reads the same if it declares %s",
    (encoding) => {
      const bytes = Buffer.from(
        ccdText({ declaration: `<?xml version='1.0' encoding='${encoding}' standalone="yes"?>` }),
      );
      for (const sizes of [[1], [3, 700], [1 << 20]]) expect(read(bytes, sizes)).toEqual(expected);
    },
  );

  // D14
  it.each<[string, string, string]>([
    ["ISO-8859-1", "e9fc", "\u00e9\u00fc"],
    ["latin1", "c3a9", "\u00c3\u00a9"],
    ["windows-1252", "93e994", "\u201c\u00e9\u201d"],
    ["Windows-1252", "80", "\u20ac"],
  ])("a clinical document in %s that says so is read as that", (encoding, hex, title) => {
    const [before = "", after = ""] = ccdText({
      declaration: `<?xml version="1.0" encoding="${encoding}"?>`,
      header: "<title>|</title>",
    }).split("|");
    const bytes = Buffer.concat([Buffer.from(before), Buffer.from(hex, "hex"), Buffer.from(after)]);
    for (const sizes of [[1], [1 << 20]]) expect(read(bytes, sizes).document.title).toBe(title);
  });

  it("elements of other namespaces or at other places are not read as the patient", () => {
    const ours = expected.recordTargets[0]?.ids;
    const foreign =
      '<sdtc:recordTarget><patientRole><id root="1" extension="other"/></patientRole></sdtc:recordTarget>';
    const unbound = '<recordTarget xmlns=""><patientRole><id root="1" extension="other"/></patientRole></recordTarget>';
    const rebound = '<x:recordTarget xmlns:x="urn:x"><x:patientRole/></x:recordTarget>';
    const elsewhere = `<component><structuredBody><component><section><title>S</title>${recordTarget(
      '<id root="1" extension="other"/>',
    )}</section></component></structuredBody></component>`;
    const { recordTargets } = readCcd({ header: foreign + unbound + rebound, tail: elsewhere });
    expect(recordTargets.map(({ ids }) => ids)).toEqual([ours]);
    const nearby =
      '<sdtc:id root="1" extension="other"/><id root="2" extension="ours"/><id sdtc:root="3" sdtc:extension="x"/>';
    expect(readCcd({ recordTargets: recordTarget(nearby) }).recordTargets[0]?.ids).toEqual([
      { root: "2", extension: "ours" },
      { root: undefined, extension: undefined },
    ]);
  });

  it("other people in a document are not read as the patient", () => {
    const names = readCcd().recordTargets.flatMap((target) => target.names.flatMap(({ family }) => family));
    expect(names).toEqual(["NICHOLS"]);
  });

  it("ids with a nullFlavor are left out", () => {
    const ids = '<id nullFlavor="UNK"/><id root="1" extension="7" nullFlavor="NI"/><id root="2" extension=" 8 "/>';
    expect(readCcd({ recordTargets: recordTarget(ids) }).recordTargets[0]?.ids).toEqual([
      { root: "2", extension: "8" },
    ]);
  });

  // D8
  it.each<[string, boolean | undefined]>([
    ['<birthTime value="19620115"/>', undefined],
    ['<birthTime value="1962-01-15"/>', undefined],
    ['<birthTime nullFlavor="UNK" value="?"/>', undefined],
    ['<birthTime value=" "/>', undefined],
    ["", undefined],
    ['<birthTime value="01/15/1962"/>', true],
    ['<birthTime value="19620230"/>', true],
    ['<birthTime value="UNK"/>', true],
  ])("of %j the date of birth cannot be read: %s", (birth, unreadable) => {
    const { recordTargets } = readCcd({ recordTargets: recordTarget("", `<patient>${birth}</patient>`) });
    expect(recordTargets[0]?.isBirthTimeUnreadable).toBe(unreadable);
  });

  it("each role and each person is a record target of its own", () => {
    const { recordTargets } = readCcd({
      recordTargets: `<recordTarget>${role("a", person("A"))}${role("b", person("B") + person("C"))}</recordTarget>
        <recordTarget>${role("d", "")}</recordTarget><recordTarget/>`,
    });
    expect(recordTargets.map(({ ids, names }) => [ids[0]?.extension, names[0]?.family[0]])).toEqual([
      ["a", "A"],
      ["b", "B"],
      ["b", "C"],
      ["d", undefined],
      [undefined, undefined],
    ]);
  });

  it("sections within a section follow that section", () => {
    const { document } = readCcd({
      body: `<component><structuredBody>${section("1", section("1.1", section("1.1.1")) + section("1.2"))}${section("2")}
        </structuredBody></component>`,
    });
    expect(document.sections.map(({ title }) => title)).toEqual(["1", "1.1", "1.1.1", "1.2", "2"]);
  });

  it("texts are read without comments, with resolved characters and collapsed white space", () => {
    const header = "<title>  A &amp; B\n <!-- c --> <![CDATA[<C>]]> &#x44;&#69; </title>";
    expect(readCcd({ header }).document.title).toBe("A & B <C> DE");
  });

  it("a clinical document may be empty", () => {
    const { document, recordTargets } = read('<ClinicalDocument xmlns="urn:hl7-org:v3"/>');
    expect(recordTargets).toEqual([]);
    expect(document).toMatchObject({ id: undefined, title: undefined, effectiveTime: undefined, sections: [] });
    expect(document).toMatchObject({ body: undefined, encounters: [], templateIds: [] });
  });

  it("a clinical document may wrap an unstructured body", () => {
    const body =
      '<component><nonXMLBody><text mediaType="application/pdf" representation="B64">JVBE</text></nonXMLBody></component>';
    expect(readCcd({ body }).document).toMatchObject({ body: "unstructured", sections: [] });
  });

  it("the time of an encounter may be one moment, an open interval, or missing", () => {
    expect(encounterTimes('<effectiveTime value="20240612"/>')).toEqual(["2024-06-12", "2024-06-12"]);
    expect(encounterTimes('<effectiveTime><low value="20240612"/></effectiveTime>')).toEqual(["2024-06-12", undefined]);
    const unknown = '<low nullFlavor="UNK" value="20240612"/>';
    expect(encounterTimes(`<effectiveTime>${unknown}</effectiveTime>`)).toEqual([undefined, undefined]);
    expect(encounterTimes('<effectiveTime value="12 June"/>')).toEqual([undefined, undefined]);
  });

  it("codes with a nullFlavor are left out", () => {
    const header = '<code nullFlavor="UNK" code="34133-9"/><languageCode nullFlavor="NI"/>';
    expect(readCcd({ header }).document).toMatchObject({ code: undefined, languageCode: undefined });
  });

  it.each([
    ["without a namespace", "<ClinicalDocument/>"],
    ["in another namespace", '<ClinicalDocument xmlns="urn:hl7-org:v2"/>'],
    ["that is a message", '<RCMR_IN200002 xmlns="urn:hl7-org:v3"><ClinicalDocument/></RCMR_IN200002>'],
    ["that is a stylesheet", '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"/>'],
    ["that is an HTML page", "<html><body><h1>HTTP Status 401</h1></body></html>"],
  ])("XML %s is not a clinical document", async (_, text) => {
    expect(await refusalOf(() => read(text))).toBe("not-a-clinical-document");
  });

  it("a document whose outline exceeds its limit is refused", async () => {
    const limits = { ...defaultLimits.xml, outlineChars: 20_000 };
    const kept = (text: string) => async () => readClinicalDocument(Readable.from([Buffer.from(text)]), limits);
    expect(await refusalOf(kept(withIds("<id/>", 700)))).toBe("outline-too-large");
    expect(await refusalOf(kept(withIds(`<id root="${"1".repeat(400)}"/>`, 50)))).toBe("outline-too-large");
    expect(await refusalOf(kept(ccdText({ header: `<title>${"x<!-- -->".repeat(20_000)}</title>` })))).toBe(
      "outline-too-large",
    );
    const entries = "<entry/>".repeat(700);
    const body = `<component><structuredBody><component><section>${entries}</section></component></structuredBody></component>`;
    expect((await kept(ccdText({ body }))()).document.sections).toMatchObject([{ hasEntries: true }]);
  });

  it("a body of 40 MiB takes less than 4 MiB of memory", () => {
    const reader = new ClinicalDocumentReader(defaultLimits.xml);
    const [before = "", after = ""] = ccdText({
      body: "<component><nonXMLBody><text>|</text></nonXMLBody></component>",
    }).split("|");
    const scan = Buffer.from("QUJDREVGR0hJSktM".repeat(4_096));
    reader.push(Buffer.from(before));
    const heap = collectedHeap();
    for (let pushed = 0; pushed < 40 << 20; pushed += scan.length) reader.push(scan);
    expect(collectedHeap() - heap).toBeLessThan(4 << 20);
    reader.push(Buffer.from(after));
    expect(reader.finish().recordTargets).toEqual(expected.recordTargets);
  });
});
