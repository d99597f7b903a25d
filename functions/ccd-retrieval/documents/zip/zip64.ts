import type { ExtraField } from "yauzl";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";

/*
 * ZIP64 writes a number again, in 64 bits. Python, Info-ZIP and others do so for small archives too, if they write to a pipe or
 * an option says so. If both numbers agree, or the first one is the marker that points to the second, the number is clear.
 * Everything else is refused.
 *
 * Source: APPNOTE.TXT 6.3.10, sections 4.3.14, 4.3.15 and 4.5.3.
 */

/** An extra field with the numbers of an entry. */
const extraFieldId = 0x0001;
/** In a field of 16 or 32 bits: the number is in ZIP64's record. */
const marker16 = 0xffff;
const marker32 = 0xffffffff;

const bytesOfNumber = 8;
const bytesOfDisk = 4;

/**
 * Reads the numbers of a header, given in the order of ZIP64's extra field: size, compressed size and, in the central directory,
 * the offset of the local header.
 *
 * @param unknown whether a 0 means that the number follows the content, as in a local header before a data descriptor
 * @returns the numbers, each from the extra field if the header has the marker
 * @throws DocumentRefused zip64 if the extra field can be read in two ways
 */
export function readZip64Numbers(
  numbers: readonly number[],
  extraFields: readonly ExtraField[],
  place: number,
  unknown = false,
): number[] {
  const [field, ...others] = extraFields.filter(({ id }) => id === extraFieldId);
  if (field === undefined) return [...numbers];
  const given = others.length === 0 ? numbersOf(field.data) : undefined;
  const marked = numbers.filter((number) => number === marker32).length;
  const marksComeFirst = numbers.slice(0, marked).every((number) => number === marker32);
  if (given === undefined || given.length < marked || given.length > numbers.length) throw contradicts(place);
  if (given.length === marked) return fill(numbers, given);
  // The standard lists marked numbers only. If a writer lists all, only these positions have one reading.
  const isRepetition = given.every((value, at) => {
    const number = numbers[at];
    return number === marker32 || number === value || (unknown && number === 0);
  });
  if (!marksComeFirst || !isRepetition) throw contradicts(place);
  return numbers.map((number, at) => given[at] ?? number);
}

/** Puts the given numbers in the places of the markers. */
function fill(numbers: readonly number[], given: readonly number[]): number[] {
  const left = [...given];
  return numbers.map((number) => (number === marker32 ? (left.shift() ?? number) : number));
}

/** The numbers of an extra field; undefined if it holds anything else. The number of a disk may follow: 0, as there is only one. */
function numbersOf(data: Buffer): number[] | undefined {
  const count = Math.floor(data.length / bytesOfNumber);
  const rest = data.subarray(count * bytesOfNumber);
  if (rest.length !== 0 && !(rest.length === bytesOfDisk && rest.readUInt32LE(0) === 0)) return undefined;
  const numbers = Array.from({ length: count }, (_, at) => Number(data.readBigUInt64LE(at * bytesOfNumber)));
  return numbers.every(Number.isSafeInteger) ? numbers : undefined;
}

/** The numbers of the end of central directory record, or of ZIP64's. */
export interface EndNumbers {
  disk: number;
  directoryDisk: number;
  entriesHere: number;
  entries: number;
  bytes: number;
  start: number;
}

export const zip64LocatorBytes = 20;
const locatorSignature = 0x07064b50;
export const zip64RecordBytes = 56;
const recordSignature = 0x06064b50;

/** Whether the bytes before an end record are ZIP64's locator. */
export function isZip64Locator(bytes: Buffer): boolean {
  return bytes.length === zip64LocatorBytes && bytes.readUInt32LE(0) === locatorSignature;
}

/** Whether an end record points to a ZIP64 record. */
export function hasZip64Marker({ entriesHere, entries, bytes, start }: EndNumbers): boolean {
  return entriesHere === marker16 || entries === marker16 || bytes === marker32 || start === marker32;
}

/**
 * Reads ZIP64's end record, which stands right before its locator, and compares it with the ordinary one.
 *
 * @param recordStart where the record must stand: its own length before its locator
 * @throws DocumentRefused zip64
 */
export function readZip64End(record: Buffer, locator: Buffer, recordStart: number, ordinary: EndNumbers): EndNumbers {
  const number = (at: number): number => Number(record.readBigUInt64LE(at));
  const isRecord =
    record.readUInt32LE(0) === recordSignature &&
    number(4) === zip64RecordBytes - 12 &&
    locator.readUInt32LE(4) === 0 &&
    Number(locator.readBigUInt64LE(8)) === recordStart &&
    locator.readUInt32LE(16) <= 1;
  const end: EndNumbers = {
    disk: record.readUInt32LE(16),
    directoryDisk: record.readUInt32LE(20),
    entriesHere: number(24),
    entries: number(32),
    bytes: number(40),
    start: number(48),
  };
  const agree =
    agrees(ordinary.disk, end.disk, marker16) &&
    agrees(ordinary.directoryDisk, end.directoryDisk, marker16) &&
    agrees(ordinary.entriesHere, end.entriesHere, marker16) &&
    agrees(ordinary.entries, end.entries, marker16) &&
    agrees(ordinary.bytes, end.bytes, marker32) &&
    agrees(ordinary.start, end.start, marker32);
  if (!isRecord || !agree) throw endContradicts();
  return end;
}

function contradicts(place: number): DocumentRefused {
  return new DocumentRefused("zip64", `the ZIP64 numbers of entry ${place} of the archive can be read in two ways`);
}

/** The fault of an archive that has no ZIP64 record where it must be, or a record that differs from the ordinary one. */
export function endContradicts(): DocumentRefused {
  return new DocumentRefused(
    "zip64",
    "the archive's end in the ZIP64 format is missing, or contradicts its ordinary end",
  );
}

/** Whether a field of the ordinary record is the marker, or has the same value. */
const agrees = (one: number, other: number, marker: number): boolean => one === marker || one === other;
