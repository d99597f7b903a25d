import { crc32, deflateRawSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RefusalReason } from "#ccd-retrieval/language/document-faults.ts";
import { readAll, refusalOf } from "#test/fixtures/opened-documents.ts";
import { extraField, type ZipEndBytes, type ZipEntryBytes, zipBytes } from "#test/fixtures/zip-bytes.ts";

const content = "<ClinicalDocument/>";
const packed = deflateRawSync(content);
const marker = 0xffff_ffff;
const numbers = (...values: (number | bigint)[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, at) => bytes.writeBigUInt64LE(BigInt(value), at * 8));
  return bytes;
};
const zip64 = (...values: (number | bigint)[]): Buffer => extraField(1, numbers(...values));
const disk = Buffer.alloc(4);

/** The sizes of the content after it, in 64 bits. */
const descriptor = (signed: boolean, { size = content.length, crc = crc32(content) } = {}): Buffer => {
  const head = Buffer.from("504b070800000000", "hex");
  head.writeUInt32LE(crc, 4);
  const whole = Buffer.concat([head, numbers(packed.length, size)]);
  return signed ? whole : whole.subarray(4);
};

const first: ZipEntryBytes = { name: "1.xml", content };
const last: ZipEntryBytes = { name: "2.xml", content: "<other/>" };
const sizes = [content.length, packed.length] as const;
const marked = { size: marker, compressed: marker };

/** ZIP64's end of an archive of these entries, with whatever the test says instead. */
function end(
  entries: ZipEntryBytes[],
  change: Partial<Record<"count" | "bytes" | "start" | "at", number>> = {},
): ZipEndBytes {
  const plain = zipBytes(entries);
  const [count, bytes, start] = [
    entries.length,
    plain.readUInt32LE(plain.length - 10),
    plain.readUInt32LE(plain.length - 6),
  ];
  const record = Buffer.alloc(24);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeUInt16LE(45, 12);
  record.writeUInt16LE(45, 14);
  const totals = numbers(count, change.count ?? count, change.bytes ?? bytes, change.start ?? start);
  const locator = Buffer.concat([
    Buffer.from("504b060700000000", "hex"),
    numbers(change.at ?? start + bytes),
    Buffer.from("01000000", "hex"),
  ]);
  return { beforeEnd: Buffer.concat([record, totals, locator]), count, directorySize: bytes, directoryOffset: start };
}

// D15
describe("an archive with ZIP64 records", () => {
  it.each<[string, ZipEntryBytes[], ZipEndBytes?]>([
    ["of Python's force_zip64", [{ ...first, local: marked, localExtra: zip64(...sizes) }, last]],
    [
      "of Python's force_zip64 in a stream",
      [{ ...first, local: marked, localExtra: zip64(0, 0), descriptor: descriptor(true) }, last],
    ],
    [
      "of Info-ZIP, from a pipe",
      [
        {
          ...first,
          name: "-",
          attributes: 0x1180_0000,
          local: { ...marked, size: marker },
          localExtra: zip64(0, 0),
          descriptor: descriptor(true),
        },
      ],
    ],
    ["with unsigned sizes of 64 bits", [{ ...first, descriptor: descriptor(false) }, last]],
    ["with sizes of 64 bits and no ZIP64 field", [{ ...first, descriptor: descriptor(true) }, last]],
    [
      "with an empty file and sizes of 64 bits",
      [
        first,
        {
          name: "e.txt",
          method: 0,
          descriptor: Buffer.concat([Buffer.from("504b070800000000", "hex"), numbers(0, 0)]),
        },
      ],
    ],
    ["with markers in the directory", [{ ...first, central: marked, centralExtra: zip64(...sizes) }, last]],
    [
      "with all markers in the directory",
      [{ ...first, central: { ...marked, offset: marker }, centralExtra: zip64(...sizes, 0) }, last],
    ],
    ["with only the offset marked", [{ ...first, central: { offset: marker }, centralExtra: zip64(0) }, last]],
    [
      "with only the compressed size marked",
      [{ ...first, central: { compressed: marker }, centralExtra: zip64(packed.length) }, last],
    ],
    [
      "with numbers that repeat the header's",
      [{ ...first, centralExtra: zip64(...sizes, 0), localExtra: zip64(...sizes) }, last],
    ],
    [
      "with the number of a disk",
      [{ ...first, central: marked, centralExtra: extraField(1, Buffer.concat([numbers(...sizes, 0), disk])) }, last],
    ],
    ["with an empty ZIP64 field", [{ ...first, centralExtra: zip64() }, last]],
    ["with an end record of its own", [first, last], end([first, last])],
    [
      "with markers in its end",
      [first, last],
      { ...end([first, last]), count: 0xffff, directorySize: marker, directoryOffset: marker },
    ],
    ["with one marker in its end", [first, last], { ...end([first, last]), directoryOffset: marker }],
  ])("an archive %s is read", async (_, entries, zipEnd) => {
    const read = await readAll(zipBytes(entries, zipEnd));
    expect(read.map((one) => one.content.toString())).toEqual(entries.map((entry) => entry.content ?? ""));
  });

  it.each<[string, RefusalReason, ZipEntryBytes[], ZipEndBytes?]>([
    ["two sizes in the directory", "zip64", [{ ...first, centralExtra: zip64(content.length + 1, packed.length) }]],
    ["two compressed sizes in the directory", "zip64", [{ ...first, centralExtra: zip64(content.length, 1) }]],
    ["two offsets", "zip64", [{ ...first, centralExtra: zip64(...sizes, 1) }]],
    ["two sizes in a local header", "zip64", [{ ...first, localExtra: zip64(content.length + 1, packed.length) }]],
    [
      "numbers whose order is unclear",
      "zip64",
      [{ ...first, central: { compressed: marker }, centralExtra: zip64(...sizes) }],
    ],
    ["fewer numbers than markers", "zip64", [{ ...first, local: marked, localExtra: zip64(content.length) }]],
    ["more numbers than a header has", "zip64", [{ ...first, localExtra: zip64(...sizes, 0) }]],
    [
      "two ZIP64 fields",
      "zip64",
      [{ ...first, local: marked, localExtra: Buffer.concat([zip64(...sizes), zip64(1, 1)]) }],
    ],
    ["half a number", "zip64", [{ ...first, localExtra: extraField(1, Buffer.alloc(6)) }]],
    [
      "another disk",
      "zip64",
      [{ ...first, centralExtra: extraField(1, Buffer.concat([numbers(...sizes, 0), Buffer.from([1, 0, 0, 0])])) }],
    ],
    [
      "a size beyond all numbers",
      "zip64",
      [{ ...first, local: marked, localExtra: zip64(2n ** 64n - 1n, packed.length) }],
    ],
    [
      "other sizes in its local header",
      "headers-differ",
      [{ ...first, local: marked, localExtra: zip64(content.length + 1, packed.length) }],
    ],
    ["markers without numbers", "headers-differ", [{ ...first, local: marked }]],
    ["another size after the content", "headers-differ", [{ ...first, descriptor: descriptor(true, { size: 7 }) }]],
    ["another checksum after the content", "headers-differ", [{ ...first, descriptor: descriptor(true, { crc: 7 }) }]],
    [
      "bytes after sizes of 64 bits",
      "stray-bytes",
      [{ ...first, descriptor: descriptor(true), gap: Buffer.from("x") }],
    ],
    ["two counts in its ends", "zip64", [first], end([first], { count: 2 })],
    ["two sizes in its ends", "zip64", [first], end([first], { bytes: 7 })],
    ["two offsets in its ends", "zip64", [first], end([first], { start: 7 })],
    ["a locator that points elsewhere", "zip64", [first], end([first], { at: 7 })],
    [
      "a longer end record than it announces",
      "zip64",
      [first],
      { ...end([first]), beforeEnd: Buffer.concat([Buffer.from("x"), end([first]).beforeEnd ?? Buffer.alloc(0)]) },
    ],
    ["a locator alone", "zip64", [first], { beforeEnd: end([first]).beforeEnd?.subarray(56) ?? Buffer.alloc(0) }],
    [
      "an end record without a locator",
      "stray-bytes",
      [first],
      { beforeEnd: end([first]).beforeEnd?.subarray(0, 56) ?? Buffer.alloc(0) },
    ],
  ])("an archive with %s is refused as %s", async (_, reason, entries, zipEnd) => {
    expect(await refusalOf(() => readAll(zipBytes(entries, zipEnd)))).toBe(reason);
  });

  it("an archive with ZIP64 records and any one bit flipped gives the same document or none", async () => {
    const entries = [
      {
        ...first,
        central: { ...marked, offset: marker },
        centralExtra: zip64(...sizes, 0),
        local: marked,
        localExtra: zip64(...sizes),
      },
    ];
    const archive = zipBytes(entries, { ...end(entries), directoryOffset: marker });
    expect((await readAll(archive)).map((one) => one.content.toString())).toEqual([content]);
    for (let bit = 0; bit < archive.length * 8; bit += 1) {
      const damaged = Buffer.from(archive);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      const found = await readAll(damaged).catch((error: Error) => error.name);
      const texts = typeof found === "string" ? found : found.map((one) => one.content.toString());
      expect(["DocumentRefused", [content]], `bit ${bit & 7} of byte ${bit >> 3}`).toContainEqual(texts);
    }
  });

  it("any numbers in a ZIP64 field are the header's, or refused", async () => {
    const value = fc.oneof(fc.constantFrom(0, marker, ...sizes), fc.nat());
    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { maxLength: 4 }),
        fc.subarray(["size", "compressed"]),
        async (values, which) => {
          const fields = Object.fromEntries(which.map((name) => [name, marker]));
          const inDirectory = zipBytes([{ ...first, central: fields, centralExtra: zip64(...values) }]);
          const inHeader = zipBytes([{ ...first, local: fields, localExtra: zip64(...values) }]);
          for (const archive of [inDirectory, inHeader]) {
            const found = await readAll(archive).catch((error: Error) => error.name);
            const texts = typeof found === "string" ? found : found.map((one) => one.content.toString());
            expect(["DocumentRefused", [content]]).toContainEqual(texts);
          }
        },
      ),
    );
  });
});
