import type { S3Client } from "@aws-sdk/client-s3";
import { isPreconditionFailed, type LandingBucket } from "#platform/bucket/landing-bucket.ts";
import { ObjectConflict } from "#platform/faults/file-faults.ts";
import { type Expectation, NdjsonVerifier, type Verdict } from "./ndjson-verifier.ts";
import { StagedObject } from "./staged-object.ts";

/** What landed: verified lines and bytes, and their CRC-32 as S3 writes it (base64, big-endian). */
export interface VerifiedFile extends Verdict {
  crc32: string;
}

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

/** S3 takes at most 10,000 parts: 8 MiB each allow files of 78 GiB. Three of them are in memory at a time. */
const defaultPartBytes = 8 * 1024 * 1024;

const contentType = "application/fhir+ndjson";

/**
 * Lands files in the bucket. A file becomes visible only after its lines, their number and its end are verified: a small
 * one by one PutObject, a larger one by CompleteMultipartUpload, both with `If-None-Match` and with the CRC-32 of it all,
 * which S3 checks against what it stored. An upload that fails is aborted, so nothing of it stays.
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
  return async (chunks, { key, expected, beforeVisible, signal }) => {
    const verifier = new NdjsonVerifier(expected);
    const object = new StagedObject(s3, bucket.name, key, { contentType, partBytes, signal, onAbandoned });
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
      if (isPreconditionFailed(error)) return await alreadyThere(bucket, key, verifier, object, error);
      throw error;
    }
  };
}

async function alreadyThere(
  bucket: LandingBucket,
  key: string,
  verifier: NdjsonVerifier,
  { crc32 }: StagedObject,
  cause: unknown,
): Promise<VerifiedFile> {
  const verdict = verifier.finish();
  const stored = await bucket.find(key);
  if (stored?.bytes === verdict.bytes && stored.crc32 === crc32) return { ...verdict, crc32 };
  throw new ObjectConflict(`another object already stands at ${key}`, { cause });
}
