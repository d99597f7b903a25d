import { isUtf8 } from "node:buffer";
import { type Entry, type ExtraField, getFileNameLowLevel, validateFileName } from "yauzl";
import type { DocumentLimits } from "#ccd-retrieval/documents/limits.ts";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";

/** An entry of the central directory that follows the rules. Its sizes are unproven until its content has been read. */
export interface ListedEntry {
  /** Its place in the central directory, from 1. Messages name it by this number. */
  place: number;
  /** It may name the patient, so it must not be logged. */
  name: string;
  folder: boolean;
  record: Entry;
}

export const stored = 0;
const deflated = 8;
const aesEncrypted = 99;

/** General purpose flags: APPNOTE 4.4.4. */
export const flag = { encrypted: 0x1, descriptor: 0x8, strongEncryption: 0x40, utf8: 0x800, maskedHeader: 0x2000 };

/** Extra fields: APPNOTE 4.5.2 and 4.6.9; WinZip's of AES. */
const strongEncryptionField = 0x0017;
const unicodePathField = 0x7075;
const aesField = 0x9901;
/** The version and the CRC-32 before a Unicode path. */
const unicodePathHead = 5;

/** Unix writes a file's type into the upper half of the external attributes; 0 if it gives none. */
const typeMask = 0xf000;
const folderType = 0x4000;
const regularType = 0x8000;
const pipeType = 0x1000;
/** DOS writes the type into the lower half. */
const dosFolder = 0x10;
const dosVolumeLabel = 0x08;

const longestName = 512;

/**
 * Checks an entry of the central directory.
 *
 * @param place its place in the directory, from 1
 * @throws DocumentRefused encrypted, unsupported-method, unsafe-name, special-file, document-too-large, ratio-too-high
 */
export function checkEntry(record: Entry, place: number, limits: DocumentLimits): ListedEntry {
  refuseUnreadable(record, record.extraFields, place);
  const name = readSafeName(record, place);
  const folder = name.endsWith("/");
  refuseSpecialFile(record, name, place);
  refuseSize(record, place, limits);
  return { place, name, folder, record };
}

/** The key by which two names count as the same, as they do for some file system. It may not occur twice. */
export function nameKey({ name }: ListedEntry): string {
  return name.replace(/\/$/, "").normalize("NFKC").toLowerCase();
}

/**
 * Refuses an entry if its header, central or local, requires more than Deflate.
 *
 * @throws DocumentRefused encrypted, unsupported-method
 */
export function refuseUnreadable(
  header: { generalPurposeBitFlag: number; compressionMethod: number },
  extraFields: readonly ExtraField[],
  place: number,
): void {
  const has = (...fields: number[]): boolean => extraFields.some(({ id }) => fields.includes(id));
  const { generalPurposeBitFlag: flags, compressionMethod: method } = header;
  const encrypted = (flags & (flag.encrypted | flag.strongEncryption | flag.maskedHeader)) !== 0;
  if (encrypted || method === aesEncrypted || has(aesField, strongEncryptionField)) {
    throw new DocumentRefused("encrypted", `entry ${place} of the archive is encrypted`);
  }
  if (method !== stored && method !== deflated) {
    throw new DocumentRefused("unsupported-method", `entry ${place} of the archive is compressed by method ${method}`);
  }
}

/**
 * The name of an entry, safe or not. Some writers for Windows separate folders by backslashes.
 * @param raw the bytes of the name: UTF-8 if its flag says so, or else code page 437
 */
export function readName(flags: number, raw: Buffer): string {
  return getFileNameLowLevel(flags, raw, [], true).replaceAll("\\", "/");
}

function readSafeName(record: Entry, place: number): string {
  const flags = record.generalPurposeBitFlag;
  const name = readName(flags, record.fileNameRaw);
  const segments = name.replace(/\/$/, "").split("/");
  const unsafe =
    validateFileName(name) !== null ||
    name.length > longestName ||
    // Code page 437 turns control characters into printable ones, so the raw bytes are checked.
    record.fileNameRaw.some((byte) => byte < 0x20 || byte === 0x7f) ||
    /\p{Cc}/u.test(name) ||
    segments.some((segment) => segment === "" || segment === ".") ||
    ((flags & flag.utf8) !== 0 && !isUtf8(record.fileNameRaw));
  if (unsafe) throw unsafeName(place);
  refuseSecondName(record, record.fileNameRaw, record.extraFields, place);
  return name;
}

/**
 * Refuses an entry if an extra field of its header, central or local, gives another name: other programs use that one instead. A
 * field that repeats the name says nothing new.
 *
 * Source: APPNOTE.TXT 6.3.10, section 4.6.9, "Info-ZIP Unicode Path Extra Field": a version, the CRC-32 of the name, then UTF-8.
 * @throws DocumentRefused unsafe-name
 */
export function refuseSecondName(
  { generalPurposeBitFlag: flags }: { generalPurposeBitFlag: number },
  raw: Buffer,
  extraFields: readonly ExtraField[],
  place: number,
): void {
  for (const { data } of extraFields.filter(({ id }) => id === unicodePathField)) {
    const second = data.subarray(unicodePathHead);
    const isSame = second.equals(raw) || (isUtf8(second) && second.toString("utf8") === readName(flags, raw));
    if (data.length <= unicodePathHead || !isSame) throw unsafeName(place);
  }
}

function unsafeName(place: number): DocumentRefused {
  return new DocumentRefused("unsafe-name", `entry ${place} of the archive has an unsafe name`);
}

function refuseSpecialFile(record: Entry, name: string, place: number): void {
  const folder = name.endsWith("/");
  const attributes = record.externalFileAttributes;
  const type = (attributes >>> 16) & typeMask;
  // Info-ZIP calls what it reads from a pipe `-`, and gives it the type of the pipe.
  const piped = type === pipeType && name === "-";
  const special = type !== 0 && type !== regularType && type !== folderType && !piped;
  const folderByAttribute = type === folderType || (attributes & dosFolder) !== 0;
  const label = (attributes & dosVolumeLabel) !== 0;
  // Deflate needs two bytes for an empty content.
  const filledFolder = folder && (record.uncompressedSize !== 0 || record.compressedSize > 2);
  if (special || label || filledFolder || (folderByAttribute && !folder)) {
    throw new DocumentRefused("special-file", `entry ${place} of the archive is neither a file nor an empty folder`);
  }
}

function refuseSize(record: Entry, place: number, limits: DocumentLimits): void {
  const { compressedSize, uncompressedSize } = record;
  if (uncompressedSize > limits.documentBytes) {
    throw new DocumentRefused(
      "document-too-large",
      `entry ${place} of the archive has ${uncompressedSize} bytes, more than ${limits.documentBytes}`,
    );
  }
  if (uncompressedSize > limits.ratioFreeBytes && uncompressedSize > limits.ratio * compressedSize) {
    throw new DocumentRefused(
      "ratio-too-high",
      `entry ${place} of the archive inflates to more than ${limits.ratio} times its compressed size`,
    );
  }
}
