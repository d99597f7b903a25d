import { type Finding, failed, ok, warning } from "#platform/findings/findings.ts";
import { deployAgain } from "./stage-checks.ts";

/*
 * What `npm run smoke` reads about the data that a stage keeps: the lock of the audit trail, the trail of reads, the backups of the
 * ledger, and the copies. Each check is `(ports) => async () => finding`, and says what to do.
 */

/** The default retention of S3 Object Lock. */
export interface Lock {
  mode: string;
  days: number;
}

export interface LockPorts {
  bucket: string;
  /** What the settings say; undefined if records are not locked. */
  wanted: Lock | undefined;
  /** Undefined if the bucket has no default retention. */
  readLock: () => Promise<Lock | undefined>;
}

const asText = (lock: Lock | undefined): string => (lock === undefined ? "no lock" : `${lock.mode}, ${lock.days} days`);

export const checkLock =
  ({ bucket, wanted, readLock }: LockPorts) =>
  async (): Promise<Finding> => {
    const [found, expected] = [asText(await readLock()), asText(wanted)];
    if (found !== expected) return failed(`${bucket} has ${found} instead of ${expected}`, deployAgain);
    return ok(`new audit records have ${found}, as in the settings`);
  };

export interface Trail {
  logging: boolean;
  /** Why CloudTrail could not write to the bucket; undefined if it could. */
  error: string | undefined;
}

export interface ReadsPorts {
  trail: string;
  /** Whether the settings ask for it. */
  wanted: boolean;
  /** Undefined if there is no such trail. */
  readTrail: () => Promise<Trail | undefined>;
}

export const checkReads =
  ({ trail, wanted, readTrail }: ReadsPorts) =>
  async (): Promise<Finding> => {
    if (!wanted) return ok("reads are not recorded, as the setting audit.reads says");
    const found = await readTrail();
    if (found === undefined) return failed(`the trail ${trail} does not exist`, deployAgain);
    if (!found.logging) return failed(`the trail ${trail} is stopped`, `aws cloudtrail start-logging --name ${trail}`);
    if (found.error !== undefined)
      return failed(
        `the trail ${trail} cannot write: ${found.error}`,
        'follow "Who read what" in docs/runbook.md, and check the policies of the audit bucket and the key',
      );
    return ok(`the trail ${trail} records reads`);
  };

export interface BackupPorts {
  vault: string;
  frequency: "daily" | "weekly" | undefined;
  /** When the newest finished backup was begun; undefined if there is none. */
  readNewestBackup: () => Promise<Date | undefined>;
  now: () => number;
}

/** A backup may begin hours after its time, and one may fail without harm if the next succeeds. */
const oldestDays = { daily: 2, weekly: 9 };

export const checkBackups =
  ({ vault, frequency, readNewestBackup, now }: BackupPorts) =>
  async (): Promise<Finding> => {
    if (frequency === undefined) return ok("the ledger has no backups, as the setting backup.frequency says");
    const newest = await readNewestBackup();
    const advice = 'follow "A backup failed" in docs/runbook.md';
    if (newest === undefined)
      return warning(`the vault ${vault} has no backup yet`, `if the stage is older than its first backup, ${advice}`);
    const seen = `the newest backup of the ledger is of ${newest.toISOString()}`;
    return now() - newest.getTime() > oldestDays[frequency] * 24 * 60 * 60 * 1000 ? failed(seen, advice) : ok(seen);
  };

export interface ReplicationPorts {
  /** The buckets that must be copied, each with the ARN of the bucket for its copies. */
  wanted: readonly { bucket: string; copies: string }[];
  /** The ARNs of the buckets that a bucket is copied to. */
  readDestinations: (bucket: string) => Promise<readonly string[]>;
}

export const checkReplication =
  ({ wanted, readDestinations }: ReplicationPorts) =>
  async (): Promise<Finding> => {
    const faults: string[] = [];
    for (const { bucket, copies } of wanted)
      if (!(await readDestinations(bucket)).includes(copies)) faults.push(`${bucket} is not copied to ${copies}`);
    if (faults.length > 0) return failed(faults.join("; "), deployAgain);
    if (wanted.length === 0) return ok("nothing is copied elsewhere, as the settings say");
    return ok(`S3 copies ${wanted.map(({ bucket, copies }) => `${bucket} to ${copies}`).join(" and ")}`);
  };
