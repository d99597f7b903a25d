import { isUtf8 } from "node:buffer";
import { type Entry, type ExtraField, getFileNameLowLevel, validateFileName } from "yauzl";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import type { DocumentLimits } from "./limits.ts";

/** An entry of the central directory that keeps to the rules. Its sizes are claims until its content was read. */
export interface ListedEntry {
  /** Its place in the central directory, from 1. Messages name it by this number. */
  place: number;
  /** May name the patient: never to be logged. */
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
const zip64Field = 0x0001;
const strongEncryptionField = 0x0017;
const unicodePathField = 0x7075;
const aesField = 0x9901;

/** A file's type in the upper half of the external attributes, as Unix writes it; 0 where nothing is said. */
const typeMask = 0xf000;
const folderType = 0x4000;
const regularType = 0x8000;
/** The same in the lower half, as DOS writes it. */
const dosFolder = 0x10;
const dosVolumeLabel = 0x08;

const longestName = 512;

/**
 * Holds an entry of the central directory to the rules.
 *
 * @throws DocumentRefused encrypted, zip64, unsupported-method, unsafe-name, special-file,
 * document-too-large, ratio-too-high
 */
export function listedEntry(record: Entry, place: number, limits: DocumentLimits): ListedEntry {
  refuseUnreadable(record, record.extraFields, place);
  const name = nameOf(record, place);
  const folder = name.endsWith("/");
  refuseSpecialFile(record, folder, place);
  refuseSize(record, place, limits);
  return { place, name, folder, record };
}

/** What may not occur twice: names that some file system takes for the same. */
export function nameKey({ name }: ListedEntry): string {
  return name.replace(/\/$/, "").normalize("NFKC").toLowerCase();
}

/**
 * Refuses what a header, central or local, says cannot be read by Deflate alone.
 *
 * @throws DocumentRefused encrypted, zip64, unsupported-method
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
  if (has(zip64Field)) throw new DocumentRefused("zip64", `entry ${place} of the archive is in the ZIP64 format`);
  if (method !== stored && method !== deflated) {
    throw new DocumentRefused("unsupported-method", `entry ${place} of the archive is compressed by method ${method}`);
  }
}

function nameOf(record: Entry, place: number): string {
  const flags = record.generalPurposeBitFlag;
  const name = getFileNameLowLevel(flags, record.fileNameRaw, [], true);
  const segments = name.replace(/\/$/, "").split("/");
  const unsafe =
    validateFileName(name) !== null ||
    name.length > longestName ||
    // Code page 437 has signs for control characters, so it is the bytes that tell.
    record.fileNameRaw.some((byte) => byte < 0x20 || byte === 0x7f) ||
    /\p{Cc}/u.test(name) ||
    segments.some((segment) => segment === "" || segment === ".") ||
    ((flags & flag.utf8) !== 0 && !isUtf8(record.fileNameRaw)) ||
    // A second name, which other readers would prefer.
    record.extraFields.some(({ id }) => id === unicodePathField);
  if (unsafe) throw new DocumentRefused("unsafe-name", `entry ${place} of the archive has an unsafe name`);
  return name;
}

function refuseSpecialFile(record: Entry, folder: boolean, place: number): void {
  const attributes = record.externalFileAttributes;
  const type = (attributes >>> 16) & typeMask;
  const special = type !== 0 && type !== regularType && type !== folderType;
  const folderByAttribute = type === folderType || (attributes & dosFolder) !== 0;
  const label = (attributes & dosVolumeLabel) !== 0;
  // Deflate writes nothing in two bytes.
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
      `entry ${place} of the archive inflates to more than ${limits.ratio} times its size`,
    );
  }
}
