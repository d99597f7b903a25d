import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClinicalDocumentReader } from "#ccd-retrieval/documents/c-cda/clinical-document.ts";
import { defaultLimits, type XmlLimits } from "#ccd-retrieval/documents/limits.ts";
import type { RefusalReason } from "#ccd-retrieval/language/document-faults.ts";
import { ccdText } from "#test/fixtures/ccd-text.ts";
import { refusalOf, refusedBy } from "#test/fixtures/opened-documents.ts";

function read(text: string | Buffer, limits: Partial<XmlLimits> = {}, chunkBytes = 1 << 20): void {
  const reader = new ClinicalDocumentReader({ ...defaultLimits.xml, ...limits });
  const bytes = Buffer.from(text as string);
  for (let at = 0; at < bytes.length; at += chunkBytes) reader.push(bytes.subarray(at, at + chunkBytes));
  reader.finish();
}

function faultOf(work: () => void): Error | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

const laughs = `<!DOCTYPE lolz [<!ENTITY a "lol">${Array.from(
  { length: 9 },
  (_, index) => `<!ENTITY ${"bcdefghij"[index]} "${`&${"abcdefghi"[index]};`.repeat(10)}">`,
).join("")}]>`;

const open = '<ClinicalDocument xmlns="urn:hl7-org:v3">';
const end = "</ClinicalDocument>";
const titled = (text: string): string => `${open}<title>${text}</title>${end}`;

describe("hostile XML", () => {
  const refused: [string, RefusalReason, string | Buffer, Partial<XmlLimits>?][] = [
    // Document types and entities.
    ["names a document type", "document-type", ccdText({ prolog: "<!DOCTYPE ClinicalDocument>" })],
    ["has an external DTD", "document-type", ccdText({ prolog: '<!DOCTYPE x SYSTEM "http://example.com/x.dtd">' })],
    ["has a public DTD", "document-type", ccdText({ prolog: '<!DOCTYPE x PUBLIC "-//X" "file:///etc/passwd">' })],
    ["has the billion laughs", "document-type", ccdText({ prolog: laughs, header: "<title>&j;</title>" })],
    [
      "reads a file by an entity",
      "document-type",
      ccdText({ prolog: '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>', header: "<title>&f;</title>" }),
    ],
    [
      "has a parameter entity",
      "document-type",
      ccdText({ prolog: '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://example.com/">%p;]>' }),
    ],
    [
      "sets an attribute by a DTD",
      "document-type",
      ccdText({ prolog: '<!DOCTYPE x [<!ATTLIST id extension CDATA "110318733539">]>' }),
    ],
    ["refers to an entity", "undefined-entity", titled("&f;")],
    ["refers to an entity in an attribute", "undefined-entity", `${open}<id root="&f;"/>${end}`],
    ["refers to an entity of HTML", "undefined-entity", titled("&nbsp;")],
    ["refers to an entity named like a member of every object", "undefined-entity", titled("&constructor;")],
    ["refers to an entity in a part that is not kept", "undefined-entity", `${open}<text>&f;</text>${end}`],
    ["has a document type after its root", "malformed-xml", `${titled("x")}<!DOCTYPE x>`],
    ["has a document type inside its root", "malformed-xml", titled("<!DOCTYPE x>")],
    ["declares an entity without a document type", "malformed-xml", titled('<!ENTITY f "x">')],
    // Characters.
    ["refers to the character 0", "malformed-xml", titled("&#0;")],
    ["refers to half a character", "malformed-xml", titled("&#xD800;")],
    ["refers to a character beyond Unicode", "malformed-xml", titled("&#x110000;")],
    ["has a control character", "malformed-xml", titled("\u0001")],
    ["has a NUL", "malformed-xml", titled("\0")],
    // Encodings.
    // D14: ISO-8859-1 that says so is read, and so is every declaration that ASCII bytes have one reading for.
    [
      "is in Latin-2 and declares it",
      "unsupported-encoding",
      Buffer.from(`<?xml version="1.0" encoding="ISO-8859-2"?>${titled("\u00e9")}`, "latin1"),
    ],
    [
      "is in UTF-8 with a byte order mark and declares Latin-1",
      "unsupported-encoding",
      `\ufeff<?xml version="1.0" encoding="ISO-8859-1"?>${titled("x")}`,
    ],
    [
      "is in UTF-8, not in ASCII, and declares UTF-16",
      "unsupported-encoding",
      `<?xml version="1.0" encoding="utf-16"?>${titled("\u00e9")}`,
    ],
    [
      "is in ASCII and declares ISO-2022-JP, which shifts",
      "unsupported-encoding",
      `<?xml version="1.0" encoding="ISO-2022-JP"?>${titled("x")}`,
    ],
    [
      "is in ASCII and declares EBCDIC",
      "unsupported-encoding",
      `<?xml version="1.0" encoding="IBM037"?>${titled("x")}`,
    ],
    [
      "is in UTF-8 and declares UTF-7",
      "unsupported-encoding",
      ccdText({ declaration: '<?xml version="1.0" encoding="UTF-7"?>' }),
    ],
    ["is in UTF-16 and declares UTF-8", "unsupported-encoding", Buffer.from(`\ufeff${ccdText()}`, "utf16le")],
    [
      "is in UTF-16 of the other byte order than it declares",
      "unsupported-encoding",
      Buffer.from(`\ufeff${ccdText({ declaration: '<?xml version="1.0" encoding="UTF-16BE"?>' })}`, "utf16le"),
    ],
    ["is in UTF-16 and declares nothing", "unsupported-encoding", Buffer.from(ccdText({ declaration: "" }), "utf16le")],
    ["is in UTF-32", "unsupported-encoding", Buffer.from("fffe00003c000000", "hex")],
    ["is in UTF-32, big-endian", "unsupported-encoding", Buffer.from("0000feff0000003c", "hex")],
    ["is in EBCDIC", "unsupported-encoding", Buffer.from("4c6fa7949340", "hex")],
    ["has bytes that are not UTF-8", "unsupported-encoding", Buffer.from(titled("\u00ff"), "latin1")],
    [
      "has an overlong UTF-8 character",
      "unsupported-encoding",
      Buffer.concat([Buffer.from(open), Buffer.from("c0bc", "hex"), Buffer.from(end)]),
    ],
    ["ends within a character", "malformed-xml", Buffer.concat([Buffer.from(titled("x")), Buffer.from([0xc3])])],
    ["has two byte order marks", "malformed-xml", `\ufeff\ufeff${titled("x")}`],
    // Versions and form.
    ["is in XML 1.1", "unsupported-xml-version", ccdText({ declaration: '<?xml version="1.1"?>' })],
    ["is in XML 1.9", "unsupported-xml-version", ccdText({ declaration: '<?xml version="1.9"?>' })],
    ["has a space before its declaration", "malformed-xml", ` ${ccdText()}`],
    ["has two declarations", "malformed-xml", ccdText({ prolog: '<?xml version="1.0"?>' })],
    ["ends early", "malformed-xml", ccdText().slice(0, -20)],
    ["ends inside a comment", "malformed-xml", `${titled("x")}<!-- `],
    ["has a second root", "malformed-xml", `${ccdText()}<ClinicalDocument/>`],
    ["has text after its end", "malformed-xml", `${ccdText()}PK`],
    ["is empty", "malformed-xml", ""],
    ["is white space", "malformed-xml", "\n"],
    ["closes another element", "malformed-xml", `${open}<title></id></title>${end}`],
    ["has an attribute twice", "malformed-xml", `${open}<id root="1" root="2"/>${end}`],
    [
      "has an attribute twice, by two prefixes",
      "malformed-xml",
      `${open}<id xmlns:a="urn:a" xmlns:b="urn:a" a:x="1" b:x="2"/>${end}`,
    ],
    ["has an attribute without quotes", "malformed-xml", `${open}<id root=1/>${end}`],
    ["uses a prefix that it does not bind", "malformed-xml", `${open}<x:id/>${end}`],
    ["rebinds the prefix xml", "malformed-xml", `${open}<id xmlns:xml="urn:x"/>${end}`],
    ["has a comment in a comment", "malformed-xml", titled("<!-- <!-- --> -->")],
    ["ends a CDATA section in text", "malformed-xml", titled("]]>")],
    // Limits.
    ["nests too deeply", "too-deep", `${open}${"<a>".repeat(100)}`],
    [
      "has too many attributes",
      "too-many-attributes",
      `${open}<id${Array.from({ length: 101 }, (_, index) => ` a${index}="1"`).join("")}/>${end}`,
    ],
    [
      "has too many namespaces",
      "too-many-attributes",
      `${open}<id${Array.from({ length: 101 }, (_, index) => ` xmlns:a${index}="urn:a"`).join("")}/>${end}`,
    ],
  ];

  it.each(refused)("a document that %s is refused as %s", async (_, reason, text, limits) => {
    for (const chunkBytes of [1 << 20, 1]) {
      const error = await refusedBy(() => read(text, limits, chunkBytes));
      expect(error.reason).toBe(reason);
      // Names and texts of a document may be PHI, so no error may show them.
      expect(`${error.message} ${String(error.cause)}`).not.toMatch(/title|root|extension|passwd|example|lol|nbsp/);
    }
  });

  it("stylesheets, processing instructions and inclusions are never followed", () => {
    const prolog = '<?xml-stylesheet href="http://example.com/x.xsl"?><?php system("id") ?>';
    const tail = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>';
    expect(() => read(ccdText({ prolog, tail }))).not.toThrow();
  });

  it("a document may reach the limits of depth and attributes exactly", () => {
    expect(() => read(`${open}${"<a>".repeat(99)}${"</a>".repeat(99)}${end}`)).not.toThrow();
    const attributes = Array.from({ length: 100 }, (_, index) => ` a${index}="1"`).join("");
    expect(() => read(`${open}<id${attributes}/><id${attributes}/>${end}`)).not.toThrow();
  });
});

describe("endless markup", () => {
  const limits = { markupChars: 1_000 };
  const endless: [string, string][] = [
    ["a tag", `${open}<${"a".repeat(5_000)}`],
    ["an attribute", `${open}<id root="${"1".repeat(5_000)}`],
    ["white space in a tag", `${open}<id ${" ".repeat(5_000)}`],
    ["a comment", `${open}<!--${"x".repeat(5_000)}`],
    ["a CDATA section", `${open}<![CDATA[${"x".repeat(5_000)}`],
    ["a processing instruction", `${open}<?x ${"x".repeat(5_000)}`],
    ["a document type", `<!DOCTYPE x [${"<!ENTITY a 'a'>".repeat(500)}`],
    ["a declaration", `<?xml version="1.0" ${" ".repeat(5_000)}`],
    ["a text that is kept", `${open}<title>${"x".repeat(5_000)}`],
  ];

  it.each(endless)("%s that does not end is refused before much of it is kept", async (_, text) => {
    let pushed = 0;
    const reader = new ClinicalDocumentReader({ ...defaultLimits.xml, ...limits });
    const push = (): void => {
      for (const piece of text.match(/.{1,100}/gs) ?? []) {
        reader.push(Buffer.from(piece));
        pushed += piece.length;
      }
    };
    expect(await refusalOf(push)).toBe("markup-too-long");
    expect(pushed).toBeLessThan(1_200);
  });

  it("a text that is not kept may be longer than the limit", () => {
    const long = "x > y ".repeat(5_000);
    for (const chunkBytes of [1, 100, 1 << 20]) {
      expect(() =>
        read(`${open}<text>${long}</text><text>${long}<br/>${long}</text>${end}`, limits, chunkBytes),
      ).not.toThrow();
    }
  });

  it.each(["<id/>", "<!-- x -->", "<![CDATA[x]]>", "<?x y?>"])(
    "a thousand times %s stays below the limit of one piece of markup",
    (markup) => {
      const many = markup.repeat(1_000);
      for (const chunkBytes of [1, 100, 1 << 20]) {
        expect(() => read(`${open}${many}${end}`, limits, chunkBytes)).not.toThrow();
      }
    },
  );
});

describe("any document", () => {
  const word = fc.constantFrom("id", "title", "text", "section", "sdtc:raceCode", "a", "é");
  const text = fc.string({ unit: "grapheme", maxLength: 20 }).map((plain) =>
    plain
      .replace(/[\p{C}\ufffe\uffff]/gu, "")
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;"),
  );
  const { element } = fc.letrec<{ element: string; content: string }>((tie) => ({
    element: fc
      .tuple(
        word,
        text.map((value) => value.replaceAll('"', "&quot;")),
        tie("content"),
      )
      .map(([name, value, content]) => `<${name} value="${value}">${content}</${name}>`),
    content: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.constant("<!-- & --><![CDATA[<!DOCTYPE x> &nbsp;]]>"),
      fc.array(tie("element"), { maxLength: 3 }).map((elements) => elements.join("")),
    ),
  }));
  const document = fc.array(element, { maxLength: 5 }).map((elements) => ccdText({ tail: elements.join("") }));

  it("every document that follows the rules is read", () => {
    fc.assert(fc.property(document, fc.integer({ min: 1, max: 400 }), (xml, chunk) => read(xml, {}, chunk)));
  });

  it("every document with an added entity or document type is refused", async () => {
    const insertion = fc.oneof(
      fc
        .stringMatching(/^[A-Za-z_][A-Za-z0-9._-]{0,10}$/)
        .filter((name) => !["amp", "lt", "gt", "quot", "apos"].includes(name))
        .map((name) => `&${name};`),
      fc.constantFrom(
        "<!DOCTYPE x>",
        '<!DOCTYPE x SYSTEM "x">',
        '<!ENTITY x "y">',
        "<!ELEMENT x ANY>",
        "%x;&x;",
        "&x",
        "&#;",
      ),
    );
    await fc.assert(
      fc.asyncProperty(document, insertion, fc.nat(), async (xml, piece, place) => {
        // Only between two elements: comments and CDATA sections may hold anything.
        const gaps = [...xml.matchAll(/(?<=[a-zé/"]>)(?=<[a-zé])/gi)].map(({ index }) => index);
        fc.pre(gaps.length > 0);
        const at = gaps[place % gaps.length] ?? 0;
        const reason = await refusalOf(() => read(xml.slice(0, at) + piece + xml.slice(at)));
        expect(["undefined-entity", "document-type", "malformed-xml"]).toContain(reason);
      }),
    );
  });

  it("every damaged document is read or refused as DocumentRefused", () => {
    const xml = Buffer.from(ccdText());
    fc.assert(
      fc.property(fc.nat(), fc.uint8Array({ maxLength: 8 }), fc.nat({ max: 8 }), (place, piece, left) => {
        const at = place % xml.length;
        const damaged = Buffer.concat([xml.subarray(0, at), piece, xml.subarray(at + left)]);
        expect([undefined, "DocumentRefused"]).toContain(faultOf(() => read(damaged))?.name);
      }),
      { numRuns: 3_000 },
    );
  });
});
