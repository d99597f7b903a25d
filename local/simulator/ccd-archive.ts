import { Zip, ZipDeflate, type Zippable, zipSync } from "fflate";
import type { CcdDocument } from "#local/simulator/ccd-documents.ts";

/** One entry of a ZIP; two may have the same name. */
export interface ZipEntry {
  readonly name: string;
  /** Made while it is compressed, so that a large one needs no memory. */
  readonly parts: Iterable<Uint8Array>;
  /** Local time, without which bytes would depend on the clock. */
  readonly modified: Date;
}

/** The ZIP of a request's documents; without a document an archive without an entry. */
export function ccdArchive(
  documents: readonly CcdDocument[],
  { ccdZipSizes }: { readonly ccdZipSizes: "data-descriptors" | "headers" },
): Buffer {
  return ccdZipSizes === "headers" ? zipWithSizes(documents) : streamedZip(documents.map(zipEntryOf));
}

/** The entry that a document becomes. */
export function zipEntryOf({ fileName, xml, modified }: CcdDocument): ZipEntry {
  return { name: fileName, parts: [Buffer.from(xml)], modified };
}

/** A ZIP whose local headers have the sizes; names must differ. */
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
  for (const { name, parts, modified } of entries) {
    const file = new ZipDeflate(name, { level: 6 });
    file.mtime = modified;
    zip.add(file);
    for (const part of parts) file.push(part);
    file.push(new Uint8Array(), true);
  }
  zip.end();
  return Buffer.concat(written);
}
