import { describe, expect, test } from "vitest";
import { auditPrefixes, bucketPrefixes, readsPrefix } from "#platform/bucket/object-keys.ts";
import { statements } from "../policies.ts";
import { variantNames } from "../stage-variants.ts";
import { type Properties, synthesised } from "../synthesised.ts";

test.each(variantNames)(
  "in %s, a trail records reads exactly if the stage keeps data and is not the local AWS",
  (variant) => {
    const trails = synthesised(variant).resources("AWS::CloudTrail::Trail");
    expect(trails).toHaveLength(variant.startsWith("prod") ? 1 : 0);
  },
);

describe("the trail of reads", () => {
  const synth = synthesised("prod");
  const trail = synth.resource("AWS::CloudTrail::Trail", "Reads/Trail");
  const trailArn = "trail/integra-bridge-prod-reads";

  /** What the trail selects, by field. */
  const selected = (field: string): unknown => {
    const selectors = trail.Properties["AdvancedEventSelectors"] as { FieldSelectors: Properties[] }[];
    expect(selectors).toHaveLength(1);
    const found = selectors[0]?.FieldSelectors.find(({ Field }) => Field === field);
    return found?.["Equals"] ?? found?.["StartsWith"];
  };

  test("the trail writes encrypted, validated records to the audit bucket, below a prefix of its own", () => {
    expect(trail.Properties).toMatchObject({
      IsLogging: true,
      EnableLogFileValidation: true,
      KMSKeyId: "<Key>",
      S3BucketName: "<Audit/Bucket>",
      S3KeyPrefix: "reads",
      TrailName: "integra-bridge-prod-reads",
    });
    const prefixes: string[] = Object.values(auditPrefixes);
    expect(prefixes).not.toContain(readsPrefix);
  });

  test("the trail records reads of exports, documents, quarantined answers and audit records, and no management events", () => {
    expect(selected("eventCategory")).toEqual(["Data"]);
    expect(selected("resources.type")).toEqual(["AWS::S3::Object"]);
    expect(selected("readOnly")).toEqual(["true"]);
    const { exports, ccds, quarantine, audit } = bucketPrefixes;
    expect(selected("resources.ARN")).toEqual([
      ...[exports, ccds, quarantine, audit].map((prefix) => `<Landing/Bucket>/${prefix}`),
      ...Object.values(auditPrefixes).map((prefix) => `<Audit/Bucket>/${prefix}`),
    ]);
  });

  test("nothing that the trail writes, or that is copied of it, makes it write again", () => {
    const arns = selected("resources.ARN") as string[];
    expect(arns.length).toBeGreaterThan(0);
    const own = `<Audit/Bucket>/${readsPrefix}`;
    expect(arns.filter((arn) => own.startsWith(arn) || arn.startsWith(own))).toEqual([]);
  });

  test("the audit bucket admits CloudTrail for this trail only, and the trail is created after the policy", async () => {
    const policy = synth.resource("AWS::S3::BucketPolicy", "Audit/Bucket");
    const allowed = statements(policy.Properties["PolicyDocument"]).filter(({ Effect }) => Effect === "Allow");
    expect(allowed).toEqual([
      expect.objectContaining({
        Principal: { Service: "cloudtrail.amazonaws.com" },
        actions: ["s3:GetBucketAcl"],
        resources: ["<Audit/Bucket>"],
        Condition: { StringEquals: { "aws:SourceArn": trailArn } },
      }),
      expect.objectContaining({
        Principal: { Service: "cloudtrail.amazonaws.com" },
        actions: ["s3:PutObject"],
        resources: ["<Audit/Bucket>/reads/AWSLogs/<account>/*"],
        Condition: {
          StringEquals: { "s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceArn": trailArn },
        },
      }),
    ]);
    expect(trail.DependsOn).toEqual([expect.stringMatching(/^AuditBucketPolicy/)]);
  });

  test("nobody but CloudTrail writes below the trail's prefix, not even without a trail", () => {
    for (const variant of variantNames) {
      const { PolicyDocument } = synthesised(variant).resource("AWS::S3::BucketPolicy", "Audit/Bucket").Properties;
      expect(statements(PolicyDocument)).toContainEqual({
        Sid: "ReadsAreWrittenByCloudTrail",
        Effect: "Deny",
        Principal: { AWS: "*" },
        actions: ["s3:PutObject"],
        resources: ["<Audit/Bucket>/reads/*"],
        Condition: { StringNotEquals: { "aws:PrincipalServiceName": "cloudtrail.amazonaws.com" } },
      });
    }
  });

  test("the key admits CloudTrail for this trail", () => {
    const policy = statements(synth.resource("AWS::KMS::Key", "Key").Properties["KeyPolicy"]);
    const admitted = policy.filter(({ Principal }) => JSON.stringify(Principal).includes("cloudtrail"));
    expect(admitted.map(({ actions, Condition }) => ({ actions, Condition }))).toEqual([
      {
        actions: ["kms:DescribeKey", "kms:GenerateDataKey*"],
        Condition: { StringEquals: { "aws:SourceArn": trailArn } },
      },
      { actions: ["kms:Decrypt"], Condition: { StringEqualsIfExists: { "aws:SourceArn": trailArn } } },
    ]);
  });
});
