import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { FileCut, FileDamaged } from "#platform/faults/file-faults.ts";
import { contentLength, type HttpAnswer, networkErrorCode } from "#platform/http/http.ts";

const chunkSize = 256 * 1024;

/**
 * The bytes of a file that travels gzipped. They are all there only if the gzip stream ends with its trailer, whose length
 * and CRC-32 zlib checks, and the body ends with it: further members are part of the file, anything else is not.
 *
 * Source: RFC 1952, 2.2 "File format", 2.3.1 "Member header and trailer".
 * @throws FileCut where the body ends too early, FileDamaged where it is no such stream
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
  // Its error is the one that `gunzip` throws to its reader.
  pipeline(wire, gunzip, () => undefined);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    throw gunzipFault(error, received);
  } finally {
    answer.body.destroy();
  }
  // zlib stops reading at what cannot be a further member, and takes the stream for ended.
  const behind = received - gunzip.bytesWritten;
  if (behind > 0) throw new FileDamaged(`the file has ${behind} bytes or more behind the end of its gzip stream`);
}

function gunzipFault(error: unknown, received: number): FileCut | FileDamaged {
  if (error instanceof FileCut) return error;
  const code = networkErrorCode(error);
  if (code === "Z_DATA_ERROR") return new FileDamaged("the file is no gzip stream, or a damaged one", { cause: error });
  return new FileCut(`the file broke off after ${received} bytes on the wire (${code})`, { cause: error });
}
