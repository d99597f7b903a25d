import { open } from "node:fs/promises";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";

/** A downloaded answer: a file (in a Lambda, below /tmp), or bytes that are in memory already. */
export type DownloadedAnswer = { readonly file: string } | { readonly bytes: Uint8Array };

/** Bytes that can be read from any position, in any order. */
export interface ByteSource {
  readonly size: number;
  /**
   * Reads `length` bytes from `start`.
   * @throws DocumentRefused (truncated) if the source ends before that
   */
  read(start: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

const chunkBytes = 64 * 1024;

/** Opens a downloaded answer. Throws the file system's errors. */
export async function openSource(answer: DownloadedAnswer): Promise<ByteSource> {
  return "file" in answer ? await openFile(answer.file) : openBytes(answer.bytes);
}

/** Reads the bytes of [start, end), in chunks of at most 64 KiB. */
export async function* readChunks(source: ByteSource, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end; at += chunkBytes) yield await source.read(at, Math.min(chunkBytes, end - at));
}

/** Reads chunks to their end, and keeps none. Throws the errors of `chunks`. */
export async function readToEnd(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of chunks);
}

async function openFile(path: string): Promise<ByteSource> {
  const handle = await open(path);
  const { size } = await handle.stat();
  return {
    size,
    read: async (start, length) => {
      const buffer = Buffer.allocUnsafe(length);
      for (let filled = 0; filled < length; ) {
        const { bytesRead } = await handle.read(buffer, filled, length - filled, start + filled);
        if (bytesRead === 0) throw endsTooEarly();
        filled += bytesRead;
      }
      return buffer;
    },
    close: () => handle.close(),
  };
}

function openBytes(bytes: Uint8Array): ByteSource {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    size: all.length,
    read: async (start, length) => {
      if (start + length > all.length) throw endsTooEarly();
      return all.subarray(start, start + length);
    },
    close: async () => undefined,
  };
}

function endsTooEarly(): DocumentRefused {
  return new DocumentRefused("truncated", "the answer ends earlier than its structure says");
}
