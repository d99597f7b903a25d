import type { S3Client } from "@aws-sdk/client-s3";
import * as z from "zod";
import { environment } from "#platform/lambda/environment.ts";
import { type LandingBucket, landingBucket } from "./landing-bucket.ts";
import type { LongRecord } from "./long-record.ts";

/*
 * The audit trail: one object per record, in a bucket of its own, written once and never changed. The bucket's policy allows
 * new objects, but no changes. Each wing declares its facts and their keys.
 */

/** The audit bucket. Records are added to it, and its keys can be listed. */
export interface AuditTrail extends Pick<LandingBucket, "list"> {
  /** Adds a record. A record that is already there stays as it is. */
  add(key: string, record: object): Promise<void>;
  /** Adds a record with a long list. A record that is already there stays as it is. */
  addLong(key: string, record: LongRecord): Promise<void>;
}

/** The audit bucket through the AWS SDK. */
export function auditTrail(s3: S3Client, name: string): AuditTrail {
  const bucket = landingBucket(s3, name);
  return {
    add: async (key, record) => {
      await bucket.putJson(key, record, { once: true });
    },
    addLong: async (key, record) => {
      await bucket.putLongRecord(key, record, { once: true });
    },
    list: (prefix) => bucket.list(prefix),
  };
}

const auditVariables = z.object({ AUDIT_BUCKET: z.string().min(1) });

/** The audit bucket that the function's environment names. */
export const auditTrailFromEnvironment = (s3: S3Client): AuditTrail =>
  auditTrail(s3, environment(auditVariables).AUDIT_BUCKET);

/** The facts of a wing: the schema of each detail, by the name of the fact. */
export type FactSchemas = Readonly<Record<string, z.ZodType<object>>>;

/** One fact, and the key under which it is recorded. */
export interface RecordedFact {
  key: string;
  /** What the fact is about: an export and its run, or a request. */
  subject: object;
  fact: string;
  detail: object;
  /** Milliseconds since the epoch. */
  at: number;
}

/** Records a fact. A fact that was recorded before stays as it is. */
export async function recordFact(trail: AuditTrail, fact: RecordedFact): Promise<void> {
  await trail.add(fact.key, recordOf(fact));
}

/** Records a fact whose detail has a long list, besides `detail`. A fact that was recorded before stays as it is. */
export async function recordLongFact(
  trail: AuditTrail,
  fact: RecordedFact,
  long: Pick<LongRecord, "list" | "entries">,
): Promise<void> {
  await trail.addLong(fact.key, { head: recordOf(fact), ...long });
}

const recordOf = ({ subject, fact, detail, at }: RecordedFact): object => ({
  version: "1",
  ...subject,
  fact,
  at: new Date(at).toISOString(),
  ...detail,
});
