import type * as z from "zod";
import type { LandingBucket } from "./landing-bucket.ts";

/*
 * The audit trail: one object per fact, below `audit/`, written once and never changed. The bucket's policy allows new
 * objects there, but no changes. Each wing declares its facts and their keys.
 */

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
export async function recordFact(
  bucket: LandingBucket,
  { key, subject, fact, detail, at }: RecordedFact,
): Promise<void> {
  const head = { version: "1", ...subject, fact, at: new Date(at).toISOString() };
  await bucket.putJson(key, { ...head, ...detail }, { once: true });
}
