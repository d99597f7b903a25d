import { describe, expect, test } from "vitest";
import { type Statement, statements } from "../policies.ts";
import { otherAccount } from "../stage-variants.ts";
import { type Properties, synthesised } from "../synthesised.ts";

const synth = synthesised("prod with every option");
const principal = (account: string) => ({ AWS: `arn:aws:iam::${account}:root` });

const bucketPolicy = synth.resource("AWS::S3::BucketPolicy", "Landing/Bucket").Properties["PolicyDocument"];
const keyPolicy = synth.resource("AWS::KMS::Key", "Key").Properties["KeyPolicy"];
const busPolicies = synth
  .resources("AWS::Events::EventBusPolicy")
  .flatMap(({ Properties: { Statement: statement } }) => statements({ Statement: [statement].flat() }));

const statementsFor = (all: Statement[], account: string): Statement[] =>
  all.filter(({ Principal }) => JSON.stringify(Principal) === JSON.stringify(principal(account)));

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

  test("the account may create and delete its own rules on the bus, and may not put events on it", () => {
    const actions = statementsFor(busPolicies, account).flatMap((statement) => statement.actions);
    expect(actions.toSorted()).toEqual([
      "events:DeleteRule",
      "events:DescribeRule",
      "events:PutRule",
      "events:PutTargets",
      "events:RemoveTargets",
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
