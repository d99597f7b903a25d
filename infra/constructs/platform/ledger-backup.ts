import { ArnFormat, Duration, Stack, Validations } from "aws-cdk-lib";
import * as backup from "aws-cdk-lib/aws-backup";
import type * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import * as events from "aws-cdk-lib/aws-events";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as kms from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import { type BackupSettings, backupFrequency, type RetentionSettings } from "../../settings/platform.ts";
import { acknowledgeWildcard } from "./acknowledge-wildcard.ts";
import { removalOf } from "./kept-data.ts";
import { backupVaultName } from "./kept-data-names.ts";
import { viaService } from "./via-service.ts";

/** When a backup may start, in UTC: Sunday is the first day of the week. */
const schedules = { daily: { hour: "3", minute: "30" }, weekly: { hour: "3", minute: "30", weekDay: "1" } };

export interface LedgerBackupProps {
  stage: string;
  settings: BackupSettings;
  retention: RetentionSettings;
  key: kms.IKey;
  /** A table of another stack. */
  ledger: dynamodb.ITable;
}

/**
 * Backs the ledger up with AWS Backup. The vault and the role are always there, because backups outlive the setting: AWS Backup
 * deletes an old backup with the role that made it (AWS Backup, "Identity and access management"). The plan is there if the
 * settings ask for backups. It names the table, so it works even if the account has not opted in to backups of DynamoDB.
 */
export class LedgerBackup extends Construct {
  constructor(scope: Construct, id: string, { stage, settings, retention, key, ledger }: LedgerBackupProps) {
    super(scope, id);
    const removalPolicy = removalOf(retention);
    const backupVault = new backup.BackupVault(this, "Vault", {
      backupVaultName: backupVaultName(stage),
      encryptionKey: key,
      removalPolicy,
    });
    // exportValue gives the import's name at once. The acknowledgement of the wildcard needs it.
    const tableArn = Stack.of(ledger).exportValue(ledger.tableArn);
    const role = this.#role(tableArn, backupVault, key);
    role.applyRemovalPolicy(removalPolicy);
    const frequency = backupFrequency(settings, retention);
    if (frequency === undefined) return;
    const plan = new backup.BackupPlan(this, "Plan", {
      backupPlanRules: [
        new backup.BackupPlanRule({
          ruleName: frequency,
          backupVault,
          scheduleExpression: events.Schedule.cron(schedules[frequency]),
          deleteAfter: Duration.days(settings.keepDays),
        }),
      ],
    });
    plan.addSelection("Ledger", {
      resources: [backup.BackupResource.fromArn(tableArn)],
      role,
      disableDefaultBackupPolicy: true,
    });
  }

  /**
   * The permissions of AWS's policy `AWSBackupServiceRolePolicyForBackup` that concern DynamoDB, limited to this table, vault and
   * key. The policy is a part of the role, so that it stays with it if the stack is deleted.
   */
  #role(tableArn: string, vault: backup.BackupVault, key: kms.IKey): iam.Role {
    const backups = `${tableArn}/backup/*`;
    const recoveryPoints = Stack.of(this).formatArn({
      service: "backup",
      resource: "recovery-point",
      resourceName: "*",
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const statements = [
      allow(onTable, tableArn),
      // Without DynamoDB's advanced features in AWS Backup, a backup is DynamoDB's own.
      allow(["dynamodb:DeleteBackup", "dynamodb:DescribeBackup"], backups),
      allow(["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"], vault.backupVaultArn),
      allow(["backup:TagResource"], recoveryPoints),
      allow(["kms:Decrypt", "kms:GenerateDataKey"], key.keyArn, viaService(this, "dynamodb")),
      allow(["kms:DescribeKey"], key.keyArn),
      allow(["kms:CreateGrant"], key.keyArn, { Bool: { "kms:GrantIsForAWSResource": "true" } }),
    ];
    const role = new iam.Role(this, "Role", {
      assumedBy: new iam.ServicePrincipal("backup.amazonaws.com"),
      inlinePolicies: { Backup: new iam.PolicyDocument({ statements }) },
    });
    acknowledgeWildcard(role, backups, "The wildcard stands for the id of a backup of the ledger.");
    acknowledgeWildcard(
      role,
      recoveryPoints,
      "AWS Backup gives each backup an id, and tags it. The role can do no more.",
    );
    Validations.of(role).acknowledge({
      id: "HIPAA.Security-IAMNoInlinePolicy",
      reason: "AWS Backup has a role of its own, and the policy must stay with it as long as there are backups.",
    });
    return role;
  }
}

const onTable = ["CreateBackup", "DescribeTable", "ListTagsOfResource", "StartAwsBackupJob"].map(
  (action) => `dynamodb:${action}`,
);

const allow = (actions: string[], resource: string, conditions: Record<string, Record<string, string>> = {}) =>
  new iam.PolicyStatement({ actions, resources: [resource], conditions });
