import { describe, expect, test } from "vitest";
import { statements } from "../policies.ts";
import { type StageVariant, variantNames } from "../stage-variants.ts";
import { synthesised } from "../synthesised.ts";
import { allTemplates } from "../templates.ts";

describe.each(variantNames)("the stored data of %s", (variant) => {
  const synth = synthesised(variant);
  const policy = synth.resource("AWS::S3::BucketPolicy", "Landing/Bucket");

  test.each([{ id: "Landing" }, { id: "Audit" }])(
    "a bucket for data encrypts with the bridge's key and keeps versions",
    ({ id }) => {
      expect(synth.resource("AWS::S3::Bucket", `${id}/Bucket`).Properties).toMatchObject({
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            {
              BucketKeyEnabled: true,
              ServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: "<Key>" },
            },
          ],
        },
        VersioningConfiguration: { Status: "Enabled" },
        OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
      });
    },
  );

  test("every bucket blocks public access and refuses requests without TLS", () => {
    for (const { id, Properties } of synth.resources("AWS::S3::Bucket")) {
      expect(Properties["PublicAccessBlockConfiguration"]).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      });
      const { PolicyDocument } =
        synth.resources("AWS::S3::BucketPolicy").find(({ Properties: { Bucket } }) => Bucket === `<${id}>`)
          ?.Properties ?? {};
      expect(statements(PolicyDocument)).toContainEqual({
        Effect: "Deny",
        Principal: { AWS: "*" },
        actions: ["s3:*"],
        resources: [`<${id}>`, `<${id}>/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      });
    }
  });

  test("the landing bucket's policy admits subscribers only, and the CDK's cleaner if the stage deletes its data", () => {
    const allowed = statements(policy.Properties["PolicyDocument"]).filter(({ Effect }) => Effect === "Allow");
    const unexpected = allowed.filter(
      ({ Sid = "", Principal }) =>
        !/^(Read|List)\w+$/.test(Sid) && !JSON.stringify(Principal).includes("S3AutoDeleteObjects"),
    );
    expect(unexpected).toEqual([]);
  });

  test("the key rotates, and the ledger and the client's secret use it", () => {
    expect(synth.resource("AWS::KMS::Key", "Key").Properties["EnableKeyRotation"]).toBe(true);
    expect(synth.resource("AWS::SecretsManager::Secret", "Integra").Properties["KmsKeyId"]).toBe("<Key>");
    expect(synth.resource("AWS::DynamoDB::Table", "Ledger").Properties).toMatchObject({
      SSESpecification: { SSEEnabled: true, SSEType: "KMS", KMSMasterKeyId: "<Key>" },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  });

  test("a key that is deleted with the stack encrypts nothing that is kept", () => {
    const key = synth.resource("AWS::KMS::Key", "Key");
    const encrypted = ["AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::Logs::LogGroup"]
      .flatMap((type) => synth.resources(type))
      .filter(({ Properties }) => JSON.stringify(Properties).includes('"<Key>"'));
    const outliving = encrypted.filter(
      ({ DeletionPolicy }) => key.DeletionPolicy === "Delete" && DeletionPolicy !== "Delete",
    );
    expect(outliving.map(({ id }) => id)).toEqual([]);
  });
});

const lifecycle = (variant: "local" | "dev" | "prod") =>
  synthesised(variant).resource("AWS::S3::Bucket", "Landing/Bucket").Properties["LifecycleConfiguration"];

test("prod expires exports, documents, their pages, the quarantine, the bridge's records, old versions and unfinished uploads", () => {
  expect(lifecycle("prod")).toEqual({
    Rules: [
      {
        Id: "exports",
        Prefix: "exports/",
        Status: "Enabled",
        ExpirationInDays: 365,
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
      },
      {
        Id: "work",
        Prefix: "work/",
        Status: "Enabled",
        ExpirationInDays: 30,
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
      },
      {
        Id: "ccds",
        Prefix: "ccds/",
        Status: "Enabled",
        ExpirationInDays: 90,
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
      },
      {
        Id: "pages",
        Prefix: "pages/",
        Status: "Enabled",
        ExpirationInDays: 1,
        NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      },
      {
        Id: "quarantine",
        Prefix: "quarantine/",
        Status: "Enabled",
        ExpirationInDays: 90,
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
      },
      {
        Id: "audit",
        Prefix: "audit/",
        Status: "Enabled",
        ExpirationInDays: 2192,
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
      },
      { Id: "uploads", Status: "Enabled", AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
    ],
  });
});

test("without exportDays exports are kept for ever, and their old versions still expire", () => {
  const { Rules } = lifecycle("local") as { Rules: object[] };
  expect(Rules[0]).toEqual({
    Id: "exports",
    Prefix: "exports/",
    Status: "Enabled",
    NoncurrentVersionExpiration: { NoncurrentDays: 30 },
  });
});

const auditRules = (variant: "dev" | "prod", bucket: "Audit" | "Landing") =>
  statements(synthesised(variant).resource("AWS::S3::BucketPolicy", `${bucket}/Bucket`).Properties["PolicyDocument"])
    .filter(({ Sid = "" }) => Sid.startsWith("Audit"))
    .map(({ Sid, Effect, actions, resources, Condition }) => ({ Sid, Effect, actions, resources, Condition }));

const auditBucket = (variant: StageVariant) =>
  synthesised(variant).resource("AWS::S3::Bucket", "Audit/Bucket").Properties;

describe("the audit trail", () => {
  // The landing bucket has the records of releases up to 0.2.0.
  test.each([
    { id: "Audit", keys: ["access/*", "ccds/*", "exports/*"], alsoKept: ["reads/*"] },
    { id: "Landing", keys: ["audit/*"], alsoKept: [] },
  ] as const)(
    "the policy of a bucket with audit records denies every principal their replacement and deletion",
    ({ id, keys, alsoKept }) => {
      const [resources, kept] = [keys, [...keys, ...alsoKept]].map((some) =>
        some.map((key) => `<${id}/Bucket>/${key}`),
      );
      expect(auditRules("prod", id)).toEqual([
        {
          Sid: "AuditIsWrittenOnce",
          Effect: "Deny",
          actions: ["s3:PutObject"],
          resources,
          Condition: { Null: { "s3:if-none-match": "true" } },
        },
        {
          Sid: "AuditIsNotDeleted",
          Effect: "Deny",
          actions: ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"],
          resources: kept,
          Condition: undefined,
        },
      ]);
      // The CDK empties the bucket of dev before it deletes the bucket.
      expect(auditRules("dev", id).map(({ Sid }) => Sid)).toEqual(["AuditIsWrittenOnce"]);
    },
  );

  test.each([
    ["prod", { Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 2192 } } }],
    ["prod with every option", { Rule: { DefaultRetention: { Mode: "COMPLIANCE", Days: 2192 } } }],
    ["dev", {}],
    ["local", {}],
  ] as const)("Object Lock keeps each record of a stage for as long as its settings say", (variant, lock) => {
    expect(auditBucket(variant)).toMatchObject({
      VersioningConfiguration: { Status: "Enabled" },
      ObjectLockEnabled: true,
    });
    expect(auditBucket(variant)["ObjectLockConfiguration"]).toEqual({ ObjectLockEnabled: "Enabled", ...lock });
  });

  test("a record expires once its retention is over, and is then deleted with its old versions", () => {
    expect(auditBucket("prod")["LifecycleConfiguration"]).toEqual({
      Rules: [
        {
          Id: "expire",
          Status: "Enabled",
          ExpirationInDays: 2192,
          NoncurrentVersionExpiration: { NoncurrentDays: 30 },
        },
      ],
    });
  });
});

const deletionPolicies = (variant: "dev" | "prod") =>
  ["AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Logs::LogGroup"].flatMap((type) =>
    synthesised(variant)
      .resources(type)
      .map(({ DeletionPolicy }) => DeletionPolicy),
  );

test("prod keeps its data and its logs when the stack is deleted, and dev deletes them", () => {
  expect(new Set(deletionPolicies("prod"))).toEqual(new Set(["RetainExceptOnCreate"]));
  expect(new Set(deletionPolicies("dev"))).toEqual(new Set(["Delete"]));
  expect(synthesised("prod").resource("AWS::DynamoDB::Table", "Ledger").Properties["DeletionProtectionEnabled"]).toBe(
    true,
  );
});

describe("a first deployment that fails can be repeated", () => {
  test.each(variantNames)(
    "in %s, nothing stays behind after a failed deployment and takes its name away",
    (variant) => {
      const staying = synthesised(variant)
        .everyResource()
        .filter(({ DeletionPolicy }) => DeletionPolicy === "Retain");
      expect(staying.map(({ id }) => id)).toEqual([]);
    },
  );

  test("the ledger, which CloudFormation cannot delete, is created after everything else of its stack", async () => {
    const resources = Object.entries((await allTemplates()).prod["landing"]?.Resources ?? {});
    const [ledger, table] = resources.find(([, { Type }]) => Type === "AWS::DynamoDB::Table") ?? [];
    const { Properties, DependsOn } = table ?? {};
    const referenced = [...JSON.stringify(Properties).matchAll(/"Fn::GetAtt":\["(\w+)"/g)].map(([, id]) => id);
    const before = new Set([DependsOn ?? [], referenced].flat());
    const others = resources.map(([id]) => id).filter((id) => id !== ledger);
    expect(others.length).toBeGreaterThan(5);
    expect(others.filter((id) => !before.has(id))).toEqual([]);
  });
});
