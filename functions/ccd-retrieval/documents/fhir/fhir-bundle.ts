import { createHash } from "node:crypto";
import { convertCcdaToFhir, convertXmlToCcda } from "@medplum/ccda";
import * as z from "zod";
import type { XmlLimits } from "#ccd-retrieval/documents/limits.ts";
import { NotConvertible } from "#ccd-retrieval/language/not-convertible.ts";
import { lossReport, sectionText } from "./conversion-loss.ts";
import { type PlainDocument, readPlainDocument, uriRoot } from "./plain-document.ts";

const section = z.looseObject({ title: z.string().optional(), entry: z.array(z.unknown()).optional() });
type Section = z.infer<typeof section>;

const resource = z.looseObject({ resourceType: z.string(), id: z.string() });
const composition = resource.extend({
  resourceType: z.literal("Composition"),
  date: z.string(),
  section: z.array(section).optional(),
});

/** What the converter returns, as far as this file relies on it. */
const conversion = z.object({
  entry: z.tuple([z.object({ resource: composition })], z.object({ resource })),
});

/** HL7's security label for data that was carried from one format into another. */
const derived = {
  system: "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
  code: "SYNTAC",
  display: "syntactic transform",
};

/**
 * Converts a clinical document to a FHIR R4 Bundle of type `document`, with `@medplum/ccda`. The Bundle is derived: it is labelled as
 * such, has no narrative, and its OperationOutcome says how many entries of each section are missing. The same document gives the same
 * ids.
 *
 * Source: FHIR R4, 2.42 (documents) and 6.1 (security labels).
 * @param now milliseconds since the epoch, for the Bundle's timestamp
 * @returns the Bundle as JSON
 * @throws DocumentRefused if the document is not well-formed, or breaks a limit
 * @throws NotConvertible if the document is too large, or the converter cannot read it
 * @throws the errors of `chunks`
 */
export async function convertDocument(
  chunks: AsyncIterable<Uint8Array>,
  now: number,
  limits?: XmlLimits,
): Promise<Buffer> {
  const plain = await readPlainDocument(chunks, limits);
  const { entry } = convert(plain.xml);
  const [{ resource: first }, ...others] = entry;
  const sections = first.section ?? [];
  if (sections.length !== plain.sections.length)
    throw new NotConvertible(`the converter found ${sections.length} of ${plain.sections.length} sections`);
  // Without a time, the converter writes the time of the conversion.
  if (plain.year === "" || !first.date.startsWith(plain.year))
    throw new NotConvertible("the document has no effectiveTime that can be read");
  const report = lossReport(plain.sections, sections.map(entriesOf));
  const resources = [
    {
      ...first,
      // Without an author, the converter writes its own name. FHIR wants an author.
      ...(!plain.hasAuthor && { author: [{ display: "unknown" }] }),
      section: sections.map((one, place) => withoutNarrative(one, plain, place)),
    },
    ...others.map((one) => one.resource),
    { ...report, id: "conversion" },
  ];
  return Buffer.from(JSON.stringify(documentBundle(resources, plain.digest, now)));
}

type Resource = z.infer<typeof resource>;

/** @throws NotConvertible if the converter fails. Its own message may quote the document, so it stays in the cause. */
function convert(xml: string): z.infer<typeof conversion> {
  try {
    return conversion.parse(convertCcdaToFhir(convertXmlToCcda(xml), { ignoreUnsupportedSections: true }));
  } catch (cause) {
    throw new NotConvertible("the converter cannot read it", { cause });
  }
}

const entriesOf = ({ entry = [] }: Section): number => entry.length;

/** A section's narrative may hold anything, and the page of the document shows it safely. So the Bundle says only where it is. */
function withoutNarrative(one: Section, { sections }: PlainDocument, place: number): Section {
  const entries = sections[place]?.entries ?? 0;
  const { text: _, ...rest } = one;
  return { ...rest, ...sectionText(entriesOf(one), entries) };
}

function documentBundle(resources: Resource[], digest: string, now: number): unknown {
  const names = new Map(
    resources.map(({ resourceType, id }, place) => [`${resourceType}/${id}`, uuidOf(digest, place)]),
  );
  if (names.size < resources.length) throw new NotConvertible("the converter gave two resources the same id");
  const bundle = {
    resourceType: "Bundle",
    meta: { security: [derived] },
    identifier: { system: uriRoot, value: `urn:uuid:${uuidOf(digest, "bundle")}` },
    type: "document",
    timestamp: new Date(now).toISOString(),
    entry: resources.map((one, place) => {
      const id = uuidOf(digest, place);
      return { fullUrl: `urn:uuid:${id}`, resource: { ...one, id } };
    }),
  };
  return renamed(bundle, names);
}

/** Replaces each reference by the `fullUrl` of its resource, and gives identifiers of `plain-document.ts` their system. */
function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((one) => renamed(one, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      if (key === "reference" && typeof one === "string") return [key, urlOf(one, names)];
      if (key === "system" && one === `urn:oid:${uriRoot}`) return [key, uriRoot];
      return [key, renamed(one, names)];
    }),
  );
}

/** @throws NotConvertible if the reference leads nowhere */
function urlOf(reference: string, names: ReadonlyMap<string, string>): string {
  if (reference.startsWith("#")) return reference;
  const id = names.get(reference);
  if (id === undefined) throw new NotConvertible("the converter refers to a resource that it did not write");
  return `urn:uuid:${id}`;
}

/** A UUID of version 8 (RFC 9562, 5.8): the same for the same document and place. */
function uuidOf(digest: string, place: number | string): string {
  const bytes = createHash("sha256").update(`${digest}/${place}`).digest().subarray(0, 16);
  bytes.writeUInt8(((bytes[6] ?? 0) & 0x0f) | 0x80, 6);
  bytes.writeUInt8(((bytes[8] ?? 0) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
