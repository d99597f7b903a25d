import { crc32 } from "node:zlib";
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { crc32Text } from "#platform/bucket/crc32-text.ts";
import { chunkGarbage } from "./chunk-garbage.ts";
import { combineCrc32 } from "./combine-crc32.ts";
import type { PartMemory } from "./part-memory.ts";

/** How an object is written. */
export interface Staging {
  contentType: string;
  /** An object of at most this many bytes is written with one request. It is the size of a larger object's first part. */
  putBytes: number;
  /** The size of the further parts. */
  partBytes: number;
  /** Where the parts get their memory. Several objects may share it. */
  memory: PartMemory;
  signal?: AbortSignal | undefined;
  /** Called if S3 refuses an abort. The upload then stays until the bucket's lifecycle rule removes it. */
  onAbortFailed: (error: unknown) => void;
}

interface Upload {
  Bucket: string;
  Key: string;
  UploadId: string | undefined;
}

/** An object of at most this share of `putBytes` is small: it gives its part back before it becomes visible, for the next object. */
const smallShare = 1 / 16;
/** One more part is in memory: the one that is being filled. */
const mostPartsSending = 2;

/** All objects of the process leave their chunks to the same garbage collector. */
const countGarbage = chunkGarbage();

/**
 * An object that is being written to S3. It is not visible before `publish`, and `discard` removes all of it. S3 checks
 * the stored bytes against the CRC-32 of each part and of the whole object.
 *
 * All methods except `discard` throw the errors of S3. After an error, only `discard` may be called.
 */
export class StagedObject {
  readonly #s3: S3Client;
  readonly #target: { Bucket: string; Key: string };
  readonly #staging: Staging;
  /** The part that is being filled: its memory, the number of bytes in it, and their CRC-32. */
  #part: Buffer;
  #filled = 0;
  #partCrc = 0;
  /** The memory of parts that were sent, for use by the next parts. */
  readonly #freeParts: Buffer[] = [];
  /** The number of bytes in all parts before the current one, and their CRC-32. */
  #bytesBefore = 0;
  #crcBefore = 0;
  #upload: Upload | undefined;
  readonly #sending = new Set<Promise<void>>();
  readonly #sentParts: CompletedPart[] = [];
  #partNumber = 0;

  constructor(s3: S3Client, bucket: string, key: string, staging: Staging) {
    this.#s3 = s3;
    this.#target = { Bucket: bucket, Key: key };
    this.#staging = staging;
    this.#part = staging.memory.take(staging.putBytes);
  }

  /** The number of bytes that were written so far. */
  get bytes(): number {
    return this.#bytesBefore + this.#filled;
  }

  /** The CRC-32 of all bytes that were written so far, as S3 writes it. */
  get crc32(): string {
    return crc32Text(this.#crc);
  }

  /** Copies the next piece. Waits while too many parts are being sent. */
  async write(chunk: Buffer): Promise<void> {
    for (let rest = chunk; rest.length > 0; ) {
      if (this.#filled === this.#capacity) await this.#sendPart();
      const piece = rest.subarray(0, this.#capacity - this.#filled);
      piece.copy(this.#part, this.#filled);
      this.#filled += piece.length;
      this.#partCrc = crc32(piece, this.#partCrc);
      rest = rest.subarray(piece.length);
    }
    countGarbage(chunk.length);
  }

  /**
   * Makes the object visible. If its key already has an object, S3 answers 412. `beforeVisible` is called right before; if it
   * throws, the object does not become visible. The memory of a large object is given back only here: a request that failed may still use it.
   */
  async publish(beforeVisible: (isSmall: boolean) => Promise<void>): Promise<void> {
    if (this.#upload === undefined && this.#filled <= this.#staging.putBytes * smallShare) {
      const body = Buffer.from(this.#part.subarray(0, this.#filled));
      this.#staging.memory.giveBack(this.#part);
      await beforeVisible(true);
      await this.#put(body);
      return;
    }
    if (this.#upload === undefined) {
      await beforeVisible(false);
      await this.#put(this.#part.subarray(0, this.#filled));
    } else {
      await this.#sendPart();
      await Promise.all(this.#sending);
      await beforeVisible(false);
      await this.#complete(this.#upload);
    }
    for (const part of [this.#part, ...this.#freeParts]) this.#staging.memory.giveBack(part);
  }

  /** Removes the parts that were sent. Does not throw: `onAbortFailed` gets an error of S3. */
  async discard(): Promise<void> {
    if (this.#upload === undefined) return;
    // S3 would keep a part that arrives after the abort, and charge for it, until the lifecycle rule removes it.
    await Promise.allSettled(this.#sending);
    await this.#s3.send(new AbortMultipartUploadCommand(this.#upload)).catch(this.#staging.onAbortFailed);
  }

  get #crc(): number {
    return combineCrc32(this.#crcBefore, this.#partCrc, this.#filled);
  }

  get #options(): { abortSignal?: AbortSignal } {
    return this.#staging.signal === undefined ? {} : { abortSignal: this.#staging.signal };
  }

  /** The number of bytes that the current part may have. */
  get #capacity(): number {
    return this.#upload === undefined ? this.#staging.putBytes : this.#staging.partBytes;
  }

  async #put(body: Buffer): Promise<void> {
    const command = new PutObjectCommand({
      ...this.#target,
      Body: body,
      ContentType: this.#staging.contentType,
      ChecksumCRC32: this.crc32,
      IfNoneMatch: "*",
    });
    command.middlewareStack.add(unsignedBody, { step: "build" });
    await this.#s3.send(command, this.#options);
  }

  async #create(): Promise<Upload> {
    const command = new CreateMultipartUploadCommand({
      ...this.#target,
      ContentType: this.#staging.contentType,
      ChecksumAlgorithm: "CRC32",
      ChecksumType: "FULL_OBJECT",
    });
    const { UploadId } = await this.#s3.send(command, this.#options);
    return { ...this.#target, UploadId };
  }

  async #sendPart(): Promise<void> {
    this.#upload ??= await this.#create();
    while (this.#sending.size >= mostPartsSending) await Promise.race(this.#sending);
    const sending = this.#send(this.#upload, this.#part, this.#filled, this.#partCrc);
    this.#sending.add(sending);
    // A part that fails stays in the set, so the race or the end of the upload throws its error.
    sending.then(
      () => this.#sending.delete(sending),
      () => undefined,
    );
    this.#crcBefore = this.#crc;
    this.#bytesBefore += this.#filled;
    this.#part = this.#freeParts.pop() ?? this.#staging.memory.take(this.#staging.partBytes);
    this.#filled = 0;
    this.#partCrc = 0;
  }

  async #send(upload: Upload, part: Buffer, length: number, crc: number): Promise<void> {
    this.#partNumber += 1;
    const place = { PartNumber: this.#partNumber, ChecksumCRC32: crc32Text(crc) };
    const command = new UploadPartCommand({ ...upload, ...place, Body: part.subarray(0, length) });
    command.middlewareStack.add(unsignedBody, { step: "build" });
    const { ETag } = await this.#s3.send(command, this.#options);
    this.#sentParts.push({ ...place, ETag });
    this.#freeParts.push(part);
  }

  async #complete(upload: Upload): Promise<void> {
    const command = new CompleteMultipartUploadCommand({
      ...upload,
      MultipartUpload: { Parts: this.#sentParts.toSorted((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0)) },
      ChecksumCRC32: this.crc32,
      ChecksumType: "FULL_OBJECT",
      MpuObjectSize: this.bytes,
      IfNoneMatch: "*",
    });
    await this.#s3.send(command, this.#options);
  }
}

/**
 * Middleware that leaves the body out of the request's signature. S3 checks the body against its CRC-32, which is
 * signed, and TLS protects it in transit. Its SHA-256 would prove nothing more, and would take longer than sending it.
 */
const unsignedBody =
  <Arguments extends { request: unknown }, Result>(next: (args: Arguments) => Result) =>
  (args: Arguments): Result => {
    if (hasHeaders(args.request)) args.request.headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD";
    return next(args);
  };

function hasHeaders(request: unknown): request is { headers: Record<string, string> } {
  return typeof request === "object" && request !== null && "headers" in request;
}
