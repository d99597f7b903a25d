import { crc32, deflateRawSync } from "node:zlib";
import type { ZipEntry } from "#local/simulator/ccd/ccd-archive.ts";

/** The optional records of an archive. */
export interface ZipRecords {
  /** Sizes and offsets are in ZIP64 records, and their places in the usual ones have the marker (APPNOTE 4.3.14, 4.5.3). */
  readonly zip64?: boolean;
  /** Each entry repeats its name in Info-ZIP's Unicode path extra field (APPNOTE 4.6.9). */
  readonly unicodePath?: boolean;
}

const LOCAL_SIGNATURE = 0x04034b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const END_SIGNATURE = 0x06054b50;
const ZIP64_END_SIGNATURE = 0x06064b50;
const ZIP64_LOCATOR_SIGNATURE = 0x07064b50;
const ZIP64_EXTRA = 0x0001;
const UNICODE_PATH_EXTRA = 0x7075;
const VERSION = 45;
const UTF8_NAME = 0x0800;
const DEFLATED = 8;
/** A size or an offset of 32 bits that is in a ZIP64 record. */
const MARKER = 0xffffffff;

/** A ZIP with records that the library in `ccd-archive.ts` does not write. */
export function zipWithRecords(entries: readonly ZipEntry[], records: ZipRecords): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { local, central } = entryOf(entry, offset, records);
    parts.push(local);
    directory.push(central);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  return Buffer.concat([...parts, central, ...endOf(entries.length, central.length, offset, records.zip64 === true)]);
}

function entryOf(
  { name, content, modified }: ZipEntry,
  offset: number,
  { zip64 = false, unicodePath = false }: ZipRecords,
): { local: Buffer; central: Buffer } {
  const compressed = deflateRawSync(content);
  const nameBytes = Buffer.from(name);
  const size = (bytes: number): Buffer => uint32(zip64 ? MARKER : bytes);
  const sizes64 = Buffer.concat([uint64(content.length), uint64(compressed.length)]);
  const path = unicodePath
    ? extraField(UNICODE_PATH_EXTRA, Buffer.concat([Buffer.of(1), uint32(crc32(nameBytes)), nameBytes]))
    : Buffer.alloc(0);
  const localExtra = Buffer.concat([...(zip64 ? [extraField(ZIP64_EXTRA, sizes64)] : []), path]);
  const centralExtra = Buffer.concat([
    ...(zip64 ? [extraField(ZIP64_EXTRA, Buffer.concat([sizes64, uint64(offset)]))] : []),
    path,
  ]);
  const common = (extra: Buffer): Buffer =>
    Buffer.concat([
      uint16(VERSION),
      uint16(UTF8_NAME),
      uint16(DEFLATED),
      dosTime(modified),
      uint32(crc32(content)),
      size(compressed.length),
      size(content.length),
      uint16(nameBytes.length),
      uint16(extra.length),
    ]);
  return {
    local: Buffer.concat([uint32(LOCAL_SIGNATURE), common(localExtra), nameBytes, localExtra, compressed]),
    central: Buffer.concat([
      uint32(CENTRAL_SIGNATURE),
      uint16(VERSION),
      common(centralExtra),
      // Comment length, disk, internal and external attributes.
      Buffer.alloc(10),
      uint32(zip64 ? MARKER : offset),
      nameBytes,
      centralExtra,
    ]),
  };
}

function endOf(entries: number, centralLength: number, centralOffset: number, zip64: boolean): Buffer[] {
  const counts = zip64 ? [uint16(0xffff), uint16(0xffff)] : [uint16(entries), uint16(entries)];
  const places = zip64 ? [uint32(MARKER), uint32(MARKER)] : [uint32(centralLength), uint32(centralOffset)];
  const end = [uint32(END_SIGNATURE), uint16(0), uint16(0), ...counts, ...places, uint16(0)];
  if (!zip64) return end;
  const rest = Buffer.concat([
    uint16(VERSION),
    uint16(VERSION),
    uint32(0),
    uint32(0),
    uint64(entries),
    uint64(entries),
    uint64(centralLength),
    uint64(centralOffset),
  ]);
  const zip64End = [uint32(ZIP64_END_SIGNATURE), uint64(rest.length), rest];
  const locator = [uint32(ZIP64_LOCATOR_SIGNATURE), uint32(0), uint64(centralOffset + centralLength), uint32(1)];
  return [...zip64End, ...locator, ...end];
}

function extraField(id: number, data: Buffer): Buffer {
  return Buffer.concat([uint16(id), uint16(data.length), data]);
}

/** Time and date of MS-DOS (APPNOTE 4.4.6). */
function dosTime(time: Date): Buffer {
  const clock = (time.getHours() << 11) | (time.getMinutes() << 5) | (time.getSeconds() >> 1);
  const date = ((time.getFullYear() - 1980) << 9) | ((time.getMonth() + 1) << 5) | time.getDate();
  return Buffer.concat([uint16(clock), uint16(date)]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
