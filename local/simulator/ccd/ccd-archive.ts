import { crc32, deflateRawSync } from "node:zlib";
import { Zip, type ZipInputFile, type Zippable, zipSync } from "fflate";
import type { CcdDocument } from "#local/simulator/ccd/ccd-documents.ts";

/** One entry of a ZIP. Two entries may have the same name. */
export interface ZipEntry {
  readonly name: string;
  readonly content: Buffer;
  /** Local time. It is fixed, so that the bytes do not depend on the clock. */
  readonly modified: Date;
}

/** APPNOTE 4.4.5. */
const DEFLATED = 8;

/** The ZIP of a request's documents. Without documents it has no entries. */
export function ccdArchive(
  documents: readonly CcdDocument[],
  { ccdZipSizes }: { readonly ccdZipSizes: "data-descriptors" | "headers" },
): Buffer {
  return ccdZipSizes === "headers" ? zipWithSizes(documents) : streamedZip(documents.map(zipEntryOf));
}

/** The ZIP entry of a document. */
export function zipEntryOf({ fileName, xml, modified }: CcdDocument): ZipEntry {
  return { name: fileName, content: Buffer.from(xml), modified };
}

/** A ZIP whose local headers have the sizes. The names must differ. */
export function zipWithSizes(documents: readonly CcdDocument[]): Buffer {
  const files: Zippable = {};
  for (const { fileName, xml, modified } of documents) files[fileName] = [Buffer.from(xml), { mtime: modified }];
  return Buffer.from(zipSync(files));
}

/** A ZIP as java.util.zip.ZipOutputStream streams it: sizes and checksums come after each entry's content. */
export function streamedZip(entries: readonly ZipEntry[]): Buffer {
  const written: Uint8Array[] = [];
  const zip = new Zip((error, chunk) => {
    if (error !== null) throw error;
    written.push(chunk);
  });
  for (const { name, content, modified } of entries) {
    const file: ZipInputFile = {
      filename: name,
      size: content.length,
      crc: crc32(content),
      compression: DEFLATED,
      mtime: modified,
    };
    // Node's own zlib makes a bomb in a tenth of fflate's time. `zip.add` has set `ondata`.
    zip.add(file);
    file.ondata?.(null, deflateRawSync(content), true);
  }
  zip.end();
  return Buffer.concat(written);
}
