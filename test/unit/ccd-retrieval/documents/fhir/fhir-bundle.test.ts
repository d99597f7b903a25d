import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { convertDocument } from "#ccd-retrieval/documents/fhir/fhir-bundle.ts";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import { NotConvertible } from "#ccd-retrieval/language/not-convertible.ts";
import { ccdDocuments } from "#local/simulator/ccd/ccd-documents.ts";
import { generateDataset } from "#local/simulator/records/dataset.ts";
import { demographicsOf } from "#local/simulator/records/patient-profile.ts";
import { PatientRecords } from "#local/simulator/records/patient-records.ts";
import { ccdText } from "../../../../fixtures/ccd-text.ts";
import { ccdWithNarrative, hostileNarratives } from "../../../../fixtures/narratives.ts";

const now = Date.parse("2026-11-26T08:00:00Z");

const resource = z.looseObject({ resourceType: z.string(), id: z.string() });
const documentBundle = z.object({
  resourceType: z.literal("Bundle"),
  type: z.literal("document"),
  identifier: z.object({ system: z.literal("urn:ietf:rfc:3986"), value: z.string().startsWith("urn:uuid:") }),
  timestamp: z.literal("2026-11-26T08:00:00.000Z"),
  meta: z.object({ security: z.array(z.looseObject({ code: z.string() })) }),
  entry: z.array(z.object({ fullUrl: z.string(), resource })),
});
const outcome = z.object({
  issue: z.array(z.object({ severity: z.string(), code: z.string(), diagnostics: z.string() })),
});
const sectionsOfComposition = z.object({
  section: z.array(
    z.object({
      title: z.string(),
      text: z.object({ div: z.string() }),
      entry: z.array(z.unknown()).optional(),
      emptyReason: z.object({ coding: z.tuple([z.object({ code: z.string() })]) }).optional(),
    }),
  ),
});

async function* inChunks(text: string, size = 64 * 1024): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** The Bundle of a document, its sections, and what its report says is missing. */
async function bundleOf(ccd: string, size?: number) {
  const json = (await convertDocument(inChunks(ccd, size), now)).toString("utf8");
  const bundle = documentBundle.parse(JSON.parse(json));
  const resources = bundle.entry.map((one) => one.resource);
  const [first, last] = [resources[0], resources.at(-1)];
  const { section } = sectionsOfComposition.parse(first);
  const { issue } = outcome.parse(last);
  const losses = issue.filter(({ code }) => code === "incomplete").map(({ diagnostics }) => diagnostics);
  const ofType = (type: string) => resources.filter(({ resourceType }) => resourceType === type);
  return { json, bundle, resources, section, issue, losses, ofType };
}

const component = (title: string, content: string): string =>
  `<component><section><title>${title}</title>${content}</section></component>`;
const withSections = (...sections: string[]): string =>
  ccdText({ body: `<component><structuredBody>${sections.join("")}</structuredBody></component>` });

const root = "2.16.840.1.113883.10.20.22";
const observation = (value: string, id = ""): string => `
  <entry><organizer classCode="BATTERY" moodCode="EVN">
    <templateId root="${root}.4.1"/><statusCode code="completed"/>
    <code code="57021-8" codeSystem="2.16.840.1.113883.6.1"/>
    <component><observation classCode="OBS" moodCode="EVN">
      <templateId root="${root}.4.2"/>${id}
      <code code="718-7" codeSystem="2.16.840.1.113883.6.1" displayName="Hemoglobin"/>
      <statusCode code="completed"/><effectiveTime value="20240612"/>${value}
    </observation></component>
  </organizer></entry>`;
const results = (...entries: string[]): string =>
  component("Results", `<templateId root="${root}.2.3.1"/>${entries.join("")}`);

describe("the documents of the simulator as FHIR", () => {
  const records = new PatientRecords(generateDataset(7, 5, 10_000), 7, 3);
  const documents = records
    .ofType("Patient")
    .map(({ line }) => demographicsOf(line))
    .flatMap(({ id }) =>
      ccdDocuments(records, { userId: "clara", patientId: id, start: null, end: null }, { ccdPatientIds: "both" }),
    );

  it("every reference leads to a resource, and every id is used once", async () => {
    expect(documents.length).toBeGreaterThan(5);
    for (const { xml } of documents) {
      const { bundle, json, ofType } = await bundleOf(xml);
      const urls = new Set(bundle.entry.map(({ fullUrl }) => fullUrl));
      expect(urls.size).toBe(bundle.entry.length);
      for (const { fullUrl, resource: one } of bundle.entry) expect(fullUrl).toBe(`urn:uuid:${one.id}`);
      const references = [...json.matchAll(/"reference":"([^#"][^"]*)"/g)].map(([, url]) => url);
      expect(references.length).toBeGreaterThan(10);
      for (const url of references) expect(urls).toContain(url);
      expect(ofType("Patient")).toHaveLength(1);
      expect(ofType("MedicationRequest").length).toBeGreaterThan(0);
    }
  });

  it("the Bundle is labelled as derived, and the same document gives the same Bundle, whatever its chunks", async () => {
    const xml = documents[0]?.xml ?? "";
    const { bundle, json, issue } = await bundleOf(xml);
    expect(bundle.meta.security.map(({ code }) => code)).toEqual(["SYNTAC"]);
    expect(issue[0]?.diagnostics).toContain("derived");
    for (const size of [1_000, 4_099]) expect((await bundleOf(xml, size)).json).toBe(json);
    expect((await bundleOf(documents[1]?.xml ?? "")).bundle.identifier).not.toEqual(bundle.identifier);
  });

  it("each section says how many of its entries were converted, and the report names those that are not whole", async () => {
    for (const { xml } of documents) {
      const { section, losses } = await bundleOf(xml);
      const counted = [...xml.matchAll(/<section[ >].*?<\/section>/gs)].map(([text]) => ({
        title: /<title>([^<]*)/.exec(text)?.[1] ?? "",
        entries: text.match(/<entry[ >]/g)?.length ?? 0,
      }));
      expect(section.map(({ title }) => title)).toEqual(counted.map(({ title }) => title));
      const missing = counted.filter(({ entries }, place) => (section[place]?.entry?.length ?? 0) < entries);
      expect(losses).toEqual(missing.map(({ title }) => expect.stringMatching(new RegExp(`^${title}: `))));
    }
  });
});

describe("what the conversion loses", () => {
  it("a section whose entries are all lost is not read as empty", async () => {
    const unknown = `<templateId root="${root}.2.1"/><entry><substanceAdministration classCode="SBADM" moodCode="EVN"><templateId root="${root}.2.1"/></substanceAdministration></entry>`;
    const { section, losses } = await bundleOf(withSections(component("Medications", unknown), component("Notes", "")));
    expect(losses).toEqual(["Medications: 0 of 1 entries were converted."]);
    expect(section.map(({ emptyReason }) => emptyReason?.coding[0].code)).toEqual(["unavailable", undefined]);
    expect(section[0]?.text.div).toContain("0 of 1 entries were converted");
  });

  it("an entry of a section inside of another counts for the outer one", async () => {
    const inner = `<component><section><title>Inner</title><entry><act classCode="ACT" moodCode="EVN"/></entry></section></component>`;
    const { losses } = await bundleOf(withSections(component("Outer", inner)));
    expect(losses).toEqual(["Outer: 0 of 1 entries were converted."]);
  });

  it("a value of a type that the converter does not read is reported, and its type is not logged", async () => {
    const { losses, ofType } = await bundleOf(
      withSections(
        results(
          observation('<value xsi:type="PQ" value="13.2" unit="g/dL"/>'),
          observation('<value xsi:type="IVL_PQ"><low value="1"/></value>'),
          observation('<value xsi:type="PQ" nullFlavor="UNK"/>'),
        ),
      ),
    );
    expect(losses).toEqual(["Results: 1 values have a type that is not converted."]);
    expect(JSON.stringify(ofType("Observation"))).toContain('"valueQuantity":{"value":13.2,"unit":"g/dL"');
  });
});

describe("what the converter would lose, and our reader keeps", () => {
  it("a reference to the narrative is its text", async () => {
    const narrative = '<text><list><item ID="hb">Hemoglobin, <content>normal</content></item></list></text>';
    const value = '<value xsi:type="ED"><reference value="#hb"/></value>';
    const section = component("Results", `<templateId root="${root}.2.3.1"/>${narrative}${observation(value)}`);
    const { losses, ofType } = await bundleOf(withSections(section));
    expect(losses).toEqual([]);
    expect(JSON.stringify(ofType("Observation"))).toContain('"valueString":"Hemoglobin, normal"');
  });

  it("numeric characters, CDATA and entities are the characters that they stand for", async () => {
    const value = '<value xsi:type="ST">&#x3c;5 &amp;amp; <![CDATA[<b>]]> &#233;</value>';
    const { ofType } = await bundleOf(withSections(results(observation(value))));
    expect(JSON.stringify(ofType("Observation"))).toContain('"valueString":"<5 &amp; <b> é"');
  });

  it("a root that two entries share is an identifier of both, not the id of either", async () => {
    const id = '<id root="2db65d70-0a3a-4b9d-9a9a-0d6d3f0f6a11"/>';
    const { ofType } = await bundleOf(
      withSections(
        results(
          observation('<value xsi:type="PQ" value="1" unit="g"/>', id),
          observation('<value xsi:type="PQ" value="2" unit="g"/>', id),
        ),
      ),
    );
    const shared = ofType("Observation").filter((one) => JSON.stringify(one).includes("valueQuantity"));
    expect(new Set(shared.map((one) => one.id)).size).toBe(2);
    for (const one of shared)
      expect(one["identifier"]).toEqual([
        { system: "urn:ietf:rfc:3986", value: "urn:uuid:2db65d70-0a3a-4b9d-9a9a-0d6d3f0f6a11" },
      ]);
  });

  it("any prefix of HL7's namespace gives the same Bundle", async () => {
    const plain = await bundleOf(ccdText());
    expect((await bundleOf(ccdText({ prefix: "hl7" }))).json).toBe(plain.json);
  });

  it("any text of a value arrives as it is, except for its white space", async () => {
    const text = fc.stringMatching(/^[\u0021-\u007e\u00a1-\u2fff]{1,30}$/);
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        const escaped = Array.from(given, (character) => `&#${character.codePointAt(0)};`).join("");
        const { ofType } = await bundleOf(
          withSections(results(observation(`<value xsi:type="ST">${escaped}</value>`))),
        );
        expect(ofType("Observation").map((one) => one["valueString"])).toContain(given);
      }),
      { numRuns: 50 },
    );
  });
});

describe("documents from outside", () => {
  it.each(Object.entries(hostileNarratives))(
    "nothing of the hostile narrative %s is in the Bundle",
    async (_, narrative) => {
      const { json } = await bundleOf(ccdWithNarrative(narrative));
      expect(json).not.toMatch(/script|javascript|onerror|<img|<svg/i);
    },
  );

  it("a document type is refused before the converter sees the document", async () => {
    const prolog = '<!DOCTYPE ClinicalDocument [<!ENTITY a "b">]>';
    await expect(bundleOf(ccdText({ prolog }))).rejects.toThrow(DocumentRefused);
  });

  it("a document that is too large is not converted, and the reason has nothing of the document", async () => {
    const value = `<value xsi:type="ST">${"long ".repeat(2_000_000)}</value>`;
    const fault = await bundleOf(withSections(results(observation(value)))).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(NotConvertible);
    expect(String(fault)).toMatch(/more than 8388608 characters/);
  });

  it("neither an author nor a time is invented", async () => {
    const { resources } = await bundleOf(ccdText());
    expect(resources[0]).toMatchObject({ author: [{ display: "unknown" }], date: "2024-06-12T16:45:32-05:00" });
    for (const header of ["", '<effectiveTime nullFlavor="UNK"/>', '<effectiveTime value="yesterday"/>'])
      await expect(bundleOf(ccdText({ header }))).rejects.toThrow("no effectiveTime that can be read");
    expect(
      (await bundleOf(ccdText({ header: '<effectiveTime value="20250101003000+0500"/>' }))).resources[0],
    ).toMatchObject({
      date: expect.stringMatching(/^2025-01-01T00:30/) as string,
    });
  });

  it("a document that the converter cannot read is not converted, and its message is in the cause only", async () => {
    const fault = await bundleOf('<Other xmlns="urn:hl7-org:v3"/>').catch((error: unknown) => error);
    expect(fault).toMatchObject({ name: "NotConvertible", message: "the converter cannot read it" });
    expect(fault).toHaveProperty("cause");
  });
});
