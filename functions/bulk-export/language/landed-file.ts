import * as z from "zod";

/*
 * The outcome of one file of an export: `work/{exportId}/receipts/{index}.json` if it landed,
 * `work/{exportId}/failures/{index}.json` if it did not.
 */

/** The list of the manifest that names a file. `error` and `outcome` hold OperationOutcomes, `deleted` holds Bundles. */
export const fileKinds = ["output", "error", "outcome", "deleted"] as const;
export const fileKind = z.enum(fileKinds);
export type FileKind = z.infer<typeof fileKind>;

/** A full-object checksum as S3 writes it: base64 of the four bytes of the CRC-32, the highest byte first. */
export const crc32 = z.strictObject({ algorithm: z.literal("CRC32"), value: z.string() });

const severities = ["fatal", "error", "warning", "information"] as const;
export type IssueSeverity = (typeof severities)[number];
export const issueCounts = z.strictObject({
  fatal: z.number().int(),
  error: z.number().int(),
  warning: z.number().int(),
  information: z.number().int(),
});
export type IssueCounts = z.infer<typeof issueCounts>;

/** A receipt: the file landed whole, with `lines` records in `bytes` bytes as stored. */
export const landedFile = z.strictObject({
  index: z.number().int().nonnegative(),
  kind: fileKind,
  type: z.string(),
  key: z.string(),
  lines: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
  checksum: crc32,
  landedAt: z.iso.datetime(),
  issues: issueCounts.optional(),
});
export type LandedFile = z.infer<typeof landedFile>;

/** A file that did not land. `reason` is written for people. */
export const failedFile = z.strictObject({
  index: z.number().int().nonnegative(),
  kind: fileKind,
  type: z.string(),
  key: z.string(),
  reason: z.string(),
  attempts: z.number().int().nonnegative(),
});
export type FailedFile = z.infer<typeof failedFile>;
