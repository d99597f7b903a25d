import { crc32 } from "node:zlib";
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import type * as z from "zod";
import { crc32Text } from "./crc32-text.ts";

export interface ListedObject {
  key: string;
  bytes: number;
}

export interface StoredObject {
  bytes: number;
  crc32: string | undefined;
}

/** The bridge's view of its bucket: JSON records, listings, and the object under a key. */
export interface LandingBucket {
  readonly name: string;
  /** Writes a JSON record. With `once`, an object that is already there stays as it is, and the result is false. */
  putJson(key: string, value: unknown, options?: { once: boolean }): Promise<boolean>;
  putBytes(key: string, body: Uint8Array, contentType: string): Promise<void>;
  /** The record under `key`, checked against its schema; undefined if there is none. */
  findJson<T>(key: string, schema: z.ZodType<T>): Promise<T | undefined>;
  /** The record under `key`, checked against its schema. @throws Error naming the key, if there is none */
  getJson<T>(key: string, schema: z.ZodType<T>): Promise<T>;
  /** @throws Error naming the key, if there is no object */
  getBytes(key: string): Promise<Uint8Array>;
  /** All objects whose keys begin with `prefix`, page by page, in the order of their keys. With `after`, only those behind that key. */
  list(prefix: string, after?: string): AsyncIterable<ListedObject>;
  /** Size and checksum of the object under `key`; undefined if there is none. */
  find(key: string): Promise<StoredObject | undefined>;
}

/** A bucket through the AWS SDK. Each call throws the SDK's own error if S3 refuses it. */
export function landingBucket(s3: S3Client, name: string): LandingBucket {
  const read = async (key: string): Promise<Uint8Array | undefined> => {
    try {
      const object = await s3.send(new GetObjectCommand({ Bucket: name, Key: key }));
      return await object.Body?.transformToByteArray();
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  };
  const findJson = async <T>(key: string, schema: z.ZodType<T>): Promise<T | undefined> => {
    const bytes = await read(key);
    return bytes && schema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  };
  const required = <T>(key: string, value: T | undefined): T => {
    if (value === undefined) throw new Error(`the object s3://${name}/${key} is missing`);
    return value;
  };
  return {
    name,
    putJson: (key, value, options) => putJson(s3, name, key, value, options?.once ?? false),
    putBytes: async (key, body, contentType) => {
      await s3.send(new PutObjectCommand({ Bucket: name, Key: key, Body: body, ContentType: contentType }));
    },
    findJson,
    getJson: async (key, schema) => required(key, await findJson(key, schema)),
    getBytes: async (key) => required(key, await read(key)),
    list: (prefix, after) => list(s3, name, prefix, after),
    find: (key) => find(s3, name, key),
  };
}

/**
 * S3 refuses an object without a checksum if its bucket has a default retention by Object Lock ("Amazon S3 API Reference",
 * PutObject, `Content-MD5`).
 */
async function putJson(s3: S3Client, bucket: string, key: string, value: unknown, once: boolean): Promise<boolean> {
  const body = JSON.stringify(value);
  try {
    await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentType: "application/json",
        ChecksumCRC32: crc32Text(crc32(body)),
        ...(once ? { IfNoneMatch: "*" } : {}),
      }),
    );
    return true;
  } catch (error) {
    if (once && isPreconditionFailed(error)) return false;
    throw error;
  }
}

/** Whether S3 refused a conditional write because the object is already there. */
export function isPreconditionFailed(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 412;
}

async function* list(s3: S3Client, bucket: string, prefix: string, after?: string): AsyncGenerator<ListedObject> {
  const place = { Bucket: bucket, Prefix: prefix, ...(after !== undefined && { StartAfter: after }) };
  let token: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ ...place, ContinuationToken: token }));
    for (const { Key, Size } of page.Contents ?? []) if (Key !== undefined) yield { key: Key, bytes: Size ?? 0 };
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

async function find(s3: S3Client, bucket: string, key: string): Promise<StoredObject | undefined> {
  try {
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: "ENABLED" }));
    return { bytes: head.ContentLength ?? 0, crc32: head.ChecksumCRC32 };
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}
