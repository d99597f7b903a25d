import { describe, expect, it } from "vitest";
import { keyPolicyFaults, requiresTls } from "#cli/smoke/policy-faults.ts";

const policyOf = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });

const root = { Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "kms:*", Resource: "*" };
const logs = {
  Effect: "Allow",
  Principal: { Service: "logs.eu-west-1.amazonaws.com" },
  Action: ["kms:Encrypt*"],
  Resource: "*",
  Condition: { ArnLike: { "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:111122223333:log-group:*" } },
};
const account = (id: string) => ({ ...root, Principal: { AWS: [`arn:aws:iam::${id}:root`] }, Action: "kms:Decrypt" });

const accounts = { own: "111122223333", subscribers: ["444455556666"] };

describe("keyPolicyFaults", () => {
  it.each([
    ["this account and CloudWatch Logs", [root, logs]],
    ["a subscriber", [root, logs, account("444455556666")]],
    [
      "a role of this account",
      [root, logs, { ...root, Principal: { AWS: "arn:aws:iam::111122223333:role/operator" } }],
    ],
    ["the account by its number, in another partition", [{ ...root, Principal: { AWS: "111122223333" } }, logs]],
    ["another account by a Deny", [root, logs, { ...account("999999999999"), Effect: "Deny" }]],
  ])("a policy that names %s has no fault", (_, statements) => {
    expect(keyPolicyFaults(policyOf(...statements), accounts)).toEqual([]);
  });

  it.each([
    ["an unknown account", [root, logs, account("999999999999")], "the policy admits the account 999999999999"],
    ["everyone", [root, logs, { ...root, Principal: "*" }], "the policy admits every account"],
    ["everyone as AWS", [root, logs, { ...root, Principal: { AWS: "*" } }], "the policy admits every account"],
    [
      "a service without a condition",
      [root, logs, { ...root, Principal: { Service: "cloudwatch.amazonaws.com" } }],
      "the policy admits cloudwatch.amazonaws.com for every account",
    ],
    ["no logs", [root], "the policy does not admit CloudWatch Logs"],
    ["not its own account", [logs], "the policy does not leave the key to its own account"],
  ])("a policy with %s has a fault", (_, statements, fault) => {
    expect(keyPolicyFaults(policyOf(...statements), accounts)).toEqual([fault]);
  });
});

describe("requiresTls", () => {
  const deny = {
    Effect: "Deny",
    Principal: { AWS: "*" },
    Action: "s3:*",
    Resource: ["arn:aws-cn:s3:::landing", "arn:aws-cn:s3:::landing/*"],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };

  it.each([
    ["the CDK's statement", deny],
    ["the principal as a text", { ...deny, Principal: "*" }],
    ["the condition as a boolean", { ...deny, Condition: { Bool: { "aws:SecureTransport": false } } }],
  ])("is true for %s", (_, statement) => {
    expect(requiresTls(policyOf(statement), "landing")).toBe(true);
  });

  it.each([
    ["an Allow", { ...deny, Effect: "Allow" }],
    ["some actions", { ...deny, Action: "s3:GetObject" }],
    ["the objects alone", { ...deny, Resource: "arn:aws:s3:::landing/*" }],
    ["another bucket", { ...deny, Resource: ["arn:aws:s3:::other", "arn:aws:s3:::other/*"] }],
    ["some principals", { ...deny, Principal: { AWS: "arn:aws:iam::111122223333:root" } }],
    ["requests with TLS", { ...deny, Condition: { Bool: { "aws:SecureTransport": "true" } } }],
    ["no condition", { ...deny, Condition: undefined }],
  ])("is false for %s", (_, statement) => {
    expect(requiresTls(policyOf(statement), "landing")).toBe(false);
  });
});
