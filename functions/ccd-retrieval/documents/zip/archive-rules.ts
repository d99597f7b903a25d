import { callbackify } from "node:util";
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader } from "yauzl";
import type { ByteSource } from "#ccd-retrieval/documents/byte-source.ts";
import type { DocumentLimits } from "#ccd-retrieval/documents/limits.ts";
import { DocumentRefused, refusingFile } from "#ccd-retrieval/language/document-faults.ts";
import { type CentralDirectory, findCentralDirectory } from "./end-record-rules.ts";
import { checkEntry, type ListedEntry, nameKey, readName } from "./entry-rules.ts";
import { type PackedFile, walkEntries } from "./layout-rules.ts";
import { readZip64Numbers } from "./zip64.ts";

/**
 * Reads the structure of a ZIP archive, and refuses every archive that two programs could read differently. It inflates no
 * content: `entry-content.ts` checks the content while it is read.
 *
 * yauzl parses the records. The rules are ours, because yauzl reads whatever it can and leaves the judgement to its caller.
 * The rules are in this folder: of the end record, of the entries, of their layout, and of their content.
 * @returns the files in the order of the archive's directory, without its folders
 * @throws DocumentRefused
 */
export async function readArchive(source: ByteSource, limits: DocumentLimits): Promise<PackedFile[]> {
  const directory = await findCentralDirectory(source);
  if (directory.entries > limits.entries) {
    throw new DocumentRefused(
      "too-many-entries",
      `the archive has ${directory.entries} entries, more than ${limits.entries}`,
    );
  }
  const options = { autoClose: false, decodeStrings: false, validateEntrySizes: false };
  const zip = await refuseUnparsable(() =>
    fromRandomAccessReaderPromise(new YauzlReader(source), source.size, options),
  );
  const entries = await refuseUnparsable(() => listEntries(source, zip.eachEntry(), directory, limits));
  const packed = await refuseUnparsable(() => walkEntries(source, entries, directory.start, zip));
  const files = packed.filter(({ folder }) => !folder);
  if (files.length === 0) throw new DocumentRefused("no-documents", "the archive holds no files");
  return files.toSorted((a, b) => a.place - b.place);
}

async function listEntries(
  source: ByteSource,
  entries: AsyncIterable<Entry>,
  directory: CentralDirectory,
  limits: DocumentLimits,
): Promise<ListedEntry[]> {
  const listed: ListedEntry[] = [];
  const names = new Set<string>();
  let directoryBytes = 0;
  let totalBytes = 0;
  for await (const entry of entries) {
    const place = listed.length + 1;
    const header = await source.read(directory.start + directoryBytes, centralHeaderBytes);
    const name = readName(entry.generalPurposeBitFlag, entry.fileNameRaw);
    listed.push(await refusingFile({ entry: place, name }, () => checkNext(entry, place, { header, names, limits })));
    directoryBytes += centralHeaderBytes + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
    totalBytes += entry.uncompressedSize;
    if (totalBytes > limits.totalBytes) {
      throw new DocumentRefused(
        "total-too-large",
        `the archive's documents have more than ${limits.totalBytes} bytes together`,
      );
    }
  }
  if (directoryBytes !== directory.end - directory.start) {
    throw new DocumentRefused(
      "malformed-archive",
      "the entries of the archive's directory do not fill the bytes that the archive announces for it",
    );
  }
  return listed;
}

function checkNext(
  entry: Entry,
  place: number,
  { header, names, limits }: { header: Buffer; names: Set<string>; limits: DocumentLimits },
): ListedEntry {
  // yauzl has taken the numbers of ZIP64 where the header has markers. Here they must have one reading.
  readZip64Numbers(
    [header.readUInt32LE(24), header.readUInt32LE(20), header.readUInt32LE(42)],
    entry.extraFields,
    place,
  );
  const next = checkEntry(entry, place, limits);
  const key = nameKey(next);
  if (names.has(key)) {
    throw new DocumentRefused("duplicate-name", `entry ${place} of the archive has the name of another entry`);
  }
  names.add(key);
  return next;
}

const centralHeaderBytes = 46;

/** Lets yauzl read records from a ByteSource. Contents are read without yauzl. */
class YauzlReader extends RandomAccessReader {
  override readonly read: RandomAccessReader["read"];

  constructor(source: ByteSource) {
    super();
    this.read = callbackify(async (target: Buffer, offset: number, length: number, position: number) => {
      (await source.read(position, length)).copy(target, offset);
    });
  }
}

/** Turns yauzl's error about a structure that it cannot read into a refusal. Other errors stay as they are. */
async function refuseUnparsable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DocumentRefused || !(error instanceof Error) || "code" in error) throw error;
    if (error.message.includes("strong encryption")) {
      throw new DocumentRefused("encrypted", "an entry of the archive is encrypted", { cause: error });
    }
    // yauzl's messages hold only numbers here, because it decodes no names.
    throw new DocumentRefused("malformed-archive", "the archive's structure cannot be read", { cause: error });
  }
}
