import { Readable } from "node:stream";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readClinicalDocument } from "#ccd-retrieval/documents/c-cda/clinical-document.ts";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import { readAll } from "#test/fixtures/opened-documents.ts";
import { zipBytes } from "#test/fixtures/zip-bytes.ts";

const titled = (title: string): string =>
  `<ClinicalDocument xmlns="urn:hl7-org:v3"><title>${title}</title></ClinicalDocument>`;

const entries = [
  { name: "ccd/", method: 0 },
  { name: "ccd/1.xml", content: titled("first") },
  { name: "ccd/2.xml", content: titled("second"), method: 0 },
];
const archives = [
  zipBytes(entries),
  zipBytes(entries.map((entry) => ({ ...entry, descriptor: "signed" as const }))),
  zipBytes(entries.map((entry) => ({ ...entry, descriptor: "unsigned" as const }))),
];
const documents = entries.slice(1).map(({ name, content }) => [name, content]);

/** Returns the documents that a damaged archive gives, or the reason of its refusal. */
async function outcome(damaged: Uint8Array): Promise<unknown> {
  try {
    const read = await readAll(damaged);
    for (const { content } of read) await readClinicalDocument(Readable.from([content]));
    return read.map(({ name, content }) => [name, content.toString()]);
  } catch (error) {
    if (error instanceof DocumentRefused) return error.reason;
    throw error;
  }
}

/** Asserts that damage is harmless or refused: no document may differ, be missing, or be added. */
async function expectNoOther(damaged: Uint8Array, how: string): Promise<{ refused: boolean }> {
  const found = await outcome(damaged);
  const refused = typeof found === "string";
  expect(refused ? documents : found, how).toEqual(documents);
  return { refused };
}

describe("a damaged archive", () => {
  it("the archives are read before they are damaged", async () => {
    for (const archive of archives) expect(await outcome(archive)).toEqual(documents);
  });

  it.each([0, 1, 2])("archive %i with any one bit flipped gives the same documents or none", async (which) => {
    const archive = archives[which] as Buffer;
    let refused = 0;
    for (let bit = 0; bit < archive.length * 8; bit += 1) {
      const damaged = Buffer.from(archive);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      if ((await expectNoOther(damaged, `bit ${bit & 7} of byte ${bit >> 3}`)).refused) refused += 1;
    }
    // Times, versions and comments may change. Nearly every other bit counts.
    expect(refused / (archive.length * 8)).toBeGreaterThan(0.7);
  });

  it("an archive with one byte replaced, removed or added gives the same documents or none", async () => {
    const archive = fc.constantFrom(...archives);
    const change = fc.constantFrom("replace", "remove", "add");
    await fc.assert(
      fc.asyncProperty(
        archive,
        change,
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        async (bytes, how, place, value) => {
          const at = place % bytes.length;
          const rest = bytes.subarray(how === "add" ? at : at + 1);
          const piece = how === "remove" ? Buffer.alloc(0) : Buffer.from([value]);
          await expectNoOther(Buffer.concat([bytes.subarray(0, at), piece, rest]), `${how} at ${at}`);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("an archive with a piece copied elsewhere gives the same documents or none", async () => {
    const archive = fc.constantFrom(...archives);
    await fc.assert(
      fc.asyncProperty(
        archive,
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 64 }),
        async (bytes, from, to, length) => {
          const start = from % bytes.length;
          const target = to % bytes.length;
          const damaged = Buffer.from(bytes);
          bytes.copy(damaged, target, start, start + length);
          await expectNoOther(damaged, `${length} bytes from ${start} to ${target}`);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
