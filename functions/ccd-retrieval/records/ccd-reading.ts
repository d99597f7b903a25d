import { crc32 } from "node:zlib";
import { GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { convertDocument } from "#ccd-retrieval/documents/fhir/fhir-bundle.ts";
import { renderPage } from "#ccd-retrieval/documents/readable/readable-page.ts";
import { crc32Text } from "#platform/bucket/crc32-text.ts";
import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";
import { signedLink } from "#platform/bucket/signed-link.ts";
import { ccdIndexes } from "./ccd-indexes.ts";
import { ccdPageKey } from "./ccd-keys.ts";

/** The documents of CCD requests that are ready, links to them, their pages and Bundles (`reading-entry.ts` describes the functions). */
export function ccdReading(s3: S3Client, bucket: LandingBucket) {
  const link = (key: string): Promise<string> => signedLink(s3, bucket.name, key);
  return {
    ...ccdIndexes(bucket),
    link,
    page: (key: string, signal: AbortSignal) => renderPage(readObject(s3, bucket.name, key, signal)),
    bundle: (key: string, signal: AbortSignal) => convertDocument(readObject(s3, bucket.name, key, signal), Date.now()),
    linkToPage: async (requestId: string, number: number, html: Buffer): Promise<string> => {
      const key = ccdPageKey(requestId, number);
      await putPage(s3, bucket.name, key, html);
      return await link(key);
    },
  };
}

/** An object's bytes as they arrive. Throws the AWS SDK's error, or the signal's reason. */
async function* readObject(
  s3: S3Client,
  Bucket: string,
  Key: string,
  abortSignal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }), { abortSignal });
  if (Body === undefined) throw new Error(`the object s3://${Bucket}/${Key} has no body`);
  for await (const chunk of Body as AsyncIterable<Uint8Array>) {
    abortSignal.throwIfAborted();
    yield chunk;
  }
}

async function putPage(s3: S3Client, Bucket: string, Key: string, Body: Buffer): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      Bucket,
      Key,
      Body,
      ChecksumCRC32: crc32Text(crc32(Body)),
      ContentType: "text/html; charset=utf-8",
      CacheControl: "no-store",
    }),
  );
}
