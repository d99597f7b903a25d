import { describe, expect, test } from "vitest";
import { statements } from "../policies.ts";
import { topicArn, variantNames } from "../stage-variants.ts";
import { type Properties, synthesised } from "../synthesised.ts";

describe.each(variantNames)("the backup vault of %s", (variant) => {
  const synth = synthesised(variant);

  test("the vault has a fixed name and the stage's key, and is kept as long as the stage's data, with the role that deletes old backups", () => {
    const vault = synth.resource("AWS::Backup::BackupVault", "LedgerBackup/Vault");
    const stage = variant.split(" ")[0];
    expect(vault.Properties).toMatchObject({
      BackupVaultName: `integra-bridge-${stage}`,
      EncryptionKeyArn: "<Key>",
    });
    const { DeletionPolicy } = synth.resource("AWS::DynamoDB::Table", "Ledger");
    expect(vault.DeletionPolicy).toBe(DeletionPolicy);
    expect(synth.resource("AWS::IAM::Role", "LedgerBackup/Role").DeletionPolicy).toBe(DeletionPolicy);
  });

  test("a plan backs the ledger up exactly if the settings ask for it, and somebody hears if it fails", () => {
    const wanted = variant.startsWith("prod") ? 1 : 0;
    for (const type of ["AWS::Backup::BackupPlan", "AWS::Backup::BackupSelection"])
      expect(synth.resources(type)).toHaveLength(wanted);
    expect(synth.resources("AWS::Events::Rule").filter(({ id }) => id === "BackupFailed")).toHaveLength(wanted);
  });
});

const prod = synthesised("prod");

test.each([
  ["prod", "cron(30 3 * * ? *)", 35],
  ["prod with every option", "cron(30 3 ? * 1 *)", 365],
] as const)("the plan of %s has the frequency and the days of its settings", (variant, schedule, days) => {
  const { BackupPlan } = synthesised(variant).resource("AWS::Backup::BackupPlan", "LedgerBackup/Plan").Properties;
  expect(BackupPlan).toMatchObject({
    BackupPlanRule: [
      {
        ScheduleExpression: schedule,
        Lifecycle: { DeleteAfterDays: days },
        TargetBackupVault: "<LedgerBackup/Vault.BackupVaultName>",
      },
    ],
  });
});

test("the plan names the ledger, so that it needs no opt-in of the account, and backs it up with the vault's role", () => {
  expect(prod.resource("AWS::Backup::BackupSelection", "LedgerBackup/Plan/Ledger").Properties).toMatchObject({
    BackupSelection: { Resources: ["<Ledger>"], IamRoleArn: "<LedgerBackup/Role>" },
  });
});

test("the role has the permissions of AWS's own policy for DynamoDB, on this table, vault and key only", () => {
  const { AssumeRolePolicyDocument, ManagedPolicyArns, Policies } = prod.resource(
    "AWS::IAM::Role",
    "LedgerBackup/Role",
  ).Properties;
  expect(ManagedPolicyArns).toBeUndefined();
  expect(statements(AssumeRolePolicyDocument)).toMatchObject([{ Principal: { Service: "backup.amazonaws.com" } }]);
  const allowed = statements((Policies as Properties[])[0]?.["PolicyDocument"]);
  expect(allowed.map(({ actions, resources, Condition }) => ({ actions, resources, Condition }))).toEqual([
    {
      actions: [
        "dynamodb:CreateBackup",
        "dynamodb:DescribeTable",
        "dynamodb:ListTagsOfResource",
        "dynamodb:StartAwsBackupJob",
      ],
      resources: ["<Ledger>"],
    },
    { actions: ["dynamodb:DeleteBackup", "dynamodb:DescribeBackup"], resources: ["<Ledger>/backup/*"] },
    {
      actions: ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"],
      resources: ["<LedgerBackup/Vault.BackupVaultArn>"],
    },
    { actions: ["backup:TagResource"], resources: ["recovery-point:*"] },
    {
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      resources: ["<Key>"],
      Condition: { StringEquals: { "kms:ViaService": "dynamodb.<region>.amazonaws.com" } },
    },
    { actions: ["kms:DescribeKey"], resources: ["<Key>"] },
    {
      actions: ["kms:CreateGrant"],
      resources: ["<Key>"],
      Condition: { Bool: { "kms:GrantIsForAWSResource": "true" } },
    },
  ]);
});

test.each([
  ["prod", "<NoticeTopic>"],
  ["prod with a topic of the user's", topicArn],
] as const)("in %s, a backup that fails, is stopped or does not begin is reported to %s", (variant, topic) => {
  const { EventPattern, Targets } = synthesised(variant).resource("AWS::Events::Rule", "BackupFailed").Properties;
  expect(EventPattern).toEqual({
    source: ["aws.backup"],
    "detail-type": ["Backup Job State Change"],
    detail: { backupVaultName: ["integra-bridge-prod"], state: ["ABORTED", "EXPIRED", "FAILED"] },
  });
  expect((Targets as Properties[])[0]?.["Arn"]).toBe(topic);
});
