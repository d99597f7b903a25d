import { callbackify } from "node:util";
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader } from "yauzl";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import type { ByteSource } from "./byte-source.ts";
import type { DocumentLimits } from "./limits.ts";
import { type CentralDirectory, findCentralDirectory } from "./zip-end-record.ts";
import { type ListedEntry, listedEntry, nameKey } from "./zip-entry.ts";
import { type PackedFile, walkEntries } from "./zip-layout.ts";

/**
 * Reads the structure of a ZIP archive, and refuses every archive that two readers could read differently. No content is
 * inflated here: whether it is what the structure claims shows when it is read.
 *
 * yauzl parses the records; the rules are ours, as yauzl reads what it can and leaves judgement to its caller.
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
  const zip = await structural(() => fromRandomAccessReaderPromise(new YauzlReader(source), source.size, options));
  const entries = await structural(() => listEntries(zip.eachEntry(), directory, limits));
  const packed = await structural(() => walkEntries(source, entries, directory.start, zip));
  const files = packed.filter(({ folder }) => !folder);
  if (files.length === 0) throw new DocumentRefused("no-documents", "the archive holds no files");
  return files.toSorted((a, b) => a.place - b.place);
}

async function listEntries(
  entries: AsyncIterable<Entry>,
  directory: CentralDirectory,
  limits: DocumentLimits,
): Promise<ListedEntry[]> {
  const listed: ListedEntry[] = [];
  const names = new Set<string>();
  let directoryBytes = 0;
  let totalBytes = 0;
  for await (const entry of entries) {
    const next = listedEntry(entry, listed.length + 1, limits);
    const key = nameKey(next);
    if (names.has(key)) {
      throw new DocumentRefused("duplicate-name", `entry ${next.place} of the archive has the name of another entry`);
    }
    names.add(key);
    listed.push(next);
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
    throw new DocumentRefused("malformed-archive", "the archive's directory lists other entries than it counts");
  }
  return listed;
}

const centralHeaderBytes = 46;

/** yauzl's reader over ours. It only reads records through it: contents are read by their extents. */
class YauzlReader extends RandomAccessReader {
  override readonly read: RandomAccessReader["read"];

  constructor(source: ByteSource) {
    super();
    this.read = callbackify(async (target: Buffer, offset: number, length: number, position: number) => {
      (await source.read(position, length)).copy(target, offset);
    });
  }
}

/** What yauzl says of a structure that it cannot read, as a refusal. Errors of the system and refusals of ours pass. */
async function structural<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DocumentRefused || !(error instanceof Error) || "code" in error) throw error;
    if (error.message.includes("strong encryption")) {
      throw new DocumentRefused("encrypted", "an entry of the archive is encrypted", { cause: error });
    }
    // Its messages hold numbers only, since it decodes no names for us.
    throw new DocumentRefused("malformed-archive", "the archive's structure cannot be read", { cause: error });
  }
}
