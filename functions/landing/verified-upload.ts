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
import { ObjectConflict } from "#contracts/file-faults.ts";
import { isPreconditionFailed, type LandingBucket } from "./landing-bucket.ts";
import { type Expectation, NdjsonVerifier, type VerifiedFile } from "./ndjson-verifier.ts";

/** What is needed to land one file. */
export interface UploadOptions {
  key: string;
  expected: Expectation;
  /** Called once the file is verified, right before it becomes visible. What it throws ends the upload. */
  beforeVisible: () => Promise<void>;
  signal?: AbortSignal | undefined;
}

/** Lands a stream of NDJSON under a key, whole or not at all. */
export type UploadVerified = (chunks: AsyncIterable<Buffer>, options: UploadOptions) => Promise<VerifiedFile>;

/** S3 takes at most 10,000 parts: 16 MiB each allow files of 156 GiB. */
const defaultPartBytes = 16 * 1024 * 1024;
/** With the part that is being filled: at most 48 MiB of a file in memory. */
const partsInFlight = 2;

const contentType = "application/fhir+ndjson";

/**
 * Lands files in the bucket. A file becomes visible only after its bytes, lines, last record and CRC-32 are verified:
 * small ones by one PutObject, larger ones by CompleteMultipartUpload, both with `If-None-Match` and with the full-object
 * CRC-32, which S3 checks against what it stored. An upload that fails is aborted, so nothing of it stays.
 *
 * The returned function throws FileDamaged (from the verifier), ObjectConflict where another object has the key, and
 * whatever `chunks` or S3 throw. An equal object that is already there counts as landed: it is this file, from a try
 * that died before it could say so. `onAbandoned` hears of an abort that S3 refused: the upload stays behind then.
 */
export function verifiedUpload(
  s3: S3Client,
  bucket: LandingBucket,
  partBytes = defaultPartBytes,
  onAbandoned: (error: unknown) => void = () => undefined,
): UploadVerified {
  return async (chunks, options) => {
    const verifier = new NdjsonVerifier(options.expected);
    const parts = partsOf(chunks, verifier, partBytes);
    const first = await parts.next();
    const second = first.done ? first : await parts.next();
    try {
      if (second.done) return await putWhole(s3, bucket, first.value ?? [], verifier, options);
      const upload = new MultipartUpload(s3, bucket.name, options.key, onAbandoned);
      return await upload.run(rejoined([first.value ?? [], second.value], parts), verifier, options);
    } catch (error) {
      if (isPreconditionFailed(error)) return await alreadyThere(bucket, options.key, verifier, error);
      throw error;
    } finally {
      // Closes the download where the upload ended first.
      await parts.return(undefined);
    }
  };
}

/** Cuts the stream into parts, each a list of chunks of `partBytes` in all; the last one may be shorter. */
async function* partsOf(
  chunks: AsyncIterable<Buffer>,
  verifier: NdjsonVerifier,
  partBytes: number,
): AsyncGenerator<Buffer[]> {
  let part: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    verifier.push(chunk);
    let rest = chunk;
    while (length + rest.length >= partBytes) {
      const piece = rest.subarray(0, partBytes - length);
      yield [...part, piece];
      rest = rest.subarray(piece.length);
      part = [];
      length = 0;
    }
    if (rest.length > 0) {
      part.push(rest);
      length += rest.length;
    }
  }
  if (length > 0) yield part;
}

async function* rejoined(head: Buffer[][], tail: AsyncIterable<Buffer[]>): AsyncGenerator<Buffer[]> {
  yield* head;
  yield* tail;
}

async function putWhole(
  s3: S3Client,
  bucket: LandingBucket,
  chunks: Buffer[],
  verifier: NdjsonVerifier,
  { key, beforeVisible, signal }: UploadOptions,
): Promise<VerifiedFile> {
  const verified = verifier.finish();
  await beforeVisible();
  await s3.send(
    new PutObjectCommand({
      Bucket: bucket.name,
      Key: key,
      Body: Buffer.concat(chunks),
      ContentType: contentType,
      ChecksumCRC32: verified.crc32,
      IfNoneMatch: "*",
    }),
    { ...(signal && { abortSignal: signal }) },
  );
  return verified;
}

class MultipartUpload {
  readonly #s3: S3Client;
  readonly #target: { Bucket: string; Key: string };
  readonly #onAbandoned: (error: unknown) => void;
  readonly #done: CompletedPart[] = [];
  readonly #inFlight = new Set<Promise<void>>();

  constructor(s3: S3Client, bucket: string, key: string, onAbandoned: (error: unknown) => void) {
    this.#s3 = s3;
    this.#target = { Bucket: bucket, Key: key };
    this.#onAbandoned = onAbandoned;
  }

  async run(parts: AsyncIterable<Buffer[]>, verifier: NdjsonVerifier, options: UploadOptions): Promise<VerifiedFile> {
    const created = await this.#s3.send(
      new CreateMultipartUploadCommand({
        ...this.#target,
        ContentType: contentType,
        ChecksumAlgorithm: "CRC32",
        ChecksumType: "FULL_OBJECT",
      }),
    );
    const upload = { ...this.#target, UploadId: created.UploadId };
    try {
      await this.#sendParts(parts, upload, options.signal);
      const verified = verifier.finish();
      await options.beforeVisible();
      await this.#s3.send(
        new CompleteMultipartUploadCommand({
          ...upload,
          MultipartUpload: { Parts: this.#done.toSorted((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0)) },
          ChecksumCRC32: verified.crc32,
          ChecksumType: "FULL_OBJECT",
          MpuObjectSize: verified.bytes,
          IfNoneMatch: "*",
        }),
      );
      return verified;
    } catch (error) {
      await this.#abort(upload);
      throw error;
    }
  }

  async #sendParts(parts: AsyncIterable<Buffer[]>, upload: object, signal: AbortSignal | undefined): Promise<void> {
    let number = 0;
    for await (const part of parts) {
      number += 1;
      while (this.#inFlight.size >= partsInFlight) await Promise.race(this.#inFlight);
      const sending = this.#sendPart({ ...this.#target, ...upload, PartNumber: number }, Buffer.concat(part), signal);
      this.#inFlight.add(sending);
      // The failure itself surfaces at the race or at the end; this only keeps the set honest.
      sending.then(
        () => this.#inFlight.delete(sending),
        () => undefined,
      );
    }
    await Promise.all(this.#inFlight);
  }

  async #sendPart(
    target: { Bucket: string; Key: string; PartNumber: number; UploadId?: string },
    body: Buffer,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32(body));
    const ChecksumCRC32 = crc.toString("base64");
    const sent = await this.#s3.send(
      new UploadPartCommand({ ...target, UploadId: target.UploadId, Body: body, ChecksumCRC32 }),
      { ...(signal && { abortSignal: signal }) },
    );
    this.#done.push({ PartNumber: target.PartNumber, ETag: sent.ETag, ChecksumCRC32 });
  }

  async #abort(upload: { Bucket: string; Key: string; UploadId: string | undefined }): Promise<void> {
    // A part that arrives after the abort would be kept, and paid for, until the lifecycle rule finds it.
    await Promise.allSettled(this.#inFlight);
    // What went wrong first is what counts; an upload that stays behind is the lifecycle rule's.
    await this.#s3.send(new AbortMultipartUploadCommand(upload)).catch(this.#onAbandoned);
  }
}

async function alreadyThere(
  bucket: LandingBucket,
  key: string,
  verifier: NdjsonVerifier,
  cause: unknown,
): Promise<VerifiedFile> {
  const verified = verifier.finish();
  const stored = await bucket.find(key);
  if (stored?.bytes === verified.bytes && stored.crc32 === verified.crc32) return verified;
  throw new ObjectConflict(`another object already stands at ${key}`, { cause });
}
