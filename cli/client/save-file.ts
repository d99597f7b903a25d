import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import { crc32Text } from "#platform/bucket/crc32-text.ts";
import { CommandFailed } from "../output/command-failed.ts";
import { exitCodes } from "../output/exit-codes.ts";
import type { ApiClient } from "./api-client.ts";

/** What is known of a file before it is read. */
export interface ExpectedFile {
  bytes?: number | undefined;
  /** CRC-32 in Base64, as S3 writes it. */
  checksum?: string | undefined;
  /** Gets the size of each piece that arrived. */
  onBytes?: (bytes: number) => void;
}

/**
 * Reads a file of the API: the answer itself, or what its redirect leads to. The redirect is a link that is signed already, so it is read
 * without credentials.
 */
export async function readLinked(
  api: ApiClient,
  call: { path: string; accept?: string },
  signal: AbortSignal,
): Promise<Response> {
  const headers = call.accept === undefined ? {} : { accept: call.accept };
  const answer = await api.send({ path: call.path, headers });
  const location = answer.headers.get("location");
  if (location === null) return answer;
  await answer.body?.cancel();
  const linked = await fetch(location, { signal });
  if (linked.ok) return linked;
  await linked.body?.cancel();
  throw new CommandFailed(`the link of the API answered ${linked.status}`, { exitCode: exitCodes.unavailable });
}

/**
 * Saves a file that only its owner can read. It gets its name when it is whole.
 * @returns its size in bytes
 * @throws CommandFailed if it is not whole. Nothing is left behind
 */
export async function saveFile(
  answer: Response,
  path: string,
  expected: ExpectedFile,
  signal: AbortSignal,
): Promise<number> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const part = `${path}.part`;
  const counted = counting(expected.onBytes);
  try {
    const content = Readable.from(answer.body ?? []);
    await pipeline(content, counted.stream, createWriteStream(part, { mode: 0o600 }), { signal });
    requireWhole(path, counted.seen(), expected);
    await rename(part, path);
    return counted.seen().bytes;
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** Whether a file was saved before and is whole. */
export async function isSaved(
  path: string,
  expected: Required<Pick<ExpectedFile, "bytes" | "checksum">>,
): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size !== expected.bytes) return false;
  let checksum = 0;
  for await (const chunk of createReadStream(path)) checksum = crc32(chunk as Buffer, checksum);
  return crc32Text(checksum) === expected.checksum;
}

interface SeenFile {
  bytes: number;
  checksum: string;
}

function counting(onBytes: ExpectedFile["onBytes"]): { stream: Transform; seen: () => SeenFile } {
  let checksum = 0;
  let bytes = 0;
  const stream = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      checksum = crc32(chunk, checksum);
      bytes += chunk.length;
      onBytes?.(chunk.length);
      done(null, chunk);
    },
  });
  return { stream, seen: () => ({ bytes, checksum: crc32Text(checksum) }) };
}

function requireWhole(path: string, { bytes, checksum }: SeenFile, expected: ExpectedFile): void {
  const action = "run the command again";
  if (expected.bytes !== undefined && expected.bytes !== bytes)
    throw new CommandFailed(`${path} has ${bytes} bytes instead of ${expected.bytes}`, { action });
  if (expected.checksum !== undefined && expected.checksum !== checksum)
    throw new CommandFailed(`${path} does not have the checksum that the API names`, { action });
}
