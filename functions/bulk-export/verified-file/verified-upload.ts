import type { S3Client } from "@aws-sdk/client-s3";
import { isPreconditionFailed, type LandingBucket } from "#platform/bucket/landing-bucket.ts";
import { ObjectConflict } from "#platform/faults/file-faults.ts";
import { type Expectation, NdjsonVerifier, type Verdict } from "./ndjson-verifier.ts";
import { PartMemory } from "./part-memory.ts";
import { StagedObject, type Staging } from "./staged-object.ts";

/** A file that landed: its verified lines and bytes, and its CRC-32 as S3 writes it (base64, big-endian). */
export interface VerifiedFile extends Verdict {
  crc32: string;
}

/** How one file is to land. */
export interface UploadOptions {
  key: string;
  expected: Expectation;
  /**
   * Called after the file is verified, right before it becomes visible. If it throws, the file does not land. A file that `isSmall` takes
   * little memory while it waits, so the next one may begin.
   */
  beforeVisible: (isSmall: boolean) => Promise<void>;
  signal?: AbortSignal | undefined;
}

/** Lands a stream of NDJSON under a key, whole or not at all. */
export type UploadVerified = (chunks: AsyncIterable<Buffer>, options: UploadOptions) => Promise<VerifiedFile>;

/** `putBytes`: the most bytes that are sent with one request. `partBytes`: the size of the parts of a larger file, except the first. */
export type UploadSizes = Pick<Staging, "putBytes" | "partBytes">;

/**
 * S3 accepts at most 10,000 parts, so parts of 8 MiB allow files of 78 GiB. A file of at most 16 MiB needs one request instead of
 * four. Three parts of a file are in memory at a time, 32 MiB at most. The next file uses the same memory.
 */
export const defaultSizes: UploadSizes = { putBytes: 16 * 1024 * 1024, partBytes: 8 * 1024 * 1024 };

const contentType = "application/fhir+ndjson";

/**
 * Lands files in the bucket. A file becomes visible only after its lines, their number and its end are verified. A
 * small file becomes visible with one PutObject, a larger one with CompleteMultipartUpload. Both have `If-None-Match`
 * and the CRC-32 of the whole object, which S3 checks against the stored bytes. An upload that fails is aborted, so
 * none of its parts stays.
 *
 * The returned function throws FileDamaged if the verifier does, ObjectConflict if the key has another object, and the
 * errors of `chunks` and S3. If the key has an equal object, the file counts as landed: an earlier attempt wrote it and
 * ended before its receipt. `onAbortFailed` is called if S3 refuses an abort; the upload then stays until the bucket's
 * lifecycle rule removes it.
 */
export function verifiedUpload(
  s3: S3Client,
  bucket: LandingBucket,
  sizes = defaultSizes,
  onAbortFailed: (error: unknown) => void = () => undefined,
): UploadVerified {
  const memory = new PartMemory();
  return async (chunks, { key, expected, beforeVisible, signal }) => {
    const verifier = new NdjsonVerifier(expected);
    const object = new StagedObject(s3, bucket.name, key, { contentType, ...sizes, memory, signal, onAbortFailed });
    try {
      for await (const chunk of chunks) {
        verifier.push(chunk);
        await object.write(chunk);
      }
      const verdict = verifier.finish();
      await object.publish(beforeVisible);
      return { ...verdict, crc32: object.crc32 };
    } catch (error) {
      await object.discard();
      if (isPreconditionFailed(error)) return await acceptEqualObject(bucket, key, verifier, object, error);
      throw error;
    }
  };
}

async function acceptEqualObject(
  bucket: LandingBucket,
  key: string,
  verifier: NdjsonVerifier,
  { crc32 }: StagedObject,
  cause: unknown,
): Promise<VerifiedFile> {
  const verdict = verifier.finish();
  const stored = await bucket.find(key);
  if (stored?.bytes === verdict.bytes && stored.crc32 === crc32) return { ...verdict, crc32 };
  throw new ObjectConflict(`the key ${key} already has another object, which is not overwritten`, { cause });
}
