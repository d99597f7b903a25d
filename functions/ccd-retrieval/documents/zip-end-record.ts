import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import type { ByteSource } from "./byte-source.ts";

/** Where the central directory of an archive lies, and how many entries it lists. */
export interface CentralDirectory {
  entries: number;
  start: number;
  end: number;
}

const endSignature = 0x06054b50;
const endBytes = 22;
const longestComment = 0xffff;
const zip64LocatorSignature = 0x07064b50;
const zip64LocatorBytes = 20;
const zip64Count = 0xffff;
const zip64Offset = 0xffffffff;

/**
 * Finds the end of central directory record, and holds it to what the archive's length allows: nothing follows it but its
 * own comment, the directory ends right before it, and it is no ZIP64 record. Within our bounds no archive needs ZIP64,
 * and one that has it says each size twice.
 *
 * Source: APPNOTE.TXT 6.3.10, sections 4.3.14 to 4.3.16.
 * @throws DocumentRefused truncated, stray-bytes, zip64, malformed-archive
 */
export async function findCentralDirectory(source: ByteSource): Promise<CentralDirectory> {
  const tailBytes = Math.min(source.size, zip64LocatorBytes + endBytes + longestComment);
  const tailStart = source.size - tailBytes;
  const tail = await source.read(tailStart, tailBytes);
  const at = lastEndRecord(tail);
  if (at === undefined) throw new DocumentRefused("truncated", "the archive ends before its central directory does");
  const record = tail.subarray(at);
  checkComment(record);
  if (at >= zip64LocatorBytes && tail.readUInt32LE(at - zip64LocatorBytes) === zip64LocatorSignature) throw isZip64();
  return directoryOf(record, tailStart + at);
}

function lastEndRecord(tail: Buffer): number | undefined {
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

function directoryOf(record: Buffer, end: number): CentralDirectory {
  const disks = [record.readUInt16LE(4), record.readUInt16LE(6)];
  const entries = record.readUInt16LE(8);
  const allEntries = record.readUInt16LE(10);
  const bytes = record.readUInt32LE(12);
  const start = record.readUInt32LE(16);
  if (allEntries === zip64Count || bytes === zip64Offset || start === zip64Offset) {
    throw isZip64();
  }
  if (disks.some((disk) => disk !== 0) || entries !== allEntries) {
    throw new DocumentRefused("malformed-archive", "the archive is one part of several");
  }
  if (start + bytes !== end) {
    throw start + bytes < end
      ? new DocumentRefused("stray-bytes", `${end - start - bytes} bytes of the archive belong to nothing`)
      : new DocumentRefused("malformed-archive", "the archive's central directory runs into the record of its end");
  }
  return { entries, start, end };
}

function isZip64(): DocumentRefused {
  return new DocumentRefused("zip64", "the archive is in the ZIP64 format, which nothing of an allowed size needs");
}
