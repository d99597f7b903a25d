import { BackupClient, ListRecoveryPointsByBackupVaultCommand } from "@aws-sdk/client-backup";
import { CloudTrailClient, GetTrailStatusCommand, TrailNotFoundException } from "@aws-sdk/client-cloudtrail";
import {
  GetBucketReplicationCommand,
  GetObjectLockConfigurationCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { mockClient } from "aws-sdk-client-mock";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { keptDataReader } from "#cli/smoke/kept-data-reader.ts";

const s3Fault = (name: string) => new S3ServiceException({ name, message: name, $fault: "client", $metadata: {} });

/** Answers of AWS that the local AWS does not give. */
describe("keptDataReader", () => {
  const s3 = mockClient(S3Client);
  const trails = mockClient(CloudTrailClient);
  const backups = mockClient(BackupClient);
  const mocks = [s3, trails, backups];
  const reader = keptDataReader({ region: "eu-west-1" });

  afterEach(() => {
    for (const mock of mocks) mock.reset();
  });
  // The other files of this worker share the classes.
  afterAll(() => {
    for (const mock of mocks) mock.restore();
  });

  it("a bucket without a default retention has no lock, and one that may not be read is an error", async () => {
    s3.on(GetObjectLockConfigurationCommand).resolvesOnce({
      ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" },
    });
    expect(await reader.readLock("audit")).toBeUndefined();
    s3.on(GetObjectLockConfigurationCommand).rejects(s3Fault("ObjectLockConfigurationNotFoundError"));
    expect(await reader.readLock("audit")).toBeUndefined();
    s3.on(GetObjectLockConfigurationCommand).rejects(s3Fault("AccessDenied"));
    await expect(reader.readLock("audit")).rejects.toThrow("AccessDenied");
  });

  it("the default retention of a bucket is its lock", async () => {
    const DefaultRetention = { Mode: "COMPLIANCE", Days: 2192 } as const;
    s3.on(GetObjectLockConfigurationCommand).resolves({ ObjectLockConfiguration: { Rule: { DefaultRetention } } });
    expect(await reader.readLock("audit")).toEqual({ mode: "COMPLIANCE", days: 2192 });
  });

  it("a trail that does not exist is undefined, and one that may not be read is an error", async () => {
    trails.on(GetTrailStatusCommand).rejects(new TrailNotFoundException({ message: "unknown", $metadata: {} }));
    expect(await reader.readTrail("reads")).toBeUndefined();
    trails.on(GetTrailStatusCommand).rejects(new Error("AccessDenied"));
    await expect(reader.readTrail("reads")).rejects.toThrow("AccessDenied");
  });

  it("a trail has an error if CloudTrail could deliver records or digests no longer", async () => {
    trails.on(GetTrailStatusCommand).resolvesOnce({ IsLogging: true, LatestDeliveryError: "" });
    expect(await reader.readTrail("reads")).toEqual({ logging: true, error: undefined });
    trails
      .on(GetTrailStatusCommand)
      .resolves({ IsLogging: true, LatestDeliveryError: "NoSuchBucket", LatestDigestDeliveryError: "AccessDenied" });
    expect(await reader.readTrail("reads")).toEqual({ logging: true, error: "NoSuchBucket; AccessDenied" });
  });

  it("the newest backup is the newest finished one of all pages", async () => {
    backups.on(ListRecoveryPointsByBackupVaultCommand).resolvesOnce({
      RecoveryPoints: [
        { Status: "COMPLETED", CreationDate: new Date("2026-11-18") },
        { Status: "PARTIAL", CreationDate: new Date("2026-11-20") },
      ],
      NextToken: "more",
    });
    backups.on(ListRecoveryPointsByBackupVaultCommand, { BackupVaultName: "vault", NextToken: "more" }).resolves({
      RecoveryPoints: [{ Status: "COMPLETED", CreationDate: new Date("2026-11-19") }],
    });
    expect(await reader.readNewestBackup("vault")).toEqual(new Date("2026-11-19"));
    backups.on(ListRecoveryPointsByBackupVaultCommand).resolves({ RecoveryPoints: [] });
    expect(await reader.readNewestBackup("vault")).toBeUndefined();
  });

  it("a bucket is copied by its enabled rules only", async () => {
    const [on, off] = ["on", "off"].map((name) => ({ Bucket: `arn:aws:s3:::${name}` }));
    s3.on(GetBucketReplicationCommand).resolves({
      ReplicationConfiguration: {
        Role: "role",
        Rules: [
          { Status: "Enabled", Destination: on },
          { Status: "Disabled", Destination: off },
        ],
      },
    });
    expect(await reader.readDestinations("audit")).toEqual(["arn:aws:s3:::on"]);
    s3.on(GetBucketReplicationCommand).rejects(s3Fault("ReplicationConfigurationNotFoundError"));
    expect(await reader.readDestinations("audit")).toEqual([]);
  });
});
