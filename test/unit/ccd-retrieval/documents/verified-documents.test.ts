import { buffer } from "node:stream/consumers";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readVerifiedDocuments, type VerifiedAnswer } from "#ccd-retrieval/documents/verified-documents.ts";
import { WrongPatient } from "#ccd-retrieval/language/ccd-faults.ts";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import { documentSettings } from "#ccd-retrieval/language/document-settings.ts";
import { nothingKnown, type RequestedPatient } from "#ccd-retrieval/language/known-patient.ts";
import { ccdText, recordTarget } from "#test/fixtures/ccd-text.ts";
import { ownKnown } from "#test/fixtures/ccds-in-memory.ts";
import { type ZipEntryBytes, zipBytes } from "#test/fixtures/zip-bytes.ts";

const root = "2.16.840.1.113883.3.9999.3";
const patient: RequestedPatient = { ...ownKnown, patientId: "77" };
const ofId = (extension: string, person?: string): string =>
  ccdText({ recordTargets: recordTarget(`<id root="${root}" extension="${extension}"/>`, person) });
const ours = ofId("77");
const nameless = ofId("78", "");
const good: ZipEntryBytes = { name: "1.xml", content: ours };

const read = (entries: ZipEntryBytes[], known: RequestedPatient = patient): Promise<VerifiedAnswer> =>
  readVerifiedDocuments({ bytes: zipBytes(entries) }, known, documentSettings.parse(undefined));

describe("files beside the documents", () => {
  // D1
  it.each<[string, ZipEntryBytes]>([
    ["a stylesheet", { name: "CDA.xsl", content: '<xsl:stylesheet xmlns:xsl="urn:xsl" xmlns:n1="urn:hl7-org:v3"/>' }],
    ["a stylesheet that is called XML", { name: "CDA.xml", content: '<xsl:stylesheet xmlns:xsl="urn:xsl"/>' }],
    ["a README", { name: "README.TXT", content: "Open 1.xml" }],
    ["an HTML page", { name: "INDEX.HTM", content: "<!DOCTYPE html><html><body>ClinicalDocument</body></html>" }],
    ["an HTML page without a document type", { name: "1.html", content: "<html lang=en><br></html>" }],
    [
      "an XHTML page",
      { name: "1.xhtml", content: '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>' },
    ],
    [
      "the metadata of an XDM archive",
      { name: "IHE_XDM/S1/METADATA.XML", content: '<SubmitObjectsRequest xmlns="urn:x"/>' },
    ],
    ["a PDF", { name: "1.pdf", content: Buffer.from("%PDF-1.7\n\u0000\u0080") }],
    ["an image", { name: "logo.jpg", content: Buffer.from("ffd8ffe000104a46", "hex") }],
    ["what macOS stores of a document", { name: "__MACOSX/._1.xml", content: Buffer.from("0005160700020000", "hex") }],
    ["what macOS stores of a folder", { name: ".DS_Store", content: Buffer.from("0000000142756431", "hex") }],
    ["what Windows stores of a folder", { name: "Thumbs.db", content: Buffer.from("d0cf11e0a1b11ae1", "hex") }],
    ["an empty file", { name: "checksum.sha1" }],
    ["a damaged file", { name: "1.css", content: "a", central: { crc: 1 }, local: { crc: 1 } }],
    ["a stylesheet with a document type", { name: "a.xsl", content: '<!DOCTYPE x [<!ENTITY n "y">]><x/>' }],
  ])("%s is a companion: it is named and counted, and the document is verified", async (_, companion) => {
    const { documents, refused, companions } = await read([companion, good]);
    expect(documents).toMatchObject([{ number: 1, bytes: Buffer.byteLength(ours) }]);
    expect(refused).toEqual([]);
    expect(companions).toEqual([{ name: companion.name, bytes: Buffer.byteLength(companion.content ?? "") }]);
  });

  // D1
  it.each<[string, string]>([
    ["CDA.xsl", ours],
    ["ccd", ours],
    ["__MACOSX/._2.xml", ours],
    [
      "2.txt",
      `<!-- ${"x".repeat(100_000)} -->${ccdText({ declaration: "", recordTargets: recordTarget(`<id root="${root}" extension="77"/>`) })}`,
    ],
  ])("a clinical document may be called %s", async (name, content) => {
    expect((await read([good, { name, content }])).documents).toHaveLength(2);
  });

  // D1, D13
  it.each<[string, ZipEntryBytes, string]>([
    ["in another namespace", { name: "a", content: "<ClinicalDocument/>" }, "not-a-clinical-document"],
    ["that is an HL7 message", { name: "a", content: '<RCMR xmlns="urn:hl7-org:v3"/>' }, "not-a-clinical-document"],
    ["that is called XML and is empty", { name: "2.XML" }, "malformed-xml"],
    ["that is called XML and is text", { name: "2.xml", content: "an error occurred" }, "malformed-xml"],
    ["that is cut", { name: "2.xml", content: ours.slice(0, 2_000) }, "malformed-xml"],
    ["with a raw ampersand", { name: "2", content: ours.replace("<title>", "<title>A&O x 3") }, "malformed-xml"],
    ["with an entity of HTML", { name: "2", content: ours.replace("<title>", "<title>&nbsp;") }, "undefined-entity"],
    ["with a false checksum", { ...good, name: "2", central: { crc: 1 }, local: { crc: 1 } }, "checksum-differs"],
    ["whose content cannot be inflated", { ...good, name: "2.xml", packed: Buffer.from("hello") }, "content-damaged"],
    ["in XML 1.1", { name: "2", content: ours.replace("1.0", "1.1") }, "unsupported-xml-version"],
    ["without a record target", { name: "2", content: ccdText({ recordTargets: "" }) }, "no-record-target"],
    ["without an id", { name: "2", content: ccdText({ recordTargets: recordTarget("") }) }, "no-id"],
    ["with unknown ids of the same person", { name: "2", content: ofId("X-1") }, "unknown-ids"],
  ])("a document %s is refused by itself, with its number and its name for the operator", async (_, bad, reason) => {
    const { documents, refused } = await read([{ name: "folder/" }, { name: "0.css", content: "a" }, bad, good]);
    expect(documents.map(({ number }) => number)).toEqual([2]);
    expect(refused).toMatchObject([{ number: 1, entry: 3, name: bad.name, reason }]);
    expect(refused[0]?.message).toMatch(/^document 1 of 2/);
    expect(refused[0]?.message).not.toMatch(/A&O|nbsp|GEORGE|X-1|\.xml/i);
  });

  it.each<[string, ZipEntryBytes]>([
    ["of another person", { name: "2", content: ofId("78", "<patient><birthTime value='19700102'/></patient>") }],
    [
      "of our id and another person",
      { name: "2", content: ofId("77", "<patient><birthTime value='19700102'/></patient>") },
    ],
    ["of nobody, under the root of the patient's id", { name: "2", content: nameless }],
  ])("another patient's document (%s) keeps everything back", async (_, stranger) => {
    for (const entries of [
      [good, stranger],
      [stranger, good],
    ]) {
      const refusal = read(entries);
      await expect(refusal).rejects.toMatchObject({ name: "WrongPatient" });
      const fault = (await refusal.catch((error: unknown) => error)) as { refusedFiles(): unknown };
      expect(fault.refusedFiles()).toMatchObject([{ name: "2", number: entries.indexOf(stranger) + 1 }]);
    }
  });

  it("another patient's document keeps everything back even if nothing is known about the patient except the id", async () => {
    const unknown = { ...nothingKnown, patientId: "77" };
    await expect(read([good, { name: "2", content: ofId("78") }], unknown)).rejects.toThrow("mismatch: other-id");
    const elsewhere = ours.replaceAll(root, "1.2.3").replaceAll('"77"', '"78"');
    expect((await read([good, { name: "2", content: elsewhere }], unknown)).refused).toMatchObject([
      { reason: "unknown-ids" },
    ]);
  });

  it.each<[string, string, ZipEntryBytes]>([
    ["a document type", "document-type", { name: "2.xml", content: `<!DOCTYPE x>${ours.slice(ours.indexOf("<C"))}` }],
    ["an archive as companion", "nested-archive", { name: "more.zip", content: zipBytes([good]) }],
    [
      "a companion of another size",
      "size-differs",
      { name: "a", content: "abc", central: { size: 2 }, local: { size: 2 } },
    ],
    [
      "nesting without end",
      "too-deep",
      { name: "2", content: `<ClinicalDocument xmlns="urn:hl7-org:v3">${"<a>".repeat(200)}` },
    ],
  ])("an attack (%s) keeps everything back", async (_, reason, attack) => {
    const refusal = read([good, attack]);
    await expect(refusal).rejects.toMatchObject({ name: "DocumentRefused", reason });
    const fault = (await refusal.catch((error: unknown) => error)) as DocumentRefused;
    expect(fault.refusedFiles()).toMatchObject([{ entry: 2, name: attack.name, reason }]);
  });

  it("an archive of companions alone is refused, because its documents may be missing", async () => {
    await expect(read([{ name: "error.txt", content: "try later" }])).rejects.toMatchObject({
      reason: "not-a-clinical-document",
    });
    expect(await read([])).toEqual({ documents: [], refused: [], companions: [] });
    expect(await read([{ name: "IHE_XDM/" }])).toEqual({ documents: [], refused: [], companions: [] });
  });

  it("a document that describes itself at length is listed by a short description", async () => {
    const content = ours.replace("<title>", `<title>${"long ".repeat(100_000)}`);
    const [document] = (await read([{ name: "1.xml", content }])).documents;
    expect(document?.metadata.title).toHaveLength(101);
  });

  // D10
  it("an encounter's id without a value is none", async () => {
    const componentOf =
      '<componentOf><encompassingEncounter><id nullFlavor="NI"/><id/><id root="" extension=" "/><id nullFlavor="UNK" root="1.2"/><id root="1.2.3"/><id root="1.2" extension="e-1"/></encompassingEncounter></componentOf>';
    const content = ccdText({ componentOf, recordTargets: recordTarget(`<id root="${root}" extension="77"/>`) });
    expect((await read([{ name: "1.xml", content }])).documents[0]?.metadata.encounterIds).toEqual(["1.2.3", "e-1"]);
  });
});

/** What is verified of an answer, byte for byte; `nothing` if it is refused as a whole. */
async function outcomeOf(entries: ZipEntryBytes[]): Promise<unknown> {
  try {
    const { documents, refused, companions } = await read(entries);
    const texts = await Promise.all(documents.map(async (one) => (await buffer(one.chunks())).toString()));
    const unchanged = documents.filter((_, place) => entries.some(({ content }) => content === texts[place]));
    return {
      documents: unchanged.map(({ number }) => number),
      refused: refused.map(({ number }) => number),
      companions: companions.map(({ bytes }) => bytes),
    };
  } catch (error) {
    if (error instanceof DocumentRefused || error instanceof WrongPatient) return "nothing";
    throw error;
  }
}

describe("any answer", () => {
  const stranger = "<patient><birthTime value='19700102'/></patient>";
  const contents = {
    good: [ours, `\ufeff${ours}`, ours.replace("UTF-8", "ISO-8859-1")],
    companion: ["<html>", "a", "", '<SubmitObjectsRequest xmlns="urn:x"/>'],
    refused: [
      ours.slice(0, 900),
      ours.replace("<title>", "<title>&nbsp;"),
      ccdText({ recordTargets: "" }),
      ofId("X-1"),
    ],
    // Each of these keeps everything back.
    stranger: [ofId("78", stranger), ofId("77", stranger), nameless],
    attack: [ours.replace("<C", "<!DOCTYPE x><C"), Buffer.from("PK\u0003\u0004")],
  };
  const kind = fc.constantFrom<keyof typeof contents>(
    "good",
    "good",
    "good",
    "companion",
    "refused",
    "stranger",
    "attack",
  );
  const file = kind.chain((of) => fc.constantFrom(...contents[of]).map((content) => ({ of, content })));

  // D1, D13
  it("exactly the documents that are proven are verified, or nothing if one file is an attack or a stranger's", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(file, { maxLength: 6 }), async (files) => {
        const entries = files.map(({ content }, place) => ({ name: `${place}`, content }));
        const of = (...kinds: string[]) => files.filter((one) => kinds.includes(one.of));
        const claiming = of("good", "refused").map((one, place) => ({ ...one, number: place + 1 }));
        const isStrangerSeen = of("good").length > 0 || of("stranger").some(({ content }) => content !== nameless);
        const keepsAllBack = of("attack").length > 0 || (of("stranger").length > 0 && isStrangerSeen);
        const numbersOf = (which: string) => claiming.filter((one) => one.of === which).map(({ number }) => number);
        const nothing = keepsAllBack || (files.length > 0 && of("good").length === 0);
        const bytes = of("companion").map(({ content }) => Buffer.byteLength(content));
        const expected = { documents: numbersOf("good"), refused: numbersOf("refused"), companions: bytes };
        expect(await outcomeOf(entries)).toEqual(nothing ? "nothing" : expected);
      }),
      { numRuns: 300 },
    );
  });

  // D13
  it("whatever happens to one document, the others are verified unchanged, or nothing is", async () => {
    const piece = fc.oneof(
      fc.string({ unit: "binary", maxLength: 6 }),
      fc.constantFrom("&", "<", "]]>", "&#0;", "<!--", 'nullFlavor="UNK"', "<!DOCTYPE x>", "78", "1970-05-05"),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat({ max: 40 }), piece, async (place, removed, added) => {
        const at = place % ours.length;
        const changed = ours.slice(0, at) + added + ours.slice(at + removed);
        const entries = [good, { name: "2.xml", content: changed }, { ...good, name: "3.xml" }];
        const known = { documents: [1, 3], refused: [2], companions: [] };
        const companion = { documents: [1, 2], refused: [], companions: [Buffer.byteLength(changed)] };
        const proven = { documents: [1, 2, 3], refused: [], companions: [] };
        expect(["nothing", known, companion, proven]).toContainEqual(await outcomeOf(entries));
      }),
      { numRuns: 500 },
    );
  });
});
