import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { crc32 } from "node:zlib";
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
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
import { type LongRecord, type OpenRecord, openLongRecord, textOfRecord } from "./long-record.ts";

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
  /** Writes a JSON record whose last member is a long list. `once` is the same as for `putJson`. */
  putLongRecord(key: string, record: LongRecord, options?: { once: boolean }): Promise<boolean>;
  /**
   * Opens a record with a long list, to read it entry by entry. All entries must be read, or the connection stays open.
   * @throws Error naming the key, if there is none
   */
  openLongRecord(key: string, list: string): Promise<OpenRecord>;
  /** A record with a long list, without its entries. @throws Error naming the key, if there is none */
  getHead<T>(key: string, list: string, schema: z.ZodType<T>): Promise<T>;
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
      return await bytesOf(await s3.send(new GetObjectCommand({ Bucket: name, Key: key })));
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
  /** The body's stream. The SDK for Node.js answers with a stream of Node. */
  const open = async (key: string): Promise<Readable> => {
    const object = await s3.send(new GetObjectCommand({ Bucket: name, Key: key })).catch((error: unknown) => {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    });
    return required(key, object).Body as Readable;
  };
  return {
    name,
    putJson: (key, value, options) => {
      const body = JSON.stringify(value);
      return putJson(s3, name, key, { body, crc: crc32(body) }, options?.once ?? false);
    },
    putLongRecord: (key, record, options) => putLongRecord(s3, name, key, record, options?.once ?? false),
    openLongRecord: async (key, listName) => await openLongRecord(await open(key), listName),
    getHead: async (key, listName, schema) => {
      const body = await open(key);
      const { head } = await openLongRecord(body, listName);
      body.destroy();
      return schema.parse(head);
    },
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

const largeBytes = 1024 * 1024;

/** The bytes of an object. Those of a large one are copied as they come: the SDK would keep its chunks, and then copy all of them. */
async function bytesOf({ Body, ContentLength = 0 }: GetObjectCommandOutput): Promise<Uint8Array | undefined> {
  if (ContentLength < largeBytes || !(Body instanceof Readable)) return await Body?.transformToByteArray();
  const bytes = Buffer.allocUnsafeSlow(ContentLength);
  let used = 0;
  for await (const chunk of Body as AsyncIterable<Buffer>) used += chunk.copy(bytes, used);
  if (used < bytes.length) throw new Error(`an object of ${bytes.length} bytes ended after ${used}`);
  return bytes;
}

/** The body of an object, and its CRC-32. */
interface JsonBody {
  body: string | Readable;
  bytes?: number;
  crc: number;
}

/**
 * S3 refuses an object without a checksum if its bucket has a default retention by Object Lock ("Amazon S3 API Reference",
 * PutObject, `Content-MD5`).
 */
async function putJson(
  s3: S3Client,
  bucket: string,
  key: string,
  { body, bytes, crc }: JsonBody,
  once: boolean,
): Promise<boolean> {
  try {
    await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ...(bytes !== undefined && { ContentLength: bytes }),
        ContentType: "application/json",
        ChecksumCRC32: crc32Text(crc),
        ...(once ? { IfNoneMatch: "*" } : {}),
      }),
    );
    return true;
  } catch (error) {
    if (once && isPreconditionFailed(error)) return false;
    throw error;
  }
}

/** The SDK does not repeat a request whose body is a stream, so it is repeated here, after these pauses. */
const pausesMs = [200, 1_000, 3_000];

async function putLongRecord(
  s3: S3Client,
  bucket: string,
  key: string,
  record: LongRecord,
  once: boolean,
): Promise<boolean> {
  const { pieces, bytes, crc32: crc } = textOfRecord(record);
  for (const pause of pausesMs) {
    try {
      return await putJson(s3, bucket, key, { body: streamOf(pieces), bytes, crc }, once);
    } catch (error) {
      if (!mayPass(error)) throw error;
      await sleep(pause);
    }
  }
  return await putJson(s3, bucket, key, { body: streamOf(pieces), bytes, crc }, once);
}

const streamOf = (pieces: readonly Buffer[]): Readable => Readable.from(pieces, { objectMode: false });

/** Whether a request may succeed if it is repeated: S3 did not answer, or said that the fault is its own or that it is busy. */
function mayPass(error: unknown): boolean {
  const status = error instanceof S3ServiceException ? (error.$metadata.httpStatusCode ?? 500) : 500;
  return status >= 500 || status === 429;
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
