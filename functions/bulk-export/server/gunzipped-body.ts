import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { FileCut, FileDamaged } from "#platform/faults/file-faults.ts";
import { contentLength, type HttpAnswer, networkErrorCode } from "#platform/http/http.ts";

const chunkSize = 256 * 1024;

/**
 * Reads the body of a file that is sent with gzip. The file is whole if the gzip stream ends with its trailer, whose length and
 * CRC-32 zlib checks, and the body ends there. Further gzip members belong to the file; any other byte is damage.
 *
 * Source: RFC 1952, 2.2 "File format", 2.3.1 "Member header and trailer".
 * @throws FileCut if the body ends too early
 * @throws FileDamaged if the body is not a gzip stream, or is a damaged one
 */
export async function* gunzippedBody(answer: HttpAnswer): AsyncGenerator<Buffer> {
  const announced = contentLength(answer);
  let received = 0;
  const wire = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      received += chunk.length;
      yield chunk;
    }
    if (announced !== undefined && received !== announced) {
      throw new FileCut(`the file ended after ${received} of ${announced} bytes on the wire`);
    }
  };
  const gunzip = createGunzip({ chunkSize });
  // The callback needs no error: `gunzip` throws the same one to its reader.
  pipeline(wire, gunzip, () => undefined);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    throw gunzipFault(error, received);
  } finally {
    answer.body.destroy();
  }
  // At bytes that cannot begin a further member, zlib stops reading and ends the stream without an error.
  const behind = received - gunzip.bytesWritten;
  if (behind > 0) throw new FileDamaged(`the file has at least ${behind} bytes after the end of its gzip stream`);
}

function gunzipFault(error: unknown, received: number): FileCut | FileDamaged {
  if (error instanceof FileCut) return error;
  const code = networkErrorCode(error);
  if (code === "Z_DATA_ERROR")
    return new FileDamaged("the file is not a gzip stream, or a damaged one", { cause: error });
  return new FileCut(`the file broke off after ${received} bytes on the wire (${code})`, { cause: error });
}
