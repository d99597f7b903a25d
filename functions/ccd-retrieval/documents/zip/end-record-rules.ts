import type { ByteSource } from "#ccd-retrieval/documents/byte-source.ts";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import {
  type EndNumbers,
  endContradicts,
  hasZip64Marker,
  isZip64Locator,
  readZip64End,
  zip64LocatorBytes,
  zip64RecordBytes,
} from "./zip64.ts";

/** The position of an archive's central directory, [start, end), and how many entries it lists. */
export interface CentralDirectory {
  entries: number;
  start: number;
  end: number;
}

const endSignature = 0x06054b50;
const endBytes = 22;
const longestComment = 0xffff;

/**
 * Finds the end of central directory record and checks it: only its own comment follows it, and the directory ends right before it.
 * If ZIP64's record and its locator stand between the two, they must say the same (`zip64.ts`).
 *
 * Source: APPNOTE.TXT 6.3.10, sections 4.3.14 to 4.3.16.
 * @throws DocumentRefused truncated, stray-bytes, zip64, malformed-archive
 */
export async function findCentralDirectory(source: ByteSource): Promise<CentralDirectory> {
  const tailBytes = Math.min(source.size, zip64LocatorBytes + endBytes + longestComment);
  const tailStart = source.size - tailBytes;
  const tail = await source.read(tailStart, tailBytes);
  const at = findLastEndRecord(tail);
  if (at === undefined) throw new DocumentRefused("truncated", "the archive ends before its central directory does");
  const record = tail.subarray(at);
  checkComment(record);
  const ordinary = numbersOf(record);
  const locatorStart = tailStart + at - zip64LocatorBytes;
  const locator = at < zip64LocatorBytes ? undefined : tail.subarray(at - zip64LocatorBytes, at);
  if (locator === undefined || !isZip64Locator(locator)) {
    if (hasZip64Marker(ordinary)) throw endContradicts();
    return directoryOf(ordinary, tailStart + at);
  }
  const recordStart = locatorStart - zip64RecordBytes;
  if (recordStart < 0) throw endContradicts();
  const zip64 = await source.read(recordStart, zip64RecordBytes);
  return directoryOf(readZip64End(zip64, locator, recordStart, ordinary), recordStart);
}

function findLastEndRecord(tail: Buffer): number | undefined {
  for (let at = tail.length - endBytes; at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) === endSignature) return at;
  }
  return undefined;
}

function checkComment(record: Buffer): void {
  const announced = record.readUInt16LE(20);
  const present = record.length - endBytes;
  if (announced > present) throw new DocumentRefused("truncated", "the archive ends inside its comment");
  if (announced < present) {
    throw new DocumentRefused("stray-bytes", `${present - announced} bytes follow the end of the archive`);
  }
}

function numbersOf(record: Buffer): EndNumbers {
  return {
    disk: record.readUInt16LE(4),
    directoryDisk: record.readUInt16LE(6),
    entriesHere: record.readUInt16LE(8),
    entries: record.readUInt16LE(10),
    bytes: record.readUInt32LE(12),
    start: record.readUInt32LE(16),
  };
}

function directoryOf(
  { disk, directoryDisk, entriesHere, entries, bytes, start }: EndNumbers,
  end: number,
): CentralDirectory {
  if (disk !== 0 || directoryDisk !== 0 || entriesHere !== entries) {
    throw new DocumentRefused("malformed-archive", "the archive is one of several parts");
  }
  if (start + bytes !== end) {
    throw start + bytes < end
      ? new DocumentRefused("stray-bytes", `${end - start - bytes} bytes of the archive belong to no part of it`)
      : new DocumentRefused("malformed-archive", "the archive's central directory overlaps its end record");
  }
  return { entries, start, end };
}
