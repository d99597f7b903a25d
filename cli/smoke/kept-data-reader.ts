import { BackupClient, paginateListRecoveryPointsByBackupVault } from "@aws-sdk/client-backup";
import { CloudTrailClient, GetTrailStatusCommand, TrailNotFoundException } from "@aws-sdk/client-cloudtrail";
import { GetBucketReplicationCommand, GetObjectLockConfigurationCommand } from "@aws-sdk/client-s3";
import type { AwsAccess } from "../stage-outputs.ts";
import type { BackupPorts, LockPorts, ReadsPorts, ReplicationPorts } from "./kept-data-checks.ts";
import { ifSet, s3Client } from "./s3-answers.ts";

/** Reads how a stage keeps its data, by the AWS SDK. Each method is a port of a check, and changes nothing. */
export interface KeptDataReader {
  readLock: (bucket: string) => ReturnType<LockPorts["readLock"]>;
  readTrail: (trail: string) => ReturnType<ReadsPorts["readTrail"]>;
  readNewestBackup: (vault: string) => ReturnType<BackupPorts["readNewestBackup"]>;
  readDestinations: ReplicationPorts["readDestinations"];
}

export function keptDataReader(access: AwsAccess = {}): KeptDataReader {
  const s3 = s3Client(access);
  return {
    readLock: async (Bucket) => {
      const answer = await ifSet("ObjectLockConfigurationNotFoundError", () =>
        s3.send(new GetObjectLockConfigurationCommand({ Bucket })),
      );
      const { Mode: mode, Days: days } = answer?.ObjectLockConfiguration?.Rule?.DefaultRetention ?? {};
      return mode === undefined || days === undefined ? undefined : { mode, days };
    },
    readTrail: async (Name) => {
      try {
        const status = await new CloudTrailClient(access).send(new GetTrailStatusCommand({ Name }));
        // CloudTrail leaves the text of an error empty if there is none.
        const errors = [status.LatestDeliveryError, status.LatestDigestDeliveryError].filter(Boolean);
        return { logging: status.IsLogging === true, error: errors.length === 0 ? undefined : errors.join("; ") };
      } catch (error) {
        if (error instanceof TrailNotFoundException) return undefined;
        throw error;
      }
    },
    readNewestBackup: async (BackupVaultName) => {
      let newest: Date | undefined;
      const client = new BackupClient(access);
      for await (const { RecoveryPoints = [] } of paginateListRecoveryPointsByBackupVault(
        { client },
        { BackupVaultName },
      ))
        for (const { Status, CreationDate } of RecoveryPoints)
          if (Status === "COMPLETED" && CreationDate !== undefined && (newest === undefined || CreationDate > newest))
            newest = CreationDate;
      return newest;
    },
    readDestinations: async (Bucket) => {
      const answer = await ifSet("ReplicationConfigurationNotFoundError", () =>
        s3.send(new GetBucketReplicationCommand({ Bucket })),
      );
      const rules = answer?.ReplicationConfiguration?.Rules ?? [];
      return rules.flatMap(({ Status, Destination }) =>
        Status === "Enabled" && Destination?.Bucket !== undefined ? [Destination.Bucket] : [],
      );
    },
  };
}
