import { describe, expect, test } from "vitest";
import { everyOption } from "#cli/templates/every-option.ts";
import { allowedTo } from "../policies.ts";
import { variantNames } from "../stage-variants.ts";
import { synthesised } from "../synthesised.ts";

const replicated = (variant: (typeof variantNames)[number]) =>
  synthesised(variant)
    .resources("AWS::S3::Bucket")
    .filter(({ Properties }) => Properties["ReplicationConfiguration"] !== undefined)
    .map(({ id }) => id);

test("only a stage whose settings say so copies anything", () => {
  const others = variantNames.filter((variant) => variant !== "prod with every option");
  expect(others.flatMap(replicated)).toEqual([]);
  expect(replicated("prod with every option").toSorted()).toEqual(["Audit/Bucket", "Landing/Bucket"]);
});

const via = (region: string) => ({ StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` } });

const synth = synthesised("prod with every option");

describe.each([
  {
    what: "the audit trail",
    id: "AuditReplication",
    bucket: "Audit/Bucket",
    objects: "audit-trail/*",
    source: "audit-trail",
    sourceName: "integra-audit-prod-<account>-<region>",
    prefix: "",
    rule: "everything",
    settings: everyOption.replication.audit,
    account: { Account: "210987654321", AccessControlTranslation: { Owner: "Destination" } },
    owner: ["s3:ObjectOwnerOverrideToBucketOwner"],
  },
  {
    what: "the quarantine",
    id: "QuarantineReplication",
    bucket: "Landing/Bucket",
    objects: "landing/quarantine/*",
    source: "arn:aws:s3:::integra-bridge-prod-<account>-<region>",
    sourceName: "integra-bridge-prod-<account>-<region>",
    prefix: "quarantine/",
    rule: "quarantine",
    settings: everyOption.replication.quarantine,
    account: {},
    owner: [],
  },
])("the copies of $what", ({ id, bucket, objects, source, sourceName, prefix, rule, settings, account, owner }) => {
  const { bucketArn, keyArn } = settings;

  test("one rule copies encrypted objects, and no deletions", () => {
    expect(synth.resource("AWS::S3::Bucket", bucket).Properties["ReplicationConfiguration"]).toEqual({
      Role: `<${id}/Role>`,
      Rules: [
        {
          Id: rule,
          Priority: 1,
          Status: "Enabled",
          Filter: { Prefix: prefix },
          DeleteMarkerReplication: { Status: "Disabled" },
          SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: "Enabled" } },
          Destination: {
            Bucket: bucketArn,
            EncryptionConfiguration: { ReplicaKmsKeyID: keyArn },
            Metrics: { Status: "Enabled" },
            ...account,
          },
        },
      ],
    });
  });

  test("the role may read versions with their retention, write copies, and use the keys through S3 only", () => {
    const allowed = allowedTo(synth, `<${id}/Role>`);
    expect(allowed.map(({ actions, resources, Condition }) => ({ actions, resources, Condition }))).toEqual([
      { actions: ["s3:GetReplicationConfiguration", "s3:ListBucket"], resources: [source] },
      {
        actions: [
          "s3:GetObjectLegalHold",
          "s3:GetObjectRetention",
          "s3:GetObjectVersionAcl",
          "s3:GetObjectVersionForReplication",
          "s3:GetObjectVersionTagging",
        ],
        resources: [objects],
      },
      { actions: [...owner, "s3:ReplicateObject", "s3:ReplicateTags"], resources: [`${bucketArn}/${prefix}*`] },
      { actions: ["kms:Decrypt"], resources: ["<Key>"], Condition: via("<region>") },
      { actions: ["kms:Decrypt", "kms:Encrypt"], resources: [keyArn], Condition: via("eu-west-1") },
    ]);
  });

  test("an object that could not be copied rings an alarm", () => {
    const { AlarmActions, Dimensions, ...alarm } = synth.resource("AWS::CloudWatch::Alarm", `${id}/Failed`).Properties;
    expect(alarm).toMatchObject({ Namespace: "AWS/S3", MetricName: "OperationsFailedReplication", Threshold: 1 });
    expect(AlarmActions).toEqual(["integra-bridge-prod-alarms"]);
    expect(Dimensions).toEqual([
      { Name: "DestinationBucket", Value: bucketArn.replace("arn:aws:s3:::", "") },
      { Name: "RuleId", Value: rule },
      { Name: "SourceBucket", Value: sourceName },
    ]);
  });
});
