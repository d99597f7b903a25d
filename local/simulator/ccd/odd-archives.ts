import { ccdArchive, streamedZip, type ZipEntry, zipEntryOf } from "#local/simulator/ccd/ccd-archive.ts";
import type { CcdDocument } from "#local/simulator/ccd/ccd-documents.ts";
import { zipWithRecords } from "#local/simulator/ccd/zip-writer.ts";
import type { OddCcdForm } from "#local/simulator/faults/fault-schema.ts";

const STYLESHEET = `<?xml version="1.0" encoding="UTF-8"?>
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:n1="urn:hl7-org:v3">
<xsl:template match="/n1:ClinicalDocument"><html><body><h1><xsl:value-of select="n1:title"/></h1></body></html></xsl:template>
</xsl:stylesheet>
`;
const README = "The documents in this folder are in the format C-CDA R2.1.\nOpen them with CDA.xsl.\n";
const HTML_SECTION =
  "<component><section><title>Clinical note</title><text><![CDATA[<html><body>Seen & treated</body></html>]]></text></section></component>\n";
const ENCOUNTER_ID = /(<encompassingEncounter>)<id [^>]*\/>/;

const FORMS: Readonly<Record<OddCcdForm, (documents: readonly CcdDocument[]) => Buffer>> = {
  stylesheet: (documents) => zipWithCompanion(documents, "CDA.xsl", STYLESHEET),
  readme: (documents) => zipWithCompanion(documents, "README.txt", README),
  "unescaped-ampersand": (documents) =>
    zipWithLast(documents, (xml) => Buffer.from(xml.replace("<title>", "<title>Signs & symptoms: "))),
  zip64: (documents) => zipWithRecords(documents.map(zipEntryOf), { zip64: true }),
  "unicode-path": (documents) => zipWithRecords(documents.map(zipEntryOf), { unicodePath: true }),
  "html-in-cdata": (documents) =>
    zipWithLast(documents, (xml) => Buffer.from(xml.replace("</structuredBody>", `${HTML_SECTION}</structuredBody>`))),
  "encounter-null-flavor": (documents) =>
    zipWithLast(documents, (xml) => Buffer.from(xml.replace(ENCOUNTER_ID, '$1<id nullFlavor="NI"/>'))),
  "iso-8859-1": (documents) => zipWithLast(documents, latin1Document),
};

/** The archive of a request's documents in a form that real servers have. Without documents it has no entries. */
export function oddArchive(documents: readonly CcdDocument[], form: OddCcdForm): Buffer {
  if (documents.length === 0) return ccdArchive(documents, { ccdZipSizes: "headers" });
  return FORMS[form](documents);
}

function zipWithCompanion(documents: readonly CcdDocument[], name: string, content: string): Buffer {
  const modified = documents[0]?.modified ?? new Date();
  return streamedZip([...documents.map(zipEntryOf), { name, content: Buffer.from(content), modified }]);
}

function zipWithLast(documents: readonly CcdDocument[], contentOf: (xml: string) => Buffer): Buffer {
  const last = documents
    .slice(-1)
    .map((document): ZipEntry => ({ ...zipEntryOf(document), content: contentOf(document.xml) }));
  return streamedZip([...documents.slice(0, -1).map(zipEntryOf), ...last]);
}

/** The document in ISO-8859-1. Characters outside of it become character references. */
function latin1Document(xml: string): Buffer {
  const declared = xml.replace('encoding="UTF-8"', 'encoding="ISO-8859-1"');
  const text = declared.replaceAll(/[\u{100}-\u{10ffff}]/gu, (character) => `&#${character.codePointAt(0)};`);
  return Buffer.from(text, "latin1");
}
