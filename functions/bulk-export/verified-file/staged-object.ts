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
import { crc32Text, joinedCrc32 } from "./crc32.ts";

export interface Staging {
  contentType: string;
  /** An object of at most so many bytes is written at once, a larger one in parts of this size. */
  partBytes: number;
  signal?: AbortSignal | undefined;
  /** Hears of an abort that S3 refused: the upload stays behind then, for the bucket's lifecycle rule. */
  onAbandoned: (error: unknown) => void;
}

interface Upload {
  Bucket: string;
  Key: string;
  UploadId: string | undefined;
}

/** With the part that is being filled, one more is in memory. */
const partsInFlight = 2;

/**
 * An object on its way into S3. Nobody sees it before `publish`, and nothing of it stays after `discard`. S3 checks what
 * it stores against the CRC-32 of what was written, each part's and the whole object's.
 *
 * All methods but `discard` throw what S3 throws; after that, only `discard` may follow.
 */
export class StagedObject {
  readonly #s3: S3Client;
  readonly #target: { Bucket: string; Key: string };
  readonly #staging: Staging;
  /** The part that is being filled: its memory, how much of it is filled, and the CRC-32 of that. */
  #part: Buffer = Buffer.allocUnsafeSlow(0);
  #filled = 0;
  #partCrc = 0;
  /** The memory of parts that have arrived. */
  readonly #free: Buffer[] = [];
  /** Bytes and CRC-32 of all parts before the present one. */
  #bytesBefore = 0;
  #crcBefore = 0;
  #upload: Upload | undefined;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #arrived: CompletedPart[] = [];
  #partNumber = 0;

  constructor(s3: S3Client, bucket: string, key: string, staging: Staging) {
    this.#s3 = s3;
    this.#target = { Bucket: bucket, Key: key };
    this.#staging = staging;
  }

  get bytes(): number {
    return this.#bytesBefore + this.#filled;
  }

  /** Of all that was written so far, as S3 writes it. */
  get crc32(): string {
    return crc32Text(this.#crc);
  }

  /** Takes a copy of the next piece; waits where too much is on its way. */
  async write(chunk: Buffer): Promise<void> {
    for (let rest = chunk; rest.length > 0; ) {
      if (this.#filled === this.#staging.partBytes) await this.#sendPart();
      const piece = rest.subarray(0, this.#staging.partBytes - this.#filled);
      this.#makeRoom(this.#filled + piece.length);
      piece.copy(this.#part, this.#filled);
      this.#filled += piece.length;
      this.#partCrc = crc32(piece, this.#partCrc);
      rest = rest.subarray(piece.length);
    }
  }

  /**
   * Makes the object visible, unless its key is taken: then S3 answers 412. `beforeVisible` is called right before, and
   * what it throws keeps the object from it.
   */
  async publish(beforeVisible: () => Promise<void>): Promise<void> {
    if (this.#upload === undefined) {
      await beforeVisible();
      await this.#put();
    } else {
      await this.#sendPart();
      await Promise.all(this.#inFlight);
      await beforeVisible();
      await this.#complete(this.#upload);
    }
  }

  async discard(): Promise<void> {
    if (this.#upload === undefined) return;
    // A part that arrives after the abort would be kept, and paid for, until the lifecycle rule finds it.
    await Promise.allSettled(this.#inFlight);
    await this.#s3.send(new AbortMultipartUploadCommand(this.#upload)).catch(this.#staging.onAbandoned);
  }

  get #crc(): number {
    return joinedCrc32(this.#crcBefore, this.#partCrc, this.#filled);
  }

  get #options(): { abortSignal?: AbortSignal } {
    return this.#staging.signal === undefined ? {} : { abortSignal: this.#staging.signal };
  }

  /** Most files are small: memory grows with what comes, up to that of a part. */
  #makeRoom(needed: number): void {
    if (needed <= this.#part.length) return;
    const room = Math.min(Math.max(needed, 2 * this.#part.length), this.#staging.partBytes);
    const larger = Buffer.allocUnsafeSlow(room);
    this.#part.copy(larger, 0, 0, this.#filled);
    this.#part = larger;
  }

  async #put(): Promise<void> {
    const command = new PutObjectCommand({
      ...this.#target,
      Body: this.#part.subarray(0, this.#filled),
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
    while (this.#inFlight.size >= partsInFlight) await Promise.race(this.#inFlight);
    const sending = this.#send(this.#upload, this.#part, this.#filled, this.#partCrc);
    this.#inFlight.add(sending);
    // A failure surfaces at the race or at the end; this only keeps the set honest.
    sending.then(
      () => this.#inFlight.delete(sending),
      () => undefined,
    );
    this.#crcBefore = this.#crc;
    this.#bytesBefore += this.#filled;
    this.#part = this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#staging.partBytes);
    this.#filled = 0;
    this.#partCrc = 0;
  }

  async #send(upload: Upload, part: Buffer, length: number, crc: number): Promise<void> {
    this.#partNumber += 1;
    const place = { PartNumber: this.#partNumber, ChecksumCRC32: crc32Text(crc) };
    const command = new UploadPartCommand({ ...upload, ...place, Body: part.subarray(0, length) });
    command.middlewareStack.add(unsignedBody, { step: "build" });
    const { ETag } = await this.#s3.send(command, this.#options);
    this.#arrived.push({ ...place, ETag });
    this.#free.push(part);
  }

  async #complete(upload: Upload): Promise<void> {
    const command = new CompleteMultipartUploadCommand({
      ...upload,
      MultipartUpload: { Parts: this.#arrived.toSorted((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0)) },
      ChecksumCRC32: this.crc32,
      ChecksumType: "FULL_OBJECT",
      MpuObjectSize: this.bytes,
      IfNoneMatch: "*",
    });
    await this.#s3.send(command, this.#options);
  }
}

/**
 * Middleware that keeps the body out of the request's signature. S3 checks it against its CRC-32, which is signed, and
 * TLS protects it on its way: its SHA-256 would tell nothing more, and cost more time than sending it.
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
