import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";

/** What was downloaded, as a file below /tmp. */
export interface SpooledAnswer {
  file: string;
  remove: () => Promise<void>;
}

/**
 * Keeps an answer in a file of its own, readable by nobody else. Where that fails, nothing of it stays.
 * @throws DocumentRefused (archive-too-large) as soon as more than `mostBytes` came; whatever `chunks` throws
 */
export async function spooledAnswer(chunks: AsyncIterable<Buffer>, mostBytes: number): Promise<SpooledAnswer> {
  const folder = await mkdtemp(join(tmpdir(), "integra-bridge-answer-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  const file = join(folder, "answer");
  try {
    await pipeline(Readable.from(bounded(chunks, mostBytes)), createWriteStream(file, { mode: 0o600 }));
    return { file, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function* bounded(chunks: AsyncIterable<Buffer>, mostBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > mostBytes)
      throw new DocumentRefused("archive-too-large", `the answer has more than ${mostBytes} bytes`);
    yield chunk;
  }
}
