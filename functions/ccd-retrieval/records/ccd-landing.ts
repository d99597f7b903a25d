import { readFile } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { QuarantineReason } from "#ccd-retrieval/language/ccd-audit.ts";
import { type CcdDocuments, ccdDocuments } from "#ccd-retrieval/language/ccd-request.ts";
import type { RefusedFile } from "#ccd-retrieval/language/document-faults.ts";
import { crc32Text } from "#platform/bucket/crc32-text.ts";
import { isPreconditionFailed, type LandingBucket } from "#platform/bucket/landing-bucket.ts";
import type { Pointer } from "#platform/bus/event-language.ts";
import { ObjectConflict } from "#platform/faults/file-faults.ts";
import { ccdDocumentKey, ccdIndexKey, quarantinedAnswerKey, quarantineReasonKey } from "./ccd-keys.ts";

/** The place where documents land, and the quarantine for refused answers. */
export interface CcdLanding {
  /** Finds the list of a CCD request's documents. It exists once all of them have landed. */
  findIndex(requestId: string): Promise<CcdDocuments | undefined>;
  /**
   * Stores one document under its number. If the same document is there already, it stays as it is.
   * @returns the document's key
   * @throws ObjectConflict if another document is there
   */
  putDocument(requestId: string, document: { number: number; chunks(): AsyncIterable<Buffer> }): Promise<string>;
  /** Stores the list of a CCD request's documents: the last object of a request. */
  putIndex(index: CcdDocuments): Promise<void>;
  /**
   * Stores why an answer was refused and, if it arrived whole, the answer itself as it came.
   * @param file the path of the whole answer; undefined if it did not arrive whole
   * @returns the key of the answer
   */
  quarantine(requestId: string, file: string | undefined, refusal: AnswerRefusal): Promise<string>;
  /** The place of the list of a CCD request's documents, for events. */
  indexPointer(requestId: string): Pointer;
}

/** Why an answer was refused, in whole or in part. */
export interface AnswerRefusal {
  reason: QuarantineReason;
  message: string;
  /** The files that were refused, as far as they are known. Their names may identify the patient. */
  files: readonly RefusedFile[];
}

/** The landing bucket through the AWS SDK. Each document is sent in one piece: settings limit its size (`language/document-settings.ts`). */
export function ccdLanding(s3: S3Client, bucket: LandingBucket): CcdLanding {
  return {
    findIndex: (requestId) => bucket.findJson(ccdIndexKey(requestId), ccdDocuments),
    putDocument: async (requestId, document) => {
      const key = ccdDocumentKey(requestId, document.number);
      const chunks: Buffer[] = [];
      for await (const chunk of document.chunks()) chunks.push(chunk);
      await putOnce(s3, bucket, key, Buffer.concat(chunks));
      return key;
    },
    putIndex: async (index) => {
      await bucket.putJson(ccdIndexKey(index.requestId), index, { once: true });
    },
    quarantine: async (requestId, file, refusal) => {
      const key = quarantinedAnswerKey(requestId);
      if (file !== undefined) await bucket.putBytes(key, await readFile(file), "application/octet-stream");
      await bucket.putJson(quarantineReasonKey(requestId), { requestId, kept: file !== undefined, ...refusal });
      return key;
    },
    indexPointer: (requestId) => ({ bucket: bucket.name, key: ccdIndexKey(requestId) }),
  };
}

async function putOnce(s3: S3Client, bucket: LandingBucket, Key: string, Body: Buffer): Promise<void> {
  const ChecksumCRC32 = crc32Text(crc32(Body));
  const put = { Bucket: bucket.name, Key, Body, ContentType: "application/xml", ChecksumCRC32, IfNoneMatch: "*" };
  try {
    await s3.send(new PutObjectCommand(put));
  } catch (error) {
    if (!isPreconditionFailed(error)) throw error;
    const stored = await bucket.find(Key);
    if (stored?.bytes !== Body.length || stored.crc32 !== ChecksumCRC32)
      throw new ObjectConflict(`another document is already at ${Key}: the bridge never replaces one that landed`, {
        cause: error,
      });
  }
}
