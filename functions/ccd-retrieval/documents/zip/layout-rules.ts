import { isAscii } from "node:buffer";
import { type LocalFileHeader, parseExtraFields, type ZipFile } from "yauzl";
import type { ByteSource } from "#ccd-retrieval/documents/byte-source.ts";
import { DocumentRefused, refusingFile } from "#ccd-retrieval/language/document-faults.ts";
import { flag, type ListedEntry, refuseSecondName, refuseUnreadable } from "./entry-rules.ts";
import { readZip64Numbers } from "./zip64.ts";

/** An entry of an archive with a valid structure, and the position of its compressed content: [start, end). */
export interface PackedFile extends ListedEntry {
  start: number;
  end: number;
}

const localHeaderBytes = 30;
const descriptorSignature = 0x08074b50;

/**
 * Walks the archive from its first byte to its central directory and assigns every byte to an entry: local headers agree with
 * the directory, and contents follow each other without gaps. So every program sees the same documents as the bridge, from
 * whichever end it reads, and no two entries share bytes.
 *
 * Source: APPNOTE.TXT 6.3.10, sections 4.3.6 to 4.3.9; overlaps: D. Fifield, "A better zip bomb" (WOOT 2019).
 * @returns the entries in the order of their position
 * @throws DocumentRefused overlap, stray-bytes, headers-differ, encrypted, zip64, unsupported-method, unsafe-name
 */
export async function walkEntries(
  source: ByteSource,
  entries: readonly ListedEntry[],
  directoryStart: number,
  zip: ZipFile,
): Promise<PackedFile[]> {
  const walked: PackedFile[] = [];
  let reached = 0;
  const inOrder = entries.toSorted((a, b) => headerStart(a) - headerStart(b));
  for (const [index, entry] of inOrder.entries()) {
    if (headerStart(entry) > reached) throw strayBytes(headerStart(entry) - reached);
    const next = inOrder[index + 1];
    const until = { next: next === undefined ? directoryStart : headerStart(next), directory: directoryStart };
    const located = { entry: entry.place, name: entry.name };
    const { file, after } = await refusingFile(located, () => walkEntry(source, entry, zip, reached, until));
    walked.push(file);
    reached = after;
  }
  if (reached !== directoryStart) throw strayBytes(directoryStart - reached);
  return walked;
}

/** Checks one entry's header, content and data descriptor, which begin at `start`. */
async function walkEntry(
  source: ByteSource,
  entry: ListedEntry,
  zip: ZipFile,
  start: number,
  until: { next: number; directory: number },
): Promise<{ file: PackedFile; after: number }> {
  if (headerStart(entry) < start || start + localHeaderBytes > until.directory) throw overlap(entry.place);
  const header = await zip.readLocalFileHeaderPromise(entry.record);
  checkLocalHeader(header, entry);
  const end = header.fileDataStart + entry.record.compressedSize;
  if (end > until.directory) throw overlap(entry.place);
  const found = await source.read(end, Math.min(longestDescriptor, until.directory - end));
  const after = end + measureDescriptor(entry, found, until.next - end);
  return { file: { ...entry, start: header.fileDataStart, end }, after };
}

const headerStart = ({ record }: ListedEntry): number => record.relativeOffsetOfLocalHeader;

function checkLocalHeader(header: LocalFileHeader, { record, place }: ListedEntry): void {
  const extraFields = parseExtraFields(header.extraField);
  refuseUnreadable(header, extraFields, place);
  refuseSecondName(header, header.fileName, extraFields, place);
  const sizesFollow = (record.generalPurposeBitFlag & flag.descriptor) !== 0;
  const sizes = [header.uncompressedSize, header.compressedSize];
  const [size, compressedSize] = readZip64Numbers(sizes, extraFields, place, sizesFollow);
  const agrees = (local: number | undefined, central: number): boolean =>
    local === central || (sizesFollow && local === 0);
  const same =
    ((header.generalPurposeBitFlag ^ record.generalPurposeBitFlag) & decisiveFlags(record.fileNameRaw)) === 0 &&
    header.fileName.equals(record.fileNameRaw) &&
    header.compressionMethod === record.compressionMethod &&
    agrees(header.crc32, record.crc32) &&
    agrees(compressedSize, record.compressedSize) &&
    agrees(size, record.uncompressedSize);
  if (!same) throw headersDiffer(place);
}

/** Flags that change how an entry is read. The others only describe the compressor's settings. ASCII is the same in UTF-8. */
function decisiveFlags(name: Buffer): number {
  return isAscii(name) ? flag.descriptor : flag.descriptor | flag.utf8;
}

/** ZIP64 has sizes of 64 bits. */
const longestDescriptor = 24;

/**
 * Returns the bytes of the data descriptor, right after the content; 0 if the entry announces none. It may have a signature, and
 * sizes of 32 or 64 bits. A form that reaches exactly to the next header comes first.
 *
 * Source: APPNOTE.TXT 6.3.10, section 4.3.9.
 */
function measureDescriptor({ record, place }: ListedEntry, found: Buffer, toNextHeader: number): number {
  if ((record.generalPurposeBitFlag & flag.descriptor) === 0) return 0;
  const short = Buffer.alloc(16);
  const long = Buffer.alloc(longestDescriptor);
  for (const form of [short, long]) {
    form.writeUInt32LE(descriptorSignature, 0);
    form.writeUInt32LE(record.crc32, 4);
    form.writeUInt32LE(record.compressedSize, 8);
  }
  short.writeUInt32LE(record.uncompressedSize, 12);
  long.writeUInt32LE(record.uncompressedSize, 16);
  // The first versions of the format had no signature here.
  const forms = [short, short.subarray(4), long, long.subarray(4)];
  const lengths = forms.filter((form) => found.subarray(0, form.length).equals(form)).map(({ length }) => length);
  const length = lengths.find((one) => one === toNextHeader) ?? lengths[0];
  if (length === undefined) throw headersDiffer(place);
  return length;
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
