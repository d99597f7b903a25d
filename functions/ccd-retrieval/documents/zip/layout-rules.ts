import { type LocalFileHeader, parseExtraFields, type ZipFile } from "yauzl";
import type { ByteSource } from "#ccd-retrieval/documents/byte-source.ts";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import { flag, type ListedEntry, refuseUnreadable } from "./entry-rules.ts";

/** An entry of an archive with a valid structure, and the position of its compressed content: [start, end). */
export interface PackedFile extends ListedEntry {
  start: number;
  end: number;
}

const localHeaderBytes = 30;
const descriptorSignature = 0x08074b50;

/** Flags that change how an entry is read. The others only describe the compressor's settings. */
const decisiveFlags = flag.descriptor | flag.utf8;

/**
 * Walks the archive from its first byte to its central directory and assigns every byte to an entry: local headers agree with
 * the directory, and contents follow each other without gaps. So every program sees the same documents as the bridge, from
 * whichever end it reads, and no two entries share bytes.
 *
 * Source: APPNOTE.TXT 6.3.10, sections 4.3.6 to 4.3.9; overlaps: D. Fifield, "A better zip bomb" (WOOT 2019).
 * @returns the entries in the order of their position
 * @throws DocumentRefused overlap, stray-bytes, headers-differ, encrypted, zip64, unsupported-method
 */
export async function walkEntries(
  source: ByteSource,
  entries: readonly ListedEntry[],
  directoryStart: number,
  zip: ZipFile,
): Promise<PackedFile[]> {
  const walked: PackedFile[] = [];
  let reached = 0;
  for (const entry of entries.toSorted((a, b) => headerStart(a) - headerStart(b))) {
    if (headerStart(entry) > reached) throw strayBytes(headerStart(entry) - reached);
    if (headerStart(entry) < reached || reached + localHeaderBytes > directoryStart) throw overlap(entry.place);
    const header = await zip.readLocalFileHeaderPromise(entry.record);
    checkLocalHeader(header, entry);
    const start = header.fileDataStart;
    const end = start + entry.record.compressedSize;
    if (end > directoryStart) throw overlap(entry.place);
    walked.push({ ...entry, start, end });
    reached = end + (await measureDescriptor(source, entry, end, directoryStart));
  }
  if (reached !== directoryStart) throw strayBytes(directoryStart - reached);
  return walked;
}

const headerStart = ({ record }: ListedEntry): number => record.relativeOffsetOfLocalHeader;

function checkLocalHeader(header: LocalFileHeader, { record, place }: ListedEntry): void {
  refuseUnreadable(header, parseExtraFields(header.extraField), place);
  const sizesFollow = (record.generalPurposeBitFlag & flag.descriptor) !== 0;
  const agrees = (local: number, central: number): boolean => local === central || (sizesFollow && local === 0);
  const same =
    ((header.generalPurposeBitFlag ^ record.generalPurposeBitFlag) & decisiveFlags) === 0 &&
    header.fileName.equals(record.fileNameRaw) &&
    header.compressionMethod === record.compressionMethod &&
    agrees(header.crc32, record.crc32) &&
    agrees(header.compressedSize, record.compressedSize) &&
    agrees(header.uncompressedSize, record.uncompressedSize);
  if (!same) throw headersDiffer(place);
}

/** Returns the bytes of the data descriptor at `start`, right after the content; 0 if the entry announces none. */
async function measureDescriptor(
  source: ByteSource,
  { record, place }: ListedEntry,
  start: number,
  directoryStart: number,
): Promise<number> {
  if ((record.generalPurposeBitFlag & flag.descriptor) === 0) return 0;
  const signed = Buffer.alloc(16);
  signed.writeUInt32LE(descriptorSignature, 0);
  signed.writeUInt32LE(record.crc32, 4);
  signed.writeUInt32LE(record.compressedSize, 8);
  signed.writeUInt32LE(record.uncompressedSize, 12);
  const found = await source.read(start, Math.min(signed.length, directoryStart - start));
  if (found.equals(signed)) return signed.length;
  // The first versions of the format had no signature here.
  const unsigned = signed.subarray(4);
  if (found.subarray(0, unsigned.length).equals(unsigned)) return unsigned.length;
  throw headersDiffer(place);
}

function overlap(place: number): DocumentRefused {
  return new DocumentRefused("overlap", `entry ${place} of the archive shares bytes with another part of it`);
}

function strayBytes(count: number): DocumentRefused {
  return new DocumentRefused("stray-bytes", `${count} bytes of the archive belong to no entry`);
}

function headersDiffer(place: number): DocumentRefused {
  return new DocumentRefused("headers-differ", `entry ${place} of the archive is described in two different ways`);
}
