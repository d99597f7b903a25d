import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { maxPrefixCharacters, maxSubscribers } from "#infra/settings/platform.ts";
import { readStageSettings } from "#infra/settings.ts";
import { LandingStack } from "#infra/stacks/landing-stack.ts";
import { type Statement, statements } from "../policies.ts";
import { otherAccount } from "../stage-variants.ts";
import { type Properties, synthesised } from "../synthesised.ts";
import { cdkContext } from "../variant-app.ts";

const synth = synthesised("prod with every option");
const principal = (account: string) => ({ AWS: `arn:aws:iam::${account}:root` });

const bucketPolicy = synth.resource("AWS::S3::BucketPolicy", "Landing/Bucket").Properties["PolicyDocument"];
const keyPolicy = synth.resource("AWS::KMS::Key", "Key").Properties["KeyPolicy"];
const busPolicies = synth
  .resources("AWS::Events::EventBusPolicy")
  .flatMap(({ Properties: { Statement: statement } }) => statements({ Statement: [statement].flat() }));

/** The accounts that a statement names. */
const accountsOf = ({ Principal }: Statement): unknown[] => [(Principal as { AWS?: unknown }).AWS].flat();

const statementsFor = (all: Statement[], account: string): Statement[] =>
  all.filter((statement) => accountsOf(statement).includes(principal(account).AWS));

describe.each([
  ["another account", otherAccount, "Research", "exports/"],
  ["an account with a prefix of its own", "123456789012", "Registry", "exports/request-"],
])("%s that subscribes", (_, account, name, prefix) => {
  test("the account may read and list objects below its prefix only", () => {
    const allowed = statements(bucketPolicy).filter(({ Sid = "" }) => Sid.endsWith(name));
    expect(allowed).toEqual([
      {
        Sid: `Read${name}`,
        Effect: "Allow",
        Principal: principal(account),
        actions: ["s3:GetObject"],
        resources: [`<Landing/Bucket>/${prefix}*`],
      },
      {
        Sid: `List${name}`,
        Effect: "Allow",
        Principal: principal(account),
        actions: ["s3:ListBucket"],
        resources: ["<Landing/Bucket>"],
        Condition: { StringLike: { "s3:prefix": `${prefix}*` } },
      },
    ]);
  });

  test("the account may use the key to decrypt through S3 only", () => {
    expect(statementsFor(statements(keyPolicy), account)).toEqual([
      expect.objectContaining({
        actions: ["kms:Decrypt"],
        Condition: { StringEquals: { "kms:ViaService": "s3.<region>.amazonaws.com" } },
      }),
    ]);
  });

  test("the account may create, list, tag and delete its own rules on the bus, and may not put events on it", () => {
    const actions = statementsFor(busPolicies, account).flatMap((statement) => statement.actions);
    expect(actions.toSorted()).toEqual([
      "events:DeleteRule",
      "events:DescribeRule",
      "events:DisableRule",
      "events:EnableRule",
      "events:ListTagsForResource",
      "events:ListTargetsByRule",
      "events:PutRule",
      "events:PutTargets",
      "events:RemoveTargets",
      "events:TagResource",
      "events:UntagResource",
    ]);
    for (const { Condition = {}, resources } of statementsFor(busPolicies, account)) {
      expect(resources).toEqual(["rule/<Bus>/*"]);
      expect(Condition["StringEqualsIfExists"]).toMatchObject({ "events:creatorAccount": "${aws:PrincipalAccount}" });
    }
  });

  test("the account may create rules for the bridge's own events only", () => {
    const put = statementsFor(busPolicies, account).find(({ actions }) => actions.includes("events:PutRule"));
    // A rule without a source matches all events, and would satisfy a condition with …IfExists: the source must be there.
    expect((put?.Condition?.["Null"] as Properties | undefined)?.["events:source"]).toBe("false");
    expect(JSON.stringify(put?.Condition)).toMatch(/"events:source":\[?"integra-bridge"/);
  });
});

/** A text that is as long as the longest ARN or name behind a reference of these policies. */
const reference = "arn:aws-us-gov:s3:::integra-bridge-a-stage-with-20-chars-123456789012-us-gov-east-1";

/** The size of each policy in characters, with the longest names of a stage, a region and subscribers. */
function policySizes(subscriberCount: number): Record<"bucket" | "bus" | "key", number> {
  const subscribers = Array.from({ length: subscriberCount }, (_, index) => ({
    name: `${index}`.padEnd(32, "N"),
    accountId: String(index).padStart(12, "1"),
    prefix: "exports/".padEnd(maxPrefixCharacters, "p"),
  }));
  const stage = "a-stage-with-20-chars";
  const settings = readStageSettings(stage, { [stage]: { subscribers } }, {});
  const env = { account: "123456789012", region: "us-gov-east-1" };
  const stack = new LandingStack(new App({ context: cdkContext }), "landing", { stage, settings, env });
  const template = JSON.parse(JSON.stringify(Template.fromStack(stack)), (_, value: unknown) => filledIn(value)) as {
    Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
  };
  const policies = (type: string, property: string): unknown[] =>
    Object.values(template.Resources)
      .filter(({ Type }) => Type === type)
      .map(({ Properties }) => Properties[property]);
  const longest = (type: string, property: string): number =>
    Math.max(...policies(type, property).map((policy) => JSON.stringify(policy).length));
  return {
    bucket: longest("AWS::S3::BucketPolicy", "PolicyDocument"),
    bus: JSON.stringify({ Version: "2012-10-17", Statement: policies("AWS::Events::EventBusPolicy", "Statement") })
      .length,
    key: longest("AWS::KMS::Key", "KeyPolicy"),
  };
}

function filledIn(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("Ref" in value) return value.Ref === "AWS::Partition" ? "aws-us-gov" : reference;
  if ("Fn::GetAtt" in value) return reference;
  return "Fn::Join" in value ? (value["Fn::Join"] as [string, string[]])[1].join("") : value;
}

describe("the policies of a stage with as many subscribers as the settings accept, with the longest names", () => {
  const limits = { bucket: 20 * 1024, bus: 10_240, key: 32 * 1024 };

  test.each(["bucket", "bus", "key"] as const)("the policy of the %s is no larger than AWS accepts", (name) => {
    expect(policySizes(maxSubscribers)[name]).toBeLessThanOrEqual(limits[name]);
  });

  test("the policy of the bucket is the one that has no room for many more", () => {
    const [some, all] = [policySizes(1), policySizes(maxSubscribers)];
    const each = (all.bucket - some.bucket) / (maxSubscribers - 1);
    expect(Math.floor((limits.bucket - all.bucket) / each)).toBeLessThan(10);
  });
});

test("a stage without subscribers admits no other account", () => {
  expect(synthesised("prod").resources("AWS::Events::EventBusPolicy")).toEqual([]);
  const { Properties } = synthesised("prod").resource("AWS::S3::BucketPolicy", "Landing/Bucket");
  expect(statements(Properties["PolicyDocument"]).filter(({ Effect }) => Effect === "Allow")).toEqual([]);
});

describe("the example subscriber", () => {
  test("its rule matches all of the bridge's events", () => {
    expect(synth.resource("AWS::Events::Rule", "Subscription").Properties).toMatchObject({
      EventBusName: "<Bus>",
      EventPattern: { source: ["integra-bridge"] },
      Targets: [{ Arn: "<Events>", DeadLetterConfig: { Arn: "<DeadLetters>" } }],
    });
  });

  test("only its own rule may send to its queue", () => {
    const { Properties } = synth.resource("AWS::SQS::QueuePolicy", "Events");
    const allowed = statements(Properties["PolicyDocument"]).filter(({ Effect }) => Effect === "Allow");
    expect(allowed).toEqual([
      expect.objectContaining({
        Principal: { Service: "events.amazonaws.com" },
        Condition: { ArnEquals: { "aws:SourceArn": "<Subscription>" } },
      }),
    ]);
  });

  test("it is deployed only if the settings say so", () => {
    expect(synthesised("prod").resources("AWS::Events::Rule", "subscriber")).toEqual([]);
  });
});
