import { describe, expect, test } from "vitest";
import { type Statement, statements } from "./policies.ts";
import { otherAccount } from "./stage-variants.ts";
import { type Properties, synthesised } from "./synthesised.ts";

const synth = synthesised("prod with every option");
const principal = (account: string) => ({ AWS: `arn:aws:iam::${account}:root` });

const bucketPolicy = synth.resource("AWS::S3::BucketPolicy", "Landing/Bucket").Properties["PolicyDocument"];
const keyPolicy = synth.resource("AWS::KMS::Key", "Key").Properties["KeyPolicy"];
const busPolicies = synth
  .resources("AWS::Events::EventBusPolicy")
  .flatMap(({ Properties: { Statement: statement } }) => statements({ Statement: [statement].flat() }));

const given = (all: Statement[], account: string): Statement[] =>
  all.filter(({ Principal }) => JSON.stringify(Principal) === JSON.stringify(principal(account)));

describe.each([
  ["another account", otherAccount, "Research", "exports/"],
  ["an account that may see some exports only", "123456789012", "Registry", "exports/request-"],
])("%s that subscribes", (_, account, name, prefix) => {
  test("may read and list what landed below its prefix, and nothing else", () => {
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

  test("may use the key to decrypt through S3 only", () => {
    expect(given(statements(keyPolicy), account)).toEqual([
      expect.objectContaining({
        actions: ["kms:Decrypt"],
        Condition: { StringEquals: { "kms:ViaService": "s3.<region>.amazonaws.com" } },
      }),
    ]);
  });

  test("may make and remove rules of its own on the bus, and put no events on it", () => {
    const actions = given(busPolicies, account).flatMap((statement) => statement.actions);
    expect(actions.toSorted()).toEqual([
      "events:DeleteRule",
      "events:DescribeRule",
      "events:PutRule",
      "events:PutTargets",
      "events:RemoveTargets",
    ]);
    for (const { Condition = {}, resources } of given(busPolicies, account)) {
      expect(resources).toEqual(["rule/<Bus>/*"]);
      expect(Condition["StringEqualsIfExists"]).toMatchObject({ "events:creatorAccount": "${aws:PrincipalAccount}" });
    }
  });

  test("may make rules for the bridge's own events only", () => {
    const put = given(busPolicies, account).find(({ actions }) => actions.includes("events:PutRule"));
    // A rule that names no source matches all of them, and …IfExists lets it pass: the source must be there.
    expect((put?.Condition?.["Null"] as Properties | undefined)?.["events:source"]).toBe("false");
    expect(JSON.stringify(put?.Condition)).toMatch(/"events:source":\[?"integra-bridge"/);
  });
});

test("without subscribers nobody is let in", () => {
  expect(synthesised("prod").resources("AWS::Events::EventBusPolicy")).toEqual([]);
  const { Properties } = synthesised("prod").resource("AWS::S3::BucketPolicy", "Landing/Bucket");
  expect(statements(Properties["PolicyDocument"]).filter(({ Effect }) => Effect === "Allow")).toEqual([]);
});

describe("the example subscriber", () => {
  test("hears all of the bridge's events", () => {
    expect(synth.resource("AWS::Events::Rule", "Subscription").Properties).toMatchObject({
      EventBusName: "<Bus>",
      EventPattern: { source: ["integra-bridge"] },
      Targets: [{ Arn: "<Events>", DeadLetterConfig: { Arn: "<DeadLetters>" } }],
    });
  });

  test("lets its own rule alone send to its queue", () => {
    const { Properties } = synth.resource("AWS::SQS::QueuePolicy", "Events");
    const allowed = statements(Properties["PolicyDocument"]).filter(({ Effect }) => Effect === "Allow");
    expect(allowed).toEqual([
      expect.objectContaining({
        Principal: { Service: "events.amazonaws.com" },
        Condition: { ArnEquals: { "aws:SourceArn": "<Subscription>" } },
      }),
    ]);
  });

  test("is deployed where the settings ask for it only", () => {
    expect(synthesised("prod").resources("AWS::Events::Rule", "subscriber")).toEqual([]);
  });
});
