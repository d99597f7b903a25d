import { pipeline } from "node:stream";
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
  type Gunzip,
} from "node:zlib";
import { FileCut, FileDamaged } from "#platform/faults/file-faults.ts";
import { type OpenedBody, wholenessOf } from "./body-wholeness.ts";
import { contentLength, type HttpAnswer } from "./http.ts";
import { networkErrorCode } from "./network-faults.ts";
import { type Coding, isGzip, isZlib, knownCodings } from "./reading/content-coding.ts";

const chunkSize = 256 * 1024;

/**
 * Opens a body of any size, and undoes its content codings as it arrives: gzip, deflate, br and zstd, stacked in any order. The
 * bridge asks for gzip or none, but a server or a proxy may send another one. The end of a coding proves that the body is whole:
 * a decoder does not end without it.
 *
 * A body that says gzip and plainly is none is taken as it is: something on the way has decoded it and left the header. The
 * same holds for an empty body.
 *
 * Source: RFC 9110, 8.4 "Content-Encoding" and 12.5.3 "Accept-Encoding"; RFC 1952, 2.2 and 2.3.1.
 * @param place what the answer is, for the fault
 * @throws CodingUnreadable at once, if one of the codings is not known
 * @throws FileCut if the body ends too early, here or while `chunks` is read
 * @throws FileDamaged, while `chunks` is read, if a coding is damaged, or other bytes follow its end
 */
export async function openDecodedBody(answer: HttpAnswer, place: string): Promise<OpenedBody> {
  const codings = codingsOf(answer, place);
  const wholeness = wholenessOf(answer);
  const wire = wireChunks(answer);
  if (codings.length === 0) return { chunks: wire, wholeness };
  const close = () => void answer.body.destroy();
  const { beginning, chunks } = await peek(wire, close);
  const isPlain = codings.length === 1 && codings[0] === "gzip" && beginsPlain(beginning);
  if (isPlain || (beginning.length === 0 && wholeness !== "unproven")) return { chunks, wholeness };
  const decoded = codings.toReversed().reduce((source, coding) => decode(source, coding, close), chunks);
  return { chunks: decoded, wholeness: "coding" };
}

function codingsOf(answer: HttpAnswer, place: string): Coding[] {
  try {
    return knownCodings(answer.headers["content-encoding"], place);
  } catch (fault) {
    answer.body.destroy();
    throw fault;
  }
}

/** The bytes on the wire. undici checks a Content-Length as well, but not every HTTP of a test does. */
async function* wireChunks(answer: HttpAnswer): AsyncGenerator<Buffer> {
  const announced = contentLength(answer);
  let received = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      received += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw new FileCut(`the file broke off after ${received} bytes on the wire (${networkErrorCode(error)})`, {
      cause: error,
    });
  } finally {
    answer.body.destroy();
  }
  if (announced !== undefined && received !== announced)
    throw new FileCut(`the file ended after ${received} of ${announced} bytes on the wire`);
}

/** Enough for the first bytes of a coding. */
const peekBytes = 4;

interface Peeked {
  beginning: Buffer;
  /** The whole source, with its beginning. */
  chunks: AsyncGenerator<Buffer>;
}

/** @param close ends the source if the chunks are not read to their end */
async function peek(source: AsyncGenerator<Buffer>, close: () => void): Promise<Peeked> {
  let beginning = Buffer.alloc(0);
  while (beginning.length < peekBytes) {
    const next = await source.next();
    if (next.done === true) break;
    beginning = Buffer.concat([beginning, next.value]);
  }
  return { beginning, chunks: joinChunks(beginning, source, close) };
}

async function* joinChunks(beginning: Buffer, rest: AsyncGenerator<Buffer>, close: () => void): AsyncGenerator<Buffer> {
  try {
    if (beginning.length > 0) yield beginning;
    yield* rest;
  } finally {
    close();
  }
}

/** JSON, XML, or a ZIP, with or without a byte order mark: no coding begins like this. */
function beginsPlain(beginning: Buffer): boolean {
  return (
    !isGzip(beginning) &&
    /^(?:\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff|\s*[{<]|PK)/.test(beginning.toString("latin1"))
  );
}

async function* decode(source: AsyncGenerator<Buffer>, coding: Coding, close: () => void): AsyncGenerator<Buffer> {
  const { beginning, chunks } = await peek(source, close);
  let received = 0;
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      received += chunk.length;
      yield chunk;
    }
  };
  const decoder = decoders[coding](beginning);
  // The callback needs no error: the decoder throws the same one to its reader.
  pipeline(counted, decoder, () => undefined);
  try {
    yield* decoder as AsyncIterable<Buffer>;
  } catch (error) {
    throw decodingFault(error, coding, received);
  } finally {
    // The source may wait for the network, so it is not asked to return.
    close();
  }
  // At bytes that cannot continue the coding, zlib stops reading and ends the stream without an error.
  const behind = received - decoder.bytesWritten;
  if (behind > 0) throw new FileDamaged(`the file has at least ${behind} bytes after the end of its ${coding} stream`);
}

/** By the coding and, for deflate, by the first bytes: some servers send it without its frame. */
const decoders: Record<Coding, (beginning: Buffer) => Gunzip> = {
  gzip: () => createGunzip({ chunkSize }),
  deflate: (beginning) => (isZlib(beginning) ? createInflate({ chunkSize }) : createInflateRaw({ chunkSize })),
  br: () => createBrotliDecompress({ chunkSize }),
  zstd: () => createZstdDecompress({ chunkSize }),
};

/** How zlib, Brotli and Zstandard call damage. Every other error says that the stream ended early. */
const damage = /^(?:Z_DATA_ERROR|Z_NEED_DICT|ERR__ERROR_|ZSTD_error_)/;

function decodingFault(error: unknown, coding: Coding, received: number): FileCut | FileDamaged {
  if (error instanceof FileCut || error instanceof FileDamaged) return error;
  const code = networkErrorCode(error);
  if (damage.test(code))
    return new FileDamaged(`the file is not a ${coding} stream, or a damaged one`, { cause: error });
  return new FileCut(`the file broke off after ${received} bytes of its ${coding} stream (${code})`, { cause: error });
}
