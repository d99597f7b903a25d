import { DOMParser, onErrorStopParsing } from "@xmldom/xmldom";
import { SaxesParser } from "saxes";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import yauzl from "yauzl";
import type { OddCcdForm } from "#local/simulator/faults/fault-schema.ts";
import { requestIdOf, startUserFixture, type UserFixture } from "#test/unit/local/simulator/user-client.ts";

let fixture: UserFixture;
let id: string;
beforeEach(async () => {
  fixture = await startUserFixture();
  id = requestIdOf(await fixture.requestCcds(fixture.patientIds[1] ?? ""));
});
afterEach(() => fixture.simulator.close());

interface ReadEntry {
  readonly name: string;
  readonly content: Buffer;
  readonly extraFields: readonly { id: number; data: Buffer }[];
}

/** Downloads the documents in an odd form. */
async function download(form: OddCcdForm): Promise<Buffer> {
  fixture.simulator.completeServerRequests();
  fixture.simulator.faults.script("ccd-download", [{ kind: "odd-ccd", form }]);
  const answer = await fixture.download(id);
  expect(fixture.simulator.log.at(-1)).toMatchObject({ endpoint: "ccd-download", fault: "odd-ccd", status: 200 });
  return answer.body;
}

/** Reads an archive by an independent library, which checks sizes and checksums. */
async function readEntries(body: Buffer): Promise<ReadEntry[]> {
  const zip = await yauzl.fromBufferPromise(body);
  const entries: ReadEntry[] = [];
  for await (const entry of zip.eachEntry()) {
    const parts: Buffer[] = [];
    for await (const part of await zip.openReadStreamPromise(entry)) parts.push(Buffer.from(part));
    entries.push({ name: entry.fileName, content: Buffer.concat(parts), extraFields: entry.extraFields });
  }
  return entries;
}

const documents = (): { name: string; content: Buffer }[] =>
  fixture.simulator.ccdDocumentsOf(id).map(({ fileName, xml }) => ({ name: fileName, content: Buffer.from(xml) }));

function parse(content: Buffer | undefined, encoding: "utf8" | "latin1" = "utf8") {
  const parser = new DOMParser({ onError: onErrorStopParsing });
  return parser.parseFromString(content?.toString(encoding) ?? "", "text/xml");
}

const textOf = (content: Buffer | undefined, encoding?: "latin1"): string | null | undefined =>
  parse(content, encoding).documentElement?.textContent;

describe("the fault odd-ccd", () => {
  it.each([
    ["stylesheet", "CDA.xsl"],
    ["readme", "README.txt"],
  ] as const)("%s adds the file %s beside the unchanged documents", async (form, name) => {
    const entries = await readEntries(await download(form));
    expect(entries.slice(0, -1)).toMatchObject(documents());
    expect(entries.at(-1)?.name).toBe(name);
  });

  it("stylesheet adds a well-formed XSLT stylesheet", async () => {
    const entries = await readEntries(await download("stylesheet"));
    expect(parse(entries.at(-1)?.content).documentElement?.nodeName).toBe("xsl:stylesheet");
  });

  it("unescaped-ampersand damages the last document only", async () => {
    const entries = await readEntries(await download("unescaped-ampersand"));
    expect(entries[0]).toMatchObject(documents()[0] ?? {});
    expect(entries).toHaveLength(2);
    const strict = new SaxesParser();
    expect(() => strict.write(entries[1]?.content.toString() ?? "").close()).toThrow(
      "disallowed character in entity name",
    );
    expect(entries[1]?.content.toString()).toContain("<title>Signs & symptoms: ");
  });

  it("zip64 sends the unchanged documents with ZIP64 records", async () => {
    const body = await download("zip64");
    const entries = await readEntries(body);
    expect(entries).toMatchObject(documents());
    expect(entries.map(({ extraFields }) => extraFields.map((field) => field.id))).toEqual([[1], [1]]);
    const end = body.length - 22;
    expect([body.readUInt32LE(end), body.readUInt32LE(end + 16)]).toEqual([0x06054b50, 0xffffffff]);
    expect(body.readUInt32LE(end - 20)).toBe(0x07064b50);
    expect(body.readUInt32LE(Number(body.readBigUInt64LE(end - 20 + 8)))).toBe(0x06064b50);
    // The first local header has the marker for both sizes, too.
    expect([body.readUInt32LE(18), body.readUInt32LE(22)]).toEqual([0xffffffff, 0xffffffff]);
  });

  it("unicode-path repeats each name in its extra field", async () => {
    const entries = await readEntries(await download("unicode-path"));
    expect(entries).toMatchObject(documents());
    for (const { name, extraFields } of entries) {
      expect(extraFields.map((field) => field.id)).toEqual([0x7075]);
      expect(extraFields[0]?.data.subarray(5).toString()).toBe(name);
    }
  });

  it("html-in-cdata sends a well-formed last document that quotes HTML", async () => {
    const [first, last] = await readEntries(await download("html-in-cdata"));
    expect(first).toMatchObject(documents()[0] ?? {});
    expect(last?.content.toString()).toContain("<![CDATA[<html>");
    expect(parse(last?.content).documentElement?.nodeName).toBe("ClinicalDocument");
  });

  it("encounter-null-flavor sends a last document whose encounter has no id", async () => {
    const [first, last] = await readEntries(await download("encounter-null-flavor"));
    expect(first).toMatchObject(documents()[0] ?? {});
    expect(last?.content.toString()).toContain('<encompassingEncounter><id nullFlavor="NI"/>');
    expect(parse(last?.content).documentElement?.nodeName).toBe("ClinicalDocument");
  });

  it("iso-8859-1 sends the same last document in ISO-8859-1", async () => {
    const [, last] = await readEntries(await download("iso-8859-1"));
    expect(last?.content.toString("latin1")).toMatch(/^<\?xml version="1.0" encoding="ISO-8859-1"\?>/);
    expect(textOf(last?.content, "latin1")).toBe(textOf(documents()[1]?.content));
  });

  it("an odd-ccd fault waits until there are documents, and the next download is clean", async () => {
    fixture.simulator.faults.script("ccd-download", [{ kind: "odd-ccd", form: "readme" }]);
    expect((await fixture.download(id)).json()).toMatchObject({ code: "BESR01" });
    fixture.simulator.completeServerRequests();
    expect(await readEntries((await fixture.download(id)).body)).toHaveLength(3);
    expect(await readEntries((await fixture.download(id)).body)).toMatchObject(documents());
  });
});
