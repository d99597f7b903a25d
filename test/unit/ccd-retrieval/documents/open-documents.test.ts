import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import * as fc from "fast-check";
import { strToU8, Zip, ZipDeflate, ZipPassThrough, type Zippable, zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DownloadedDocument, openDocuments } from "#ccd-retrieval/documents/open-documents.ts";
import { readAll, refusalOf } from "#test/fixtures/opened-documents.ts";
import { zipBytes } from "#test/fixtures/zip-bytes.ts";

interface Written {
  name: string;
  content: Uint8Array;
}

const segment = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .filter((text) => !/[\p{Cc}/\\:]/u.test(text) && text !== "." && text !== "..");
const fileName = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => `${segments.join("/")}.xml`);
const content = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 2_000 }).map((text) => strToU8(`<a>${text}</a>`)),
  fc.nat({ max: 200_000 }).map((length) => strToU8("<observation/>".repeat(length / 14))),
);
const files: fc.Arbitrary<Written[]> = fc.uniqueArray(fc.record({ name: fileName, content }), {
  minLength: 1,
  maxLength: 8,
  selector: ({ name }) => name.normalize("NFKC").toLowerCase(),
});
const level = fc.constantFrom<0 | 1 | 6 | 9>(0, 1, 6, 9);

/** Writes an archive with another library, with the sizes in the headers. */
function zippedAtOnce(written: Written[], compression: 0 | 1 | 6 | 9): Uint8Array {
  const entries: Zippable = {};
  for (const { name, content: bytes } of written) entries[name] = [bytes, { level: compression }];
  return zipSync(entries);
}

/** Writes an archive with another library as a stream, with the sizes after the contents. */
function zippedAsStream(written: Written[], compression: 0 | 1 | 6 | 9): Uint8Array {
  const pieces: Uint8Array[] = [];
  const zip = new Zip((error, piece) => {
    if (error !== null) throw error;
    pieces.push(piece);
  });
  for (const { name, content: bytes } of written) {
    const file = compression === 0 ? new ZipPassThrough(name) : new ZipDeflate(name, { level: compression });
    zip.add(file);
    file.push(bytes.subarray(0, bytes.length / 2));
    file.push(bytes.subarray(bytes.length / 2), true);
  }
  zip.end();
  return Buffer.concat(pieces);
}

async function expectSame(archive: Uint8Array, written: Written[]): Promise<void> {
  const read = await readAll(archive);
  expect(new Set(read.map(({ name }) => name))).toEqual(new Set(written.map(({ name }) => name)));
  expect(read).toHaveLength(written.length);
  for (const { name, content: bytes } of written) {
    const found = read.find((document) => document.name === name);
    expect(found?.content.equals(bytes), "the content is byte-identical").toBe(true);
  }
}

describe("openDocuments, with archives of another library", () => {
  it("an archive with sizes in its headers gives back what was put into it", async () => {
    await fc.assert(
      fc.asyncProperty(files, level, (written, compression) => expectSame(zippedAtOnce(written, compression), written)),
    );
  });

  it("an archive with sizes after its contents gives back what was put into it", async () => {
    await fc.assert(
      fc.asyncProperty(files, level, (written, compression) =>
        expectSame(zippedAsStream(written, compression), written),
      ),
    );
  });
});

describe("openDocuments", () => {
  const xml = "<ClinicalDocument/>";

  it.each<[string, Buffer]>([
    ["without anything before it", Buffer.from(xml)],
    ["after a declaration", Buffer.from(`<?xml version="1.0"?>${xml}`)],
    ["after white space", Buffer.from(`\r\n\t ${xml}`)],
    ["after a byte order mark", Buffer.from(`\ufeff${xml}`)],
    ["in UTF-16, little-endian", Buffer.from(`\ufeff${xml}`, "utf16le")],
    ["in UTF-16, big-endian", Buffer.from(`\ufeff${xml}`, "utf16le").swap16()],
  ])("an XML document %s is one document", async (_, bytes) => {
    const { container, documents } = await openDocuments({ bytes });
    expect(container).toBe("xml");
    expect(documents).toMatchObject([{ number: 1, name: undefined, bytes: bytes.length }]);
    expect((await readAll(bytes))[0]?.content.equals(bytes)).toBe(true);
  });

  it("a document in an archive may have any file name extension", async () => {
    const { container, documents } = await openDocuments({ bytes: zipBytes([{ name: "1.pdf", content: xml }]) });
    expect(container).toBe("zip");
    expect(documents).toMatchObject([{ number: 1, name: "1.pdf", bytes: xml.length }]);
  });

  it.each<[string, string | Buffer]>([
    ["an empty body", ""],
    ["JSON", '{"status":false,"code":"BEDR01"}'],
    ["plain text", "Last request is already in process"],
    ["a gzip", Buffer.from("1f8b0800", "hex")],
    ["the first bytes of an archive", "PK"],
    ["white space", " \n ".repeat(1_000)],
  ])("%s is refused as an unknown format", async (_, bytes) => {
    expect(await refusalOf(() => readAll(Buffer.from(bytes as string)))).toBe("unknown-format");
  });

  it("an XML document that is too large is refused", async () => {
    expect(await refusalOf(() => readAll(Buffer.from(xml), { documentBytes: xml.length - 1 }))).toBe(
      "document-too-large",
    );
    expect(await readAll(Buffer.from(xml), { documentBytes: xml.length })).toHaveLength(1);
  });
});

const openFiles = async (): Promise<number> => (await readdir("/dev/fd")).length;

/** Opens the first document of the answer in a file. */
async function openFirst(file: string): Promise<DownloadedDocument> {
  const [document] = (await openDocuments({ file })).documents;
  if (document === undefined) throw new Error("no document");
  return document;
}

describe("openDocuments, with an answer in a file", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "documents-"));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  async function stored(name: string, bytes: Uint8Array): Promise<string> {
    const file = join(folder, name);
    await writeFile(file, bytes);
    return file;
  }

  const large = Array.from({ length: 60_000 }, (_, index) => `<observation id="${index * 7_919}"/>`).join("");

  it.each<[string, Uint8Array]>([
    ["answer.zip", zipBytes([{ name: "1.xml", content: large }])],
    ["answer.xml", Buffer.from(large)],
  ])("a document in %s is read in chunks of at most 64 KiB, as often as wanted", async (name, bytes) => {
    const document = await openFirst(await stored(name, bytes));
    for (const _ of ["to judge it", "to store it"]) {
      const chunks: Buffer[] = await Readable.from(document.chunks()).toArray();
      expect(Buffer.concat(chunks).toString()).toBe(large);
      expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThanOrEqual(65_536);
    }
  });

  it("a file is closed after it was read to its end, left halfway, or refused", async () => {
    const file = await stored("left.zip", zipBytes([{ name: "1.xml", content: large }]));
    const damaged = await stored(
      "damaged.zip",
      zipBytes([{ name: "1.xml", packed: Buffer.from("?"), content: "<a/>" }]),
    );
    const before = await openFiles();
    const document = await openFirst(file);
    await buffer(document.chunks());
    for await (const _ of document.chunks()) break;
    const bad = await openFirst(damaged);
    expect(await refusalOf(() => buffer(bad.chunks()))).toBe("content-damaged");
    expect(
      await refusalOf(async () => openDocuments({ file: await stored("no.zip", Buffer.from("PK\u0003\u0004")) })),
    ).toBe("truncated");
    expect(await openFiles()).toBe(before);
  });

  it.each([0, 8])("a file that shrinks after it was opened is refused (method %i)", async (method) => {
    const bytes = zipBytes([{ name: "1.xml", content: large, method }]);
    const file = await stored("shrinks.zip", bytes);
    const document = await openFirst(file);
    await writeFile(file, bytes.subarray(0, 100_000));
    expect(await refusalOf(() => buffer(document.chunks()))).toBe("truncated");
  });

  it("a file that cannot be read throws the file system's error, not a refusal", async () => {
    await expect(openDocuments({ file: join(folder, "missing") })).rejects.toMatchObject({ code: "ENOENT" });
  });
});
