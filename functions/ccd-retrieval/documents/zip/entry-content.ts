import { pipeline } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";
import { type ByteSource, readChunks } from "#ccd-retrieval/documents/byte-source.ts";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import { stored } from "./entry-rules.ts";
import type { PackedFile } from "./layout-rules.ts";

const chunkBytes = 64 * 1024;

/**
 * Reads the content of a file of an archive, inflating it on the way. Inflation stops within two chunks of the announced size,
 * and no byte beyond that size is passed on. The content is proven only when the iteration has ended without an error.
 *
 * @throws DocumentRefused size-differs, checksum-differs, stray-bytes, nested-archive, content-damaged
 */
export async function* readEntryContent(source: ByteSource, file: PackedFile): AsyncGenerator<Buffer> {
  const packed = readChunks(source, file.start, file.end);
  const { compressionMethod, uncompressedSize, crc32: announced } = file.record;
  let bytes = 0;
  let checksum = 0;
  for await (const chunk of compressionMethod === stored ? packed : inflate(packed, file)) {
    if (bytes === 0) refuseNested(chunk, file.place);
    bytes += chunk.length;
    if (bytes > uncompressedSize) throw sizeDiffers(file);
    checksum = crc32(chunk, checksum);
    yield chunk;
  }
  if (bytes !== uncompressedSize) throw sizeDiffers(file);
  if (checksum !== announced) {
    throw new DocumentRefused(
      "checksum-differs",
      `entry ${file.place} of the archive does not have the CRC-32 announced`,
    );
  }
}

async function* inflate(packed: AsyncIterable<Buffer>, file: PackedFile): AsyncGenerator<Buffer> {
  const inflater = createInflateRaw({ chunkSize: chunkBytes });
  // The iteration below throws the same error.
  pipeline(packed, inflater, () => undefined);
  try {
    yield* inflater as AsyncIterable<Buffer>;
  } catch (error) {
    if (!isInflateError(error)) throw error;
    throw new DocumentRefused("content-damaged", `entry ${file.place} of the archive cannot be inflated`, {
      cause: error,
    });
  }
  // The inflater ignores bytes after the end of the Deflate stream.
  const unread = file.record.compressedSize - inflater.bytesWritten;
  if (unread > 0) {
    throw new DocumentRefused(
      "stray-bytes",
      `entry ${file.place} of the archive has ${unread} bytes after its content`,
    );
  }
}

function isInflateError(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("Z_");
}

function sizeDiffers({ place, record }: PackedFile): DocumentRefused {
  return new DocumentRefused(
    "size-differs",
    `entry ${place} of the archive does not have the ${record.uncompressedSize} bytes announced`,
  );
}

const archiveSignatures = [
  "504b0304",
  "504b0506",
  "504b0708",
  "1f8b",
  "377abcaf271c",
  "52617221",
  "fd377a58",
  "425a68",
  "28b52ffd",
].map((hex) => Buffer.from(hex, "hex"));
const tarSignature = Buffer.from("ustar");
const tarSignatureAt = 257;

/** Refuses ZIP, gzip, 7z, RAR, xz, bzip2, Zstandard and tar by their signatures, under any name. */
function refuseNested(start: Buffer, place: number): void {
  const nested =
    archiveSignatures.some((signature) => start.subarray(0, signature.length).equals(signature)) ||
    start.subarray(tarSignatureAt, tarSignatureAt + tarSignature.length).equals(tarSignature);
  if (nested) throw new DocumentRefused("nested-archive", `entry ${place} of the archive is an archive itself`);
}
