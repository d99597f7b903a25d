import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findRootElement, localName, type RootSearch } from "#ccd-retrieval/documents/xml/root-element.ts";
import { cpuMsOf } from "#test/fixtures/cpu-time.ts";

const find = (text: string | Buffer): RootSearch => findRootElement(Buffer.from(text as string));
const hl7 = "urn:hl7-org:v3";
const root = `<ClinicalDocument xmlns="${hl7}">`;
const found = { state: "found", root: { name: "ClinicalDocument", namespace: hl7 } };

describe("findRootElement", () => {
  it.each<[string, string | Buffer]>([
    ["at its first byte", root],
    ["after a byte order mark", `\ufeff${root}`],
    ["after white space", ` \r\n\t${root}`],
    [
      "after a declaration, a stylesheet and a comment",
      `<?xml version="1.0"?><?xml-stylesheet href="a.xsl"?><!-- <html> -->${root}`,
    ],
    ["after a document type with a subset", `<!DOCTYPE x [<!ENTITY a "]>">]>${root}`],
    ["in UTF-16, little-endian", Buffer.from(`\ufeff${root}`, "utf16le")],
    ["in UTF-16, big-endian", Buffer.from(`\ufeff${root}`, "utf16le").swap16()],
    ["in UTF-16 without a byte order mark", Buffer.from(`<?xml version="1.0" encoding="UTF-16LE"?>${root}`, "utf16le")],
    [
      "in a declared one-byte encoding",
      Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?><!-- é -->${root}`, "latin1"),
    ],
    ["with other attributes", `<ClinicalDocument a="x > y" xmlns = '${hl7}' xmlns:n="urn:n">`],
  ])("a root element %s is found", (_, text) => {
    expect(find(text)).toEqual(found);
  });

  it.each<[string, string, string | undefined]>([
    [`<cda:ClinicalDocument xmlns:cda="${hl7}" xmlns="urn:other">`, "clinicaldocument", hl7],
    [`<xsl:stylesheet xmlns:n1="${hl7}" xmlns:xsl="urn:xsl">`, "stylesheet", "urn:xsl"],
    ["<html lang=en>", "html", undefined],
    ["<!doctype HTML><p>", "html", undefined],
    ['<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">', "html", undefined],
    ["<x/>", "x", undefined],
  ])("the root of %j is %s", (text, name, namespace) => {
    const search = find(text);
    expect(search.state === "found" && [localName(search.root), search.root.namespace]).toEqual([name, namespace]);
  });

  it.each(["", "  ", "<", "<?xml version", "<!", "<!-", "<!--x", "<!DOCT", "<!DOCTYPE x [", "<Clin"])(
    "the text %j ends before its root element begins",
    (text) => expect(find(text).state).toBe("unfinished"),
  );

  it.each(["{}", "text <a>", "%PDF-1.4", "</a>", "<1>", "<![CDATA[<a>]]>"])(
    "the text %j has no root element",
    (text) => {
      expect(find(text).state).toBe("none");
    },
  );

  // D4
  it("the root element does not depend on where the text is cut", () => {
    const misc = fc.constantFrom("<!-- <html> -->", "<?x <html>?>", "\n", '<!DOCTYPE y "<html>">');
    fc.assert(
      fc.property(fc.array(misc, { maxLength: 5 }), fc.nat(), (before, cut) => {
        const text = `${before.join("")}${root}<html>`;
        expect(find(text)).toEqual(found);
        const search = find(text.slice(0, cut % text.length));
        expect(search.state === "found" ? search.root.name : search.state).toMatch(/^(?:ClinicalDocument|unfinished)$/);
      }),
    );
  });

  it("any bytes are searched without an error, and a megabyte in bounded time", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void findRootElement(Buffer.from(bytes))));
    const searching = cpuMsOf(() => {
      for (const piece of ["<!--", "<?", " ", "<!DOCTYPE [", "<!-- --> ", "<a '"])
        find(piece.repeat((1 << 20) / piece.length));
    });
    expect(searching).toBeLessThan(5_000);
  });
});
