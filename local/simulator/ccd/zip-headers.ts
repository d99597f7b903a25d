/** Offsets of the two headers of one ZIP entry (APPNOTE 4.3.7 and 4.3.12). */
export interface EntryHeaders {
  readonly local: number;
  readonly central: number;
}

const CENTRAL_SIGNATURE = 0x02014b50;
const END_SIGNATURE = 0x06054b50;
const END_LENGTH = 22;
const CENTRAL_LENGTH = 46;

/** Finds the headers of all entries. The archive must be one of the simulator's: without a comment and without ZIP64. */
export function entryHeaders(zip: Buffer): EntryHeaders[] {
  const end = zip.length - END_LENGTH;
  if (zip.readUInt32LE(end) !== END_SIGNATURE) throw new RangeError("the archive has no end of central directory");
  const found: EntryHeaders[] = [];
  let central = zip.readUInt32LE(end + 16);
  while (central < end && zip.readUInt32LE(central) === CENTRAL_SIGNATURE) {
    found.push({ central, local: zip.readUInt32LE(central + 42) });
    const variable = [28, 30, 32].map((field) => zip.readUInt16LE(central + field));
    central += CENTRAL_LENGTH + variable.reduce((sum, length) => sum + length, 0);
  }
  return found;
}

/** Sets bit 0 of the entry's general purpose flags in both headers: encrypted (APPNOTE 4.4.4). */
export function markEncrypted(zip: Buffer, { local, central }: EntryHeaders): void {
  for (const flags of [local + 6, central + 8]) zip.writeUInt16LE(zip.readUInt16LE(flags) | 1, flags);
}

/** Writes another uncompressed size into both headers (APPNOTE 4.4.9). */
export function claimSize(zip: Buffer, { local, central }: EntryHeaders, bytes: number): void {
  zip.writeUInt32LE(bytes, local + 22);
  zip.writeUInt32LE(bytes, central + 24);
}
