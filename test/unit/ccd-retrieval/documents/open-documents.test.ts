import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import * as fc from "fast-check";
import { strToU8, Zip, ZipDeflate, ZipPassThrough, type Zippable, zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DownloadedDocument, openDocuments } from "#ccd-retrieval/documents/open-documents.ts";
import { readAll, refusalOf } from "../../../fixtures/opened-documents.ts";
import { zipBytes } from "../../../fixtures/zip-bytes.ts";

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

/** An archive by another library, with its sizes in the headers. */
function zippedAtOnce(written: Written[], compression: 0 | 1 | 6 | 9): Uint8Array {
  const entries: Zippable = {};
  for (const { name, content: bytes } of written) entries[name] = [bytes, { level: compression }];
  return zipSync(entries);
}

/** An archive by another library, written in one go, with its sizes behind the contents. */
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

describe("an archive by another library", () => {
  it("gives back what was put into it, with its sizes ahead", async () => {
    await fc.assert(
      fc.asyncProperty(files, level, (written, compression) => expectSame(zippedAtOnce(written, compression), written)),
    );
  });

  it("gives back what was put into it, with its sizes behind", async () => {
    await fc.assert(
      fc.asyncProperty(files, level, (written, compression) =>
        expectSame(zippedAsStream(written, compression), written),
      ),
    );
  });
});

describe("what an answer is", () => {
  const xml = "<ClinicalDocument/>";

  it.each<[string, Buffer]>([
    ["plain", Buffer.from(xml)],
    ["after a declaration", Buffer.from(`<?xml version="1.0"?>${xml}`)],
    ["after white space", Buffer.from(`\r\n\t ${xml}`)],
    ["after a byte order mark", Buffer.from(`\ufeff${xml}`)],
    ["in UTF-16, little end first", Buffer.from(`\ufeff${xml}`, "utf16le")],
    ["in UTF-16, big end first", Buffer.from(`\ufeff${xml}`, "utf16le").swap16()],
  ])("is one XML document: %s", async (_, bytes) => {
    const { container, documents } = await openDocuments({ bytes });
    expect(container).toBe("xml");
    expect(documents).toMatchObject([{ number: 1, name: undefined, bytes: bytes.length }]);
    expect((await readAll(bytes))[0]?.content.equals(bytes)).toBe(true);
  });

  it("is an archive, whatever it is called", async () => {
    const { container, documents } = await openDocuments({ bytes: zipBytes([{ name: "1.pdf", content: xml }]) });
    expect(container).toBe("zip");
    expect(documents).toMatchObject([{ number: 1, name: "1.pdf", bytes: xml.length }]);
  });

  it.each<[string, string | Buffer]>([
    ["nothing", ""],
    ["JSON", '{"status":false,"code":"BEDR01"}'],
    ["words", "Last request is already in process"],
    ["a gzip", Buffer.from("1f8b0800", "hex")],
    ["the first bytes of an archive", "PK"],
    ["white space", " \n ".repeat(1_000)],
  ])("may be neither: %s", async (_, bytes) => {
    expect(await refusalOf(() => readAll(Buffer.from(bytes as string)))).toBe("unknown-format");
  });

  it("may be an XML document that is too large", async () => {
    expect(await refusalOf(() => readAll(Buffer.from(xml), { documentBytes: xml.length - 1 }))).toBe(
      "document-too-large",
    );
    expect(await readAll(Buffer.from(xml), { documentBytes: xml.length })).toHaveLength(1);
  });
});

const openFiles = async (): Promise<number> => (await readdir("/dev/fd")).length;

/** The first document of the answer in a file. */
async function opened(file: string): Promise<DownloadedDocument> {
  const [document] = (await openDocuments({ file })).documents;
  if (document === undefined) throw new Error("no document");
  return document;
}

describe("an answer in a file", () => {
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
  ])("is read in chunks of 64 KiB at most, as often as wanted: %s", async (name, bytes) => {
    const document = await opened(await stored(name, bytes));
    for (const _ of ["to be read", "to be kept"]) {
      const chunks: Buffer[] = await Readable.from(document.chunks()).toArray();
      expect(Buffer.concat(chunks).toString()).toBe(large);
      expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThanOrEqual(65_536);
    }
  });

  it("is not left open, whether it is read to its end, left halfway, or refused", async () => {
    const file = await stored("left.zip", zipBytes([{ name: "1.xml", content: large }]));
    const damaged = await stored(
      "damaged.zip",
      zipBytes([{ name: "1.xml", packed: Buffer.from("?"), content: "<a/>" }]),
    );
    const before = await openFiles();
    const document = await opened(file);
    await buffer(document.chunks());
    for await (const _ of document.chunks()) break;
    const bad = await opened(damaged);
    expect(await refusalOf(() => buffer(bad.chunks()))).toBe("malformed-archive");
    expect(
      await refusalOf(async () => openDocuments({ file: await stored("no.zip", Buffer.from("PK\u0003\u0004")) })),
    ).toBe("truncated");
    expect(await openFiles()).toBe(before);
  });

  it.each([0, 8])("that shrinks after it was opened is refused (method %i)", async (method) => {
    const bytes = zipBytes([{ name: "1.xml", content: large, method }]);
    const file = await stored("shrinks.zip", bytes);
    const document = await opened(file);
    await writeFile(file, bytes.subarray(0, 100_000));
    expect(await refusalOf(() => buffer(document.chunks()))).toBe("truncated");
  });

  it("that cannot be read is the file system's error, not a refusal", async () => {
    await expect(openDocuments({ file: join(folder, "missing") })).rejects.toMatchObject({ code: "ENOENT" });
  });
});
