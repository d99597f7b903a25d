import { deflateRawSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { DocumentLimits } from "#ccd-retrieval/documents/limits.ts";
import type { RefusalReason } from "#ccd-retrieval/language/document-faults.ts";
import { readAll, refusalOf, refusedBy } from "#test/fixtures/opened-documents.ts";
import { extraField, type ZipEndBytes, type ZipEntryBytes, zipBytes } from "#test/fixtures/zip-bytes.ts";

const document = "<ClinicalDocument/>";
const honest: ZipEntryBytes = { name: "1.xml", content: document };
const second: ZipEntryBytes = { name: "2.xml", content: "<other/>" };

/** Info-ZIP's second name: a version, the CRC-32 of the name, then UTF-8. */
const unicodePath = (name: string): Buffer =>
  extraField(0x7075, Buffer.concat([Buffer.from([1, 0, 0, 0, 0]), Buffer.from(name)]));

const unixMode = (mode: number): number => (mode << 16) >>> 0;

describe("a valid archive", () => {
  it.each<[string, ZipEntryBytes[], ZipEndBytes?]>([
    ["with deflated entries", [honest, second]],
    ["with a stored entry", [{ ...honest, method: 0 }, second]],
    ["with sizes after the content", [{ ...honest, descriptor: "signed" }, second]],
    ["with unsigned sizes after the content", [{ ...honest, descriptor: "unsigned" }, second]],
    ["with folders", [{ name: "ccd/", method: 0 }, { name: "deflated/" }, { ...honest, name: "ccd/1.xml" }, second]],
    ["with the Unix mode of a regular file", [{ ...honest, attributes: unixMode(0o100_644) }, second]],
    ["with a comment", [honest, second], { comment: Buffer.from("made by an EHR") }],
    ["with an empty document", [{ name: "1.xml" }, second]],
    ["with extra fields", [{ ...honest, localExtra: extraField(0x5455, Buffer.alloc(5)) }, second]],
    ["with names in Latin script", [{ ...honest, name: "Muñoz.xml", flags: 0x800 }, second]],
    // D6
    [
      "with its name in UTF-8 twice, in both headers",
      [
        {
          ...honest,
          name: "José.xml",
          flags: 0x800,
          centralExtra: unicodePath("José.xml"),
          localExtra: unicodePath("José.xml"),
        },
      ],
    ],
    ["with an ASCII name twice", [{ ...honest, centralExtra: unicodePath("1.xml") }]],
    ["with the flag of UTF-8 in one header of an ASCII name", [{ ...honest, local: { flags: 0x800 } }]],
  ])("an archive %s is read", async (_, entries, end) => {
    const read = await readAll(zipBytes(entries, end));
    const files = entries.filter(({ name }) => !String(name).endsWith("/"));
    expect(read.map(({ name, content }) => [name, content.toString()])).toEqual(
      files.map(({ name, content }) => [name, content ?? ""]),
    );
  });

  // D6
  it.each<[string, ZipEntryBytes]>([
    ["code page 437", { name: Buffer.from("4a6f73822e786d6c", "hex"), centralExtra: unicodePath("José.xml") }],
    ["UTF-8 without its flag", { name: Buffer.from("José.xml"), centralExtra: unicodePath("José.xml") }],
  ])("a name in %s may be repeated in UTF-8", async (_, entry) => {
    expect(await readAll(zipBytes([{ ...entry, content: document }]))).toHaveLength(1);
  });

  it("backslashes separate folders, as in archives that Windows writes", async () => {
    const read = await readAll(zipBytes([{ name: "ccd\\" }, { ...honest, name: "ccd\\a\\1.xml" }]));
    expect(read.map(({ name }) => name)).toEqual(["ccd/a/1.xml"]);
  });

  it("documents are listed in the order of the archive's directory, not of their positions", async () => {
    const [first, last] = [zipBytes([honest]), zipBytes([second])];
    const bodyLength = first.readUInt32LE(first.length - 6);
    const otherLength = last.readUInt32LE(last.length - 6);
    const entries = [
      { ...honest, central: { offset: otherLength } },
      { ...second, central: { offset: 0 } },
    ];
    const archive = zipBytes(entries);
    const swapped = Buffer.concat([
      archive.subarray(bodyLength, bodyLength + otherLength),
      archive.subarray(0, bodyLength),
      archive.subarray(bodyLength + otherLength),
    ]);
    expect((await readAll(swapped)).map(({ name }) => name)).toEqual(["1.xml", "2.xml"]);
  });
});

describe("a hostile archive", () => {
  const refused: [string, RefusalReason, ZipEntryBytes[], (ZipEndBytes | undefined)?, Partial<DocumentLimits>?][] = [
    // Names.
    ["climbs out of its folder", "unsafe-name", [{ ...honest, name: "../../etc/cron.d/x" }]],
    ["climbs out of its folder halfway", "unsafe-name", [{ ...honest, name: "a/../../x.xml" }]],
    ["climbs out of its folder with backslashes", "unsafe-name", [{ ...honest, name: "..\\..\\x.xml" }]],
    ["has an absolute name", "unsafe-name", [{ ...honest, name: "/etc/passwd" }]],
    ["names a drive", "unsafe-name", [{ ...honest, name: "C:x.xml" }]],
    ["names a share", "unsafe-name", [{ ...honest, name: "\\\\server\\x.xml" }]],
    ["has a NUL in a name", "unsafe-name", [{ ...honest, name: "1.xml\0.exe" }]],
    ["has a line break in a name", "unsafe-name", [{ ...honest, name: "1\n.xml" }]],
    ["has an entry without a name", "unsafe-name", [{ ...honest, name: "" }]],
    ["has an empty segment in a name", "unsafe-name", [{ ...honest, name: "a//1.xml" }]],
    ["has a dot as a segment of a name", "unsafe-name", [{ ...honest, name: "./1.xml" }]],
    ["has a name that is not UTF-8", "unsafe-name", [{ ...honest, name: Buffer.from([0xff, 0xfe]), flags: 0x800 }]],
    ["has a very long name", "unsafe-name", [{ ...honest, name: "x".repeat(513) }]],
    [
      "has a second name in an extra field",
      "unsafe-name",
      [{ ...honest, centralExtra: extraField(0x7075, Buffer.alloc(6)) }],
    ],
    ["has another second name", "unsafe-name", [{ ...honest, centralExtra: unicodePath("../1.xml") }]],
    ["has another second name in a local header", "unsafe-name", [{ ...honest, localExtra: unicodePath("2.xml") }]],
    [
      "has a second name that is not UTF-8",
      "unsafe-name",
      [{ ...honest, centralExtra: extraField(0x7075, Buffer.from([1, 0, 0, 0, 0, 0xff])) }],
    ],
    [
      "has one name with a slash and with a backslash",
      "duplicate-name",
      [
        { ...honest, name: "a/1.xml" },
        { ...second, name: "a\\1.xml" },
      ],
    ],
    [
      "contradicts itself on the encoding of a name",
      "headers-differ",
      [{ ...honest, name: "Muñoz.xml", flags: 0x800, local: { flags: 0 } }],
    ],
    ["has a name twice", "duplicate-name", [honest, { ...second, name: "1.xml" }]],
    ["has a name in two cases", "duplicate-name", [honest, { ...second, name: "1.XML" }]],
    [
      "has a name in two forms of Unicode",
      "duplicate-name",
      [
        { ...honest, name: "\u00e9.xml", flags: 0x800 },
        { ...second, name: "e\u0301.xml", flags: 0x800 },
      ],
    ],
    ["has a folder with the name of a file", "duplicate-name", [honest, { name: "1.xml/" }]],
    // Encryption.
    ["is encrypted", "encrypted", [{ ...honest, flags: 0x1 }]],
    ["is strongly encrypted", "encrypted", [{ ...honest, flags: 0x41 }]],
    ["is strongly encrypted by that flag alone", "encrypted", [{ ...honest, flags: 0x40 }]],
    ["has a masked header", "encrypted", [{ ...honest, flags: 0x2000 }]],
    ["is encrypted by AES", "encrypted", [{ ...honest, method: 99, packed: Buffer.from("?") }]],
    ["is encrypted by an extra field", "encrypted", [{ ...honest, centralExtra: extraField(0x9901, Buffer.alloc(7)) }]],
    ["is encrypted by its local header only", "encrypted", [{ ...honest, local: { flags: 0x1 } }]],
    // Special files.
    ["has a symbolic link", "special-file", [{ ...honest, attributes: unixMode(0o120_777) }]],
    ["has a device", "special-file", [{ ...honest, attributes: unixMode(0o060_644) }]],
    ["has a pipe", "special-file", [{ ...honest, attributes: unixMode(0o010_644) }]],
    ["has a folder without a slash", "special-file", [{ ...honest, attributes: unixMode(0o040_755) }]],
    ["has a folder without a slash by DOS attributes", "special-file", [{ ...honest, attributes: 0x10 }]],
    ["has a volume label", "special-file", [{ ...honest, attributes: 0x08 }]],
    ["has a folder with content", "special-file", [honest, { name: "a/", content: "hidden", method: 0 }]],
    [
      "has a folder with hidden content",
      "special-file",
      [honest, { name: "a/", packed: Buffer.concat([deflateRawSync(""), Buffer.from("hidden")]) }],
    ],
    // Archives in archives.
    ["holds a ZIP", "nested-archive", [{ name: "1.xml", content: zipBytes([honest]) }]],
    ["holds an empty ZIP", "nested-archive", [{ name: "1.xml", content: zipBytes([]) }]],
    ["holds a gzip", "nested-archive", [{ name: "1.xml", content: gzipSync(document) }]],
    ["holds a tar", "nested-archive", [{ name: "1.xml", content: `${"x".repeat(257)}ustar` }]],
    ["holds a stored RAR", "nested-archive", [{ name: "1.xml", content: "Rar!\u001a\u0007", method: 0 }]],
    // Variants of the format.
    ["is compressed by bzip2", "unsupported-method", [{ ...honest, method: 12, packed: Buffer.from("?") }]],
    [
      "is compressed by another method in its local header",
      "unsupported-method",
      [{ ...honest, local: { method: 14 } }],
    ],
    [
      "is ZIP64 by an entry",
      "zip64",
      [{ ...honest, centralExtra: extraField(1, Buffer.alloc(16)), central: { size: 0xffffffff } }],
    ],
    ["is ZIP64 by a local header", "zip64", [{ ...honest, localExtra: extraField(1, Buffer.alloc(16)) }]],
    ["is ZIP64 by its count", "zip64", [honest], { count: 0xffff }],
    ["is ZIP64 by its offset", "zip64", [honest], { directoryOffset: 0xffffffff }],
    ["is ZIP64 by its size", "zip64", [honest], { directorySize: 0xffffffff }],
    [
      "has a ZIP64 locator",
      "zip64",
      [honest],
      {
        beforeEnd: Buffer.concat([Buffer.from("504b0607", "hex"), Buffer.alloc(16, 0xff)]),
      },
    ],
    ["is one of several parts", "malformed-archive", [honest], { disk: 1 }],
    ["has its directory in another part", "malformed-archive", [honest], { directoryDisk: 1 }],
    // False sizes and contents.
    ["announces less than it holds", "size-differs", [{ ...honest, central: { size: 3 }, local: { size: 3 } }]],
    ["announces more than it holds", "size-differs", [{ ...honest, central: { size: 300 }, local: { size: 300 } }]],
    [
      "stores another size than it announces",
      "size-differs",
      [{ ...honest, method: 0, central: { size: 300 }, local: { size: 300 } }],
    ],
    ["announces two sizes", "headers-differ", [{ ...honest, local: { size: 300 } }]],
    ["announces two compressed sizes", "headers-differ", [{ ...honest, local: { compressed: 1 } }]],
    [
      "has no sizes before the content and announces none after it",
      "headers-differ",
      [{ ...honest, local: { size: 0, compressed: 0, crc: 0 } }],
    ],
    ["announces two checksums", "headers-differ", [{ ...honest, local: { crc: 1 } }]],
    ["gives two names", "headers-differ", [{ ...honest, local: { name: Buffer.from("2.xml") } }]],
    ["gives two methods", "headers-differ", [{ ...honest, local: { method: 0 } }]],
    [
      "contradicts itself on whether sizes follow the content",
      "headers-differ",
      [{ ...honest, local: { flags: 0x8 } }],
    ],
    ["has other sizes after the content", "headers-differ", [{ ...honest, descriptor: Buffer.alloc(16, 1) }]],
    ["announces sizes after the content and has none", "headers-differ", [{ ...honest, descriptor: Buffer.alloc(0) }]],
    ["has damaged content", "checksum-differs", [{ ...honest, central: { crc: 1 }, local: { crc: 1 } }]],
    ["has content that is not deflated", "content-damaged", [{ ...honest, packed: Buffer.from("hello world") }]],
    ["has half a Deflate stream", "content-damaged", [{ ...honest, packed: deflateRawSync(document).subarray(0, 8) }]],
    [
      "hides bytes after a Deflate stream",
      "stray-bytes",
      [{ ...honest, packed: Buffer.concat([deflateRawSync(document), Buffer.from("hidden")]) }],
    ],
    // The layout.
    ["hides bytes between entries", "stray-bytes", [{ ...honest, gap: Buffer.from("hidden") }, second]],
    ["hides bytes after the last entry", "stray-bytes", [{ ...honest, gap: Buffer.from("hidden") }]],
    ["begins with other bytes", "stray-bytes", [honest], { before: Buffer.from("PK\u0003\u0004") }],
    ["hides bytes before its end", "stray-bytes", [honest], { beforeEnd: Buffer.from("hidden") }],
    ["goes on after its end", "stray-bytes", [honest], { after: Buffer.from("hidden") }],
    [
      "has a longer comment than announced",
      "stray-bytes",
      [honest],
      {
        comment: Buffer.from("hidden"),
        commentLength: 1,
      },
    ],
    ["has a shorter comment than announced", "truncated", [honest], { commentLength: 1 }],
    ["has two entries at one position", "overlap", [honest, { ...second, central: { offset: 0 } }]],
    [
      "has an entry that reaches into the next",
      "overlap",
      [{ ...honest, method: 0, central: { compressed: 60, size: 60 }, local: { compressed: 60, size: 60 } }, second],
    ],
    [
      "has an entry that reaches into the directory",
      "overlap",
      [{ ...honest, method: 0, central: { compressed: 60, size: 60 }, local: { compressed: 60, size: 60 } }],
    ],
    ["has an entry beyond its end", "stray-bytes", [{ ...honest, central: { offset: 0x7fff_ffff } }]],
    ["lists more entries than it counts", "malformed-archive", [honest, second], { count: 1 }],
    ["counts more entries than it lists", "truncated", [honest, second], { count: 3 }],
    ["gives two counts of entries", "malformed-archive", [honest, second], { countHere: 1 }],
    ["has a directory that runs over its end", "malformed-archive", [honest], { directorySize: 1_000 }],
    [
      "has an extra field that runs over its end",
      "malformed-archive",
      [{ ...honest, centralExtra: Buffer.from([0x55, 0x54, 0xff, 0xff]) }],
    ],
    [
      "has a local extra field that runs over its end",
      "malformed-archive",
      [{ ...honest, localExtra: Buffer.from([0x55, 0x54, 0xff, 0xff]) }],
    ],
    // Limits.
    ["is too large", "archive-too-large", [honest], undefined, { archiveBytes: 100 }],
    ["has too many entries", "too-many-entries", [honest, second], undefined, { entries: 1 }],
    ["has a document that is too large", "document-too-large", [honest], undefined, { documentBytes: 18 }],
    ["has documents that are too large together", "total-too-large", [honest, second], undefined, { totalBytes: 26 }],
    ["has a ratio that is too high", "ratio-too-high", [{ name: "1.xml", content: Buffer.alloc(1 << 21) }]],
    ["has no entries", "no-documents", []],
    ["has folders only", "no-documents", [{ name: "a/" }]],
  ];

  it.each(refused)("an archive that %s is refused as %s", async (_, reason, entries, end, limits) => {
    const error = await refusedBy(() => readAll(zipBytes(entries, end ?? {}), limits));
    expect(error.reason).toBe(reason);
    // Names and contents may be PHI, so no error may show them.
    expect(`${error.message} ${String(error.cause)}`).not.toMatch(/\.xml|passwd|server|hidden|ClinicalDocument/i);
  });

  // D9
  it.each<[string, ZipEntryBytes, string]>([
    ["in the directory", { ...second, name: "../x.xml" }, "../x.xml"],
    ["by its flags", { ...second, flags: 0x1 }, "2.xml"],
    ["for its name", { ...second, name: "1.xml" }, "1.xml"],
    ["in its local header", { ...second, local: { size: 300 } }, "2.xml"],
    ["for its position", { ...second, central: { offset: 0 } }, "2.xml"],
  ])("the refusal of an entry %s has the entry's place and name for the operator", async (_, entry, name) => {
    const error = await refusedBy(() => readAll(zipBytes([honest, entry])));
    expect(error.refusedFiles()).toEqual([
      { number: null, entry: 2, name, reason: error.reason, message: error.message },
    ]);
  });

  it("an archive with an entry inside its directory is refused", async () => {
    const alone = zipBytes([honest]);
    const directoryStart = alone.readUInt32LE(alone.length - 6);
    const both = zipBytes([honest, { ...second, central: { offset: directoryStart } }], {
      directoryOffset: directoryStart,
    });
    const secondBody = both.indexOf("PK\u0003\u0004", 1);
    const directory = both.indexOf("PK\u0001\u0002");
    const archive = Buffer.concat([both.subarray(0, secondBody), both.subarray(directory)]);
    expect(await refusalOf(() => readAll(archive))).toBe("overlap");
  });

  it("an archive that is cut at any byte is refused", async () => {
    const archive = zipBytes([honest, second]);
    for (let length = 0; length < archive.length; length += 1) {
      const reason = await refusalOf(() => readAll(archive.subarray(0, length)));
      expect(["truncated", "unknown-format"], `of ${length} bytes`).toContain(reason);
    }
  });

  it("an archive may reach its limits exactly", async () => {
    const archive = zipBytes([honest, second]);
    const limits = { archiveBytes: archive.length, entries: 2, documentBytes: 19, totalBytes: 27 };
    expect(await readAll(archive, limits)).toHaveLength(2);
  });
});
