import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";

/** A downloaded answer in a file below /tmp. */
export interface SpooledAnswer {
  file: string;
  remove: () => Promise<void>;
}

/**
 * Writes an answer to a new file that only its owner can read. If that fails, the file is removed.
 * @throws DocumentRefused (archive-too-large) as soon as more than `maxBytes` have arrived
 * @throws the errors of `chunks` and of the file system
 */
export async function spoolAnswer(chunks: AsyncIterable<Buffer>, maxBytes: number): Promise<SpooledAnswer> {
  const folder = await mkdtemp(join(tmpdir(), "integra-bridge-answer-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  const file = join(folder, "answer");
  try {
    await pipeline(Readable.from(limitBytes(chunks, maxBytes)), createWriteStream(file, { mode: 0o600 }));
    return { file, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function* limitBytes(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new DocumentRefused("archive-too-large", `the answer has more than ${maxBytes} bytes`);
    yield chunk;
  }
}
