import type { ByteSource } from "#ccd-retrieval/documents/byte-source.ts";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";

/** The position of an archive's central directory, [start, end), and how many entries it lists. */
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
 * Finds the end of central directory record and checks it: only its own comment follows it, the directory ends right before it,
 * and it is not a ZIP64 record. No archive within our limits needs ZIP64, and an archive in ZIP64 gives each size twice.
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
  if (at >= zip64LocatorBytes && tail.readUInt32LE(at - zip64LocatorBytes) === zip64LocatorSignature)
    throw zip64Refused();
  return directoryOf(record, tailStart + at);
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

function directoryOf(record: Buffer, end: number): CentralDirectory {
  const disks = [record.readUInt16LE(4), record.readUInt16LE(6)];
  const entries = record.readUInt16LE(8);
  const allEntries = record.readUInt16LE(10);
  const bytes = record.readUInt32LE(12);
  const start = record.readUInt32LE(16);
  if (allEntries === zip64Count || bytes === zip64Offset || start === zip64Offset) {
    throw zip64Refused();
  }
  if (disks.some((disk) => disk !== 0) || entries !== allEntries) {
    throw new DocumentRefused("malformed-archive", "the archive is one of several parts");
  }
  if (start + bytes !== end) {
    throw start + bytes < end
      ? new DocumentRefused("stray-bytes", `${end - start - bytes} bytes of the archive belong to no part of it`)
      : new DocumentRefused("malformed-archive", "the archive's central directory overlaps its end record");
  }
  return { entries, start, end };
}

function zip64Refused(): DocumentRefused {
  return new DocumentRefused("zip64", "the archive is in the ZIP64 format, which no archive of an allowed size needs");
}
