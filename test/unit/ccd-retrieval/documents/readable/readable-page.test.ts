import * as fc from "fast-check";
import { SaxesParser } from "saxes";
import { describe, expect, it } from "vitest";
import { renderPage } from "#ccd-retrieval/documents/readable/readable-page.ts";
import { ccdText } from "../../../../fixtures/ccd-text.ts";
import { ccdWithNarrative, ccdWithSection, hostileNarratives } from "../../../../fixtures/narratives.ts";

async function* inChunks(text: string, size = 64 * 1024): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const pageOf = async (ccd: string): Promise<string> => (await renderPage(inChunks(ccd))).html.toString("utf8");

/** The narrative's part of a page. */
const narrativeOf = async (narrative: string, more = ""): Promise<string> => {
  const page = await pageOf(ccdWithNarrative(narrative, more));
  return /<div class="narrative">(.*)<\/div><\/section>/s.exec(page)?.[1] ?? page;
};

const allowed: Readonly<Record<string, readonly string[]>> = {
  html: ["lang"],
  head: [],
  meta: ["http-equiv", "content", "charset", "name"],
  title: [],
  style: [],
  body: [],
  header: [],
  nav: ["aria-label"],
  main: ["lang"],
  section: ["id"],
  h1: [],
  h2: [],
  h3: [],
  h4: [],
  h5: [],
  h6: [],
  p: ["class"],
  dl: [],
  dt: [],
  dd: [],
  a: ["href"],
  div: ["class", "id", "tabindex"],
  span: ["class", "id"],
  sub: ["class", "id"],
  sup: ["class", "id"],
  br: [],
  ul: ["class", "id"],
  ol: ["class", "id"],
  li: ["class", "id"],
  table: ["class", "id"],
  caption: ["class", "id"],
  thead: ["class", "id"],
  tbody: ["class", "id"],
  tfoot: ["class", "id"],
  tr: ["class", "id"],
  td: ["class", "id", "colspan", "rowspan"],
  th: ["class", "id", "colspan", "rowspan", "scope"],
  img: ["src", "alt"],
};

/** What the elements that HTML moves about may contain, and nothing else. */
const onlyInside: Readonly<Record<string, readonly string[]>> = {
  ul: ["li"],
  ol: ["li"],
  table: ["caption", "thead", "tbody", "tfoot"],
  thead: ["tr"],
  tbody: ["tr"],
  tfoot: ["tr"],
  tr: ["td", "th"],
};

/** Reads a page as XML. @returns what no page may hold, and the page's text */
function examine(page: string): { faults: string[]; text: string } {
  const faults: string[] = [];
  const open: string[] = [];
  let text = "";
  const parser = new SaxesParser();
  parser.on("error", (error) => faults.push(error.message));
  parser.on("opentag", ({ name, attributes }) => {
    const parent = open.at(-1) ?? "";
    const known = Object.hasOwn(allowed, name) ? allowed[name] : undefined;
    if (known === undefined) faults.push(`<${name}>`);
    for (const [attribute, value] of Object.entries(attributes)) {
      if (known?.includes(attribute) !== true) faults.push(`<${name} ${attribute}>`);
      if (attribute === "href" && !value.startsWith("#")) faults.push(`<a href="${value}">`);
      if (attribute === "src" && !/^data:image\/(png|jpeg|gif);base64,/.test(value))
        faults.push(`<img src="${value}">`);
      if (attribute === "class" && !/^[A-Za-z0-9 -]+$/.test(value)) faults.push(`class="${value}"`);
    }
    if (onlyInside[parent]?.includes(name) === false) faults.push(`<${name}> in <${parent}>`);
    if (name === "a" && open.includes("a")) faults.push("<a> in <a>");
    open.push(name);
  });
  parser.on("closetag", () => open.pop());
  parser.on("text", (piece) => {
    if (open.at(-1) === "style") return;
    if (onlyInside[open.at(-1) ?? ""] !== undefined && piece.trim() !== "") faults.push(`text in <${open.at(-1)}>`);
    text += piece;
  });
  parser.write(page).close();
  return { faults, text };
}

describe("the page of a document", () => {
  it("its head names the patient, the encounter, the author and the dates", async () => {
    const author = `<author><time value="20240613"/><assignedAuthor><id nullFlavor="NI"/><assignedPerson><name><prefix>Dr.</prefix><given>Ada</given><family>Fu &amp; Co</family></name></assignedPerson><representedOrganization><name>Clinic</name></representedOrganization></assignedAuthor></author>`;
    const { text } = examine(
      await pageOf(
        ccdText({
          componentOf: `${author}
      <componentOf><encompassingEncounter><id root="1.2.3" extension="enc-12"/><code displayName="Ambulatory" code="AMB"/>
      <effectiveTime><low value="202406120900-0500"/><high value="202406120930-0500"/></effectiveTime></encompassingEncounter></componentOf>`,
        }),
      ),
    );
    for (const part of [
      "Continuity of Care Document",
      "GEORGE J NICHOLS",
      "1962-01-15",
      "Male",
      "110318733539",
      "Dr. Ada Fu & Co, Clinic, 2024-06-13",
      "2024-06-12 16:45:32-05:00",
      "Ambulatory",
      "enc-12",
      "2024-06-12 09:00-05:00 to 2024-06-12 09:30-05:00",
    ])
      expect(text).toContain(part);
  });

  it("the table of contents leads to each section, and a section's nullFlavor is in words", async () => {
    const page = await pageOf(ccdText());
    expect(page).toContain('<a href="#section-1">Allergies and Intolerances</a>');
    expect(page).toContain('<section id="section-2"><h2>Vital Signs</h2>');
    expect(page).toContain("The section is marked: no information.");
    expect(examine(page).faults).toEqual([]);
  });

  it("a section inside of a section has a heading one level deeper", async () => {
    const page = await pageOf(
      ccdWithSection(
        "<title>A</title><text>a</text><component><section><title>B</title><text>b</text></section></component>",
      ),
    );
    expect(page).toContain("<h2>A</h2>");
    expect(page).toContain("<h3>B</h3>");
    expect(examine(page).faults).toEqual([]);
  });

  it("the narrative is in the language that the document names, and the policy is the first element of the head", async () => {
    const { html, policy } = await renderPage(inChunks(ccdText()));
    const page = html.toString("utf8");
    expect(page).toContain('<main lang="en-US">');
    const escaped = policy.replaceAll("'", "&#39;");
    expect(page).toContain(`<head><meta http-equiv="Content-Security-Policy" content="${escaped}"/>`);
    expect(policy).not.toContain("img-src");
  });
});

describe("a narrative", () => {
  it.each([
    ["<paragraph>a<br/>b</paragraph>", '<div class="paragraph">a<br/>b</div>'],
    [
      '<content styleCode="Bold Italics xUnknown" ID="c1">a</content>',
      '<span id="doc-c1" class="Bold Italics">a</span>',
    ],
    ["H<sub>2</sub>O<sup>x</sup>", "H<sub>2</sub>O<sup>x</sup>"],
    [
      '<list listType="ordered" styleCode="LittleAlpha"><caption>L</caption><item>a</item></list>',
      '<ol class="LittleAlpha"><li><div class="caption">L</div></li><li>a</li></ol>',
    ],
    ["<list><item>a</item></list>", "<ul><li>a</li></ul>"],
    [
      '<table rules="rows"><caption>T</caption><colgroup><col width="5"/></colgroup><thead><tr><th scope="col">h</th></tr></thead><tfoot><tr><td>f</td></tr></tfoot><tbody><tr styleCode="Botrule"><td colspan="2" rowspan="3" align="right">x</td></tr></tbody></table>',
      '<div class="scroll" tabindex="0"><table class="rules-rows"><caption>T</caption><thead><tr><th scope="col">h</th></tr></thead><tfoot><tr><td>f</td></tr></tfoot><tbody><tr class="Botrule"><td class="align-right" colspan="2" rowspan="3">x</td></tr></tbody></table></div>',
    ],
    ['<linkHtml href="#c1">see</linkHtml>', '<a href="#doc-c1">see</a>'],
    [
      '<linkHtml href="https://x.example/a?b&amp;c">site</linkHtml>',
      '<span>site<span class="address"> (https://x.example/a?b&amp;c)</span></span>',
    ],
    ['<linkHtml href="javascript:alert(1)">site</linkHtml>', "<span>site</span>"],
    [
      'a<footnoteRef IDREF="f1"/><footnote ID="f1">n</footnote>',
      'a<sup>[<a href="#doc-f1">Note 1</a>]</sup><span id="doc-f1" class="footnote">[Note 1: n]</span>',
    ],
    ["<unknown a='b'>text <deeper>kept</deeper></unknown>", "text kept"],
    ["<tr><td>no table</td></tr>", '<div class="paragraph"><div class="paragraph">no table</div></div>'],
    [
      "<table>a<tr>b</tr></table>",
      '<div class="scroll" tabindex="0"><table><tbody><tr><td>a</td></tr></tbody><tbody><tr><td>b</td></tr></tbody></table></div>',
    ],
  ])("%s", async (narrative, expected) => {
    const found = await narrativeOf(narrative);
    expect(found).toBe(expected);
    expect(examine(await pageOf(ccdWithNarrative(narrative))).faults).toEqual([]);
  });

  it("an id that a document gives twice is in the page once", async () => {
    expect(await narrativeOf('<content ID="a">1</content><content ID="a">2</content>')).toBe(
      '<span id="doc-a">1</span><span>2</span>',
    );
  });

  it.each(Object.entries(hostileNarratives))("%s has no effect", async (_, narrative) => {
    const { faults } = examine(await pageOf(ccdWithNarrative(narrative)));
    expect(faults).toEqual([]);
  });

  it("the text of an element that is not shown stays", async () => {
    expect(await narrativeOf(hostileNarratives["a script of XHTML"] ?? "")).toBe("alert(1)");
  });
});

const names = [
  "content",
  "paragraph",
  "list",
  "item",
  "table",
  "caption",
  "thead",
  "tbody",
  "tfoot",
  "tr",
  "td",
  "th",
  "br",
  "sub",
  "sup",
  "linkHtml",
  "footnote",
  "footnoteRef",
  "renderMultiMedia",
  "col",
  "colgroup",
  "x:script",
  "x:a",
  "x:p",
  "x:b",
  "svg:svg",
  "unknown",
];
const attributeNames = [
  "ID",
  "IDREF",
  "styleCode",
  "href",
  "referencedObject",
  "colspan",
  "rowspan",
  "scope",
  "align",
  "rules",
  "listType",
  "onclick",
  "style",
  "src",
  "class",
  "id",
  "x:href",
  "xlink:href",
];
const xmlText = fc
  .oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("javascript:alert(1)", "#a", "Bold", "a b", "<script>", '"onload="', " "),
  )
  .map((text) =>
    text
      .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
      .replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
  );
const { tree } = fc.letrec<{ tree: string; element: string }>((tie) => ({
  tree: fc.array(fc.oneof({ maxDepth: 6 }, xmlText, tie("element")), { maxLength: 5 }).map((parts) => parts.join("")),
  element: fc
    .tuple(
      fc.constantFrom(...names),
      fc.dictionary(fc.constantFrom(...attributeNames), xmlText, { maxKeys: 4 }),
      tie("tree"),
    )
    .map(([name, attributes, inside]) => {
      const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${value}"`);
      return `<${name}${written.join("")}>${inside}</${name}>`;
    }),
}));

const withoutSpace = (text: string): string => text.replaceAll(/\s+/g, "");

describe("any narrative", () => {
  it("becomes a page that parses and holds only allowed elements, attributes and links, each where HTML allows it", async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (narrative) => {
        expect(examine(await pageOf(ccdWithNarrative(narrative))).faults).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps its text, in its order", async () => {
    const plain = fc.stringMatching(/^[a-z]{1,5}$/);
    const shape = fc.letrec<{ tree: string; element: string }>((tie) => ({
      tree: fc.array(fc.oneof({ maxDepth: 6 }, plain, tie("element")), { maxLength: 5 }).map((parts) => parts.join("")),
      element: fc
        .tuple(fc.constantFrom(...names.filter((name) => !name.startsWith("footnote"))), tie("tree"))
        .map(([name, inside]) => `<${name}>${inside}</${name}>`),
    }));
    await fc.assert(
      fc.asyncProperty(shape.tree, async (narrative) => {
        const { text } = examine(await pageOf(ccdWithNarrative(`${narrative}END`)));
        expect(withoutSpace(text)).toContain(withoutSpace(`${narrative.replaceAll(/<[^>]*>/g, "")}END`));
      }),
      { numRuns: 200 },
    );
  });
});

const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const media = (id: string, value: string, type = "image/png"): string =>
  `<entry><organizer><component><observationMedia classCode="OBS" moodCode="EVN" ID="${id}"><value mediaType="${type}" representation="B64">${value}</value></observationMedia></component></organizer></entry>`;

describe("images of a document", () => {
  it("an image is shown where the narrative refers to it, by its first bytes and not by what the document says", async () => {
    const { html, policy } = await renderPage(
      inChunks(
        ccdWithNarrative(
          '<renderMultiMedia referencedObject="M1"><caption>Chest</caption></renderMultiMedia>',
          media("M1", `\n${png} `, "text/html"),
        ),
      ),
    );
    expect(html.toString("utf8")).toContain(
      `<span class="media"><img alt="Image of the document" src="data:image/png;base64,${png}"/><div class="caption">Chest</div></span>`,
    );
    expect(policy).toContain("img-src data:");
  });

  it.each([
    ["no PNG, JPEG or GIF", Buffer.from("<svg onload='alert(1)'/>").toString("base64")],
    ["not written in Base64", '"/&gt;&lt;script&gt;'],
    ["too large", Buffer.concat([Buffer.from(png, "base64"), Buffer.alloc(3 * 1024 * 1024)]).toString("base64")],
  ])("an image that is %s is named, but not shown", async (why, value) => {
    const page = await pageOf(ccdWithNarrative('<renderMultiMedia referencedObject="M1 M2"/>', media("M1", value)));
    const { faults, text } = examine(page);
    expect(faults).toEqual([]);
    expect(page).not.toContain("<img");
    expect(text).toContain(`it is ${why}`);
    expect(text).toContain("the document has no image with this id. Its id is doc-M2");
  });
});

describe("a section without a narrative", () => {
  const entry = `<entry><act classCode="ACT" moodCode="EVN"><code code="CONC"/><statusCode code="active"/>
    <entryRelationship><observation classCode="OBS" moodCode="EVN" negationInd="true"><code code="8480-6" displayName="Systolic &lt;BP&gt;"/>
      <effectiveTime><low value="20120131"/><high nullFlavor="UNK"/></effectiveTime><value value="120" unit="mm[Hg]"/></observation></entryRelationship></act></entry>
    <entry><substanceAdministration classCode="SBADM" moodCode="INT"><doseQuantity value="1" unit="1"/><consumable><manufacturedProduct><manufacturedMaterial><code displayName="Aspirin"/></manufacturedMaterial></manufacturedProduct></consumable></substanceAdministration></entry>
    <entry><observation><code nullFlavor="UNK"/><value>free text</value></observation></entry>`;

  it.each(["", "<text/>", "<text> <content/> </text>"])(
    "shows the codes and values of its entries, and says so: %s",
    async (text) => {
      const page = await pageOf(ccdWithSection(`<code displayName="Vital signs" code="1"/>${text}${entry}`));
      expect(examine(page).faults).toEqual([]);
      expect(page).toContain("<h2>Vital signs</h2>");
      expect(page).toContain("This section has no narrative text.");
      expect(page).toContain(
        '<tr class="depth-1"><td>Systolic &lt;BP&gt;</td><td>120 mm[Hg]</td><td>from 2012-01-31 to unknown</td><td>negated: this did not happen, or is not the case</td></tr>',
      );
      expect(page).toContain("<td>Aspirin</td><td>dose 1</td>");
      expect(page).toContain("<td>unknown</td><td>free text</td>");
    },
  );

  it("entries of a section with a narrative are not shown", async () => {
    expect(await pageOf(ccdWithSection(`<text>words</text>${entry}`))).not.toContain("Aspirin");
  });

  it("a section without anything, and a document without sections, say so", async () => {
    expect(await pageOf(ccdWithSection("<title>T</title>"))).toContain("This section has no content.");
    const file =
      '<component><nonXMLBody><text mediaType="application/pdf" representation="B64">JVBERi0=</text></nonXMLBody></component>';
    expect(await pageOf(ccdText({ body: file }))).toContain("its content is a file inside of the XML");
  });
});

describe("large and deep documents", () => {
  it("a narrative that nests too deep is refused", async () => {
    const deep = `${"<content>".repeat(120)}x${"</content>".repeat(120)}`;
    await expect(pageOf(ccdWithNarrative(deep))).rejects.toMatchObject({ name: "DocumentRefused", reason: "too-deep" });
  });

  it("an entity of the document's own is refused", async () => {
    const prolog = '<!DOCTYPE ClinicalDocument [<!ENTITY x "<script>alert(1)</script>">]>';
    await expect(pageOf(ccdText({ prolog }))).rejects.toMatchObject({ reason: "document-type" });
  });

  it("a table of 30 MB becomes a page", { timeout: 120_000 }, async () => {
    const row = `<tr ID="r{n}"><td>2024-06-12</td><td styleCode="Bold">Glucose</td><td>${"5.4 mmol/L ".repeat(5)}</td></tr>`;
    const rows = Array.from({ length: 220_000 }, (_, place) => row.replace("{n}", String(place)));
    const ccd = ccdWithNarrative(`<table><tbody>${rows.join("")}</tbody></table>`);
    expect(Buffer.byteLength(ccd)).toBeGreaterThan(30_000_000);
    const { html } = await renderPage(inChunks(ccd));
    expect(html.subarray(0, 15).toString()).toBe("<!DOCTYPE html>");
    expect(html.includes('<tr id="doc-r219999">')).toBe(true);
  });
});
