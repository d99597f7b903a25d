import { readFile } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { QuarantineReason } from "#ccd-retrieval/language/ccd-audit.ts";
import { type CcdDocuments, ccdDocuments } from "#ccd-retrieval/language/ccd-request.ts";
import { isPreconditionFailed, type LandingBucket } from "#platform/bucket/landing-bucket.ts";
import type { Pointer } from "#platform/bus/event-language.ts";
import { ObjectConflict } from "#platform/faults/file-faults.ts";
import { ccdDocumentKey, ccdIndexKey, quarantinedAnswerKey, quarantineReasonKey } from "./ccd-keys.ts";

/** Where documents land, and where answers go that nobody may be served. */
export interface CcdLanding {
  /** The index of a request's documents: it is there once all of them are. */
  findIndex(requestId: string): Promise<CcdDocuments | undefined>;
  /**
   * Lands one document under its number and answers its key. The same document that stands there already is this one.
   * @throws ObjectConflict where another stands there
   */
  putDocument(requestId: string, document: { number: number; chunks(): AsyncIterable<Buffer> }): Promise<string>;
  putIndex(index: CcdDocuments): Promise<void>;
  /** Keeps an answer as it came, where it is there whole, and why it was refused. Answers the key of the answer. */
  quarantine(requestId: string, file: string | undefined, refusal: Refusal): Promise<string>;
  indexPointer(requestId: string): Pointer;
}

export interface Refusal {
  reason: QuarantineReason;
  message: string;
}

/** Documents through the AWS SDK. Their size is bounded (`language/document-settings.ts`): each is sent in one piece. */
export function ccdLanding(s3: S3Client, bucket: LandingBucket): CcdLanding {
  return {
    findIndex: (requestId) => bucket.findJson(ccdIndexKey(requestId), ccdDocuments),
    putDocument: async (requestId, document) => {
      const key = ccdDocumentKey(requestId, document.number);
      const pieces: Buffer[] = [];
      for await (const chunk of document.chunks()) pieces.push(chunk);
      await putOnce(s3, bucket, key, Buffer.concat(pieces));
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
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(Body));
  const ChecksumCRC32 = crc.toString("base64");
  const put = { Bucket: bucket.name, Key, Body, ContentType: "application/xml", ChecksumCRC32, IfNoneMatch: "*" };
  try {
    await s3.send(new PutObjectCommand(put));
  } catch (error) {
    if (!isPreconditionFailed(error)) throw error;
    const stored = await bucket.find(Key);
    if (stored?.bytes !== Body.length || stored.crc32 !== ChecksumCRC32)
      throw new ObjectConflict(`another object already stands at ${Key}`, { cause: error });
  }
}
