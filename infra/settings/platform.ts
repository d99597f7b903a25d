import * as z from "zod";
import { bucketPrefixes } from "#platform/bucket/object-keys.ts";

const days = z.number().int().positive().max(3650);

/** How long data is kept. */
export const retention = z
  .strictObject({
    /** Days that exports are kept. If absent, they are kept for ever. */
    exportDays: days.optional(),
    /** Days that patients' documents are kept. If absent, they are kept for ever. */
    ccdDays: days.optional(),
    /** Days that quarantined answers are kept, such as documents of another patient. */
    quarantineDays: days.default(30),
    /** Days that replaced and deleted versions are kept. After that, a deletion is final. */
    oldVersionDays: days.default(30),
    /** Days that the bridge's own records are kept, such as plans and receipts. */
    workDays: days.default(30),
    /** Days that the audit trail is kept. The default is six years, as HIPAA requires. */
    auditDays: days.default(2192),
    /** Days that logs are kept: one of the values that CloudWatch Logs accepts. */
    logDays: z
      .union([z.literal([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653])])
      .default(365),
    /** Whether deleting the stack deletes the data with it. */
    removeWithStack: z.boolean().default(false),
  })
  .prefault({});

export type RetentionSettings = z.infer<typeof retention>;

/** How the audit trail is protected. `retention.auditDays` says how long it is kept. */
export const audit = z
  .strictObject({
    /**
     * How S3 Object Lock protects each record. `governance`: the bucket's policy must be changed before a record can be deleted.
     * `compliance`: no principal can delete a record, not even the account's root user. `none`: only the bucket's policy
     * protects records. The default is `governance`, or `none` if the stage deletes its data with its stack.
     */
    lock: z.enum(["governance", "compliance", "none"]).optional(),
    /**
     * Whether CloudTrail records who read exports, documents, quarantined answers and audit records. The records are in the audit
     * bucket below `reads/`, and are kept as long as the audit trail. CloudTrail bills each read. The default is true, or false if
     * the stage deletes its data with its stack.
     */
    reads: z.boolean().optional(),
  })
  .prefault({});

export type AuditSettings = z.infer<typeof audit>;

const lockModes = { governance: "GOVERNANCE", compliance: "COMPLIANCE", none: undefined } as const;

/** The mode of the default retention of S3 Object Lock; undefined if records are not locked. */
export function lockModeOf(
  { lock }: AuditSettings,
  { removeWithStack }: RetentionSettings,
): (typeof lockModes)[keyof typeof lockModes] {
  return lockModes[lock ?? (removeWithStack ? "none" : "governance")];
}

/** Whether reads are recorded. */
export const recordsReads = ({ reads }: AuditSettings, { removeWithStack }: RetentionSettings): boolean =>
  reads ?? !removeWithStack;

/** Backups of the ledger in AWS Backup, beside the point-in-time recovery of its last 35 days, which is always on. */
export const backup = z
  .strictObject({
    /** How often the ledger is backed up. The default is `daily`, or `never` if the stage deletes its data with its stack. */
    frequency: z.enum(["daily", "weekly", "never"]).optional(),
    /** Days that each backup is kept. */
    keepDays: days.default(35),
  })
  .prefault({});

export type BackupSettings = z.infer<typeof backup>;

/** How often the ledger is backed up; undefined if it is not. */
export function backupFrequency(
  { frequency }: BackupSettings,
  { removeWithStack }: RetentionSettings,
): "daily" | "weekly" | undefined {
  const given = frequency ?? (removeWithStack ? "never" : "daily");
  return given === "never" ? undefined : given;
}

/** A bucket of the user's that S3 copies objects to. docs/replication.md says what it must have. */
const replica = z.strictObject({
  bucketArn: z
    .string()
    .regex(/^arn:aws[\w-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "must be the ARN of a bucket, without a path"),
  /** The key that encrypts the copies. It must be in the region of the bucket. */
  keyArn: z
    .string()
    .regex(
      /^arn:aws[\w-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/,
      "must be the ARN of a key: not its id, and not an alias",
    ),
  /** The account of the bucket, if it is another one. The copies then belong to that account. */
  accountId: z
    .string()
    .regex(/^\d{12}$/)
    .optional(),
});

export type ReplicaSettings = z.infer<typeof replica>;

/** What S3 copies to buckets of the user's, in another region or account. What is absent is not copied. */
export const replication = z
  .strictObject({
    /** The whole audit bucket. The bucket for the copies must have Object Lock. */
    audit: replica.optional(),
    /** The quarantined answers. */
    quarantine: replica.optional(),
  })
  .prefault({});

/**
 * Whether the bridge calls the server from fixed addresses, for a server that admits known addresses only. `zones` is the
 * number of availability zones with a NAT gateway, and each of them has an address of its own. `true` is one zone.
 *
 * Every region has two zones. With a third, the egress stack would export more or less depending on this setting, and
 * could not be updated while other stacks import what it exports (docs/adr/0017-egress-apart-from-its-users.md).
 */
export const fixedEgress = z
  .union([z.boolean(), z.strictObject({ zones: z.number().int().min(1).max(2) })])
  .default(false)
  .transform((given) => (given === true ? { zones: 1 } : given || undefined));

export type FixedEgressSettings = NonNullable<z.infer<typeof fixedEgress>>;

/** Who is notified by alarms. */
export const alarms = z
  .strictObject({
    /** The address that the stage's own topic mails to. */
    email: z.email().optional(),
    /** A topic to notify instead of the stage's own. */
    topicArn: z
      .string()
      .regex(/^arn:aws[\w-]*:sns:/)
      .optional(),
    /** Says that nobody is notified. Without it, a stage that keeps data must have `email` or `topicArn`. */
    nobody: z.boolean().default(false),
    /** Whether throttled functions and lost dead letters raise alarms. These alarms count sums, which the local AWS cannot. */
    functions: z.boolean().default(true),
    /** Hours after which a running export raises an alarm. */
    stalledAfterHours: z.number().positive().default(6),
  })
  .refine(({ email, topicArn, nobody }) => !nobody || (email === undefined && topicArn === undefined), {
    message: "must be false if email or topicArn is set",
    path: ["nobody"],
  })
  .prefault({});

export type AlarmSettings = z.infer<typeof alarms>;

/** The longest prefix of a subscriber. It is twice in the policy of the landing bucket. */
export const maxPrefixCharacters = 100;

/**
 * How many subscribers a stage may have. The policies of the bucket (20 KiB), of the bus (10,240 characters) and of the key
 * (32 KiB) name each of them, and have room for this many with the longest names and prefixes.
 */
export const maxSubscribers = 20;

/** An AWS account that may read exports and receive the bridge's events. */
export const subscriber = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9]{1,32}$/),
  accountId: z.string().regex(/^\d{12}$/),
  /**
   * The account may read objects below this prefix only. It still hears of every export: a prefix limits what it can read, but
   * not which events its rules receive.
   */
  prefix: z.string().max(maxPrefixCharacters).startsWith(bucketPrefixes.exports).default(bucketPrefixes.exports),
});

export type SubscriberSettings = z.infer<typeof subscriber>;
