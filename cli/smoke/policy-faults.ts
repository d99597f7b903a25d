import * as z from "zod";

const oneOrMore = z.union([z.string(), z.array(z.string())]).transform((given) => [given].flat());

const statement = z.looseObject({
  Sid: z.string().optional(),
  Effect: z.enum(["Allow", "Deny"]),
  Principal: z
    .union([z.literal("*"), z.record(z.string(), oneOrMore)])
    .transform((given) => (given === "*" ? { AWS: ["*"] } : given))
    .default({}),
  Action: oneOrMore.default([]),
  Resource: oneOrMore.default([]),
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});

const policy = z.looseObject({
  Statement: z.union([statement, z.array(statement)]).transform((given) => [given].flat()),
});

type Statement = z.infer<typeof statement>;

const statementsOf = (text: string): Statement[] => policy.parse(JSON.parse(text)).Statement;

/**
 * What is wrong with the policy of the stage's key. The key must stay in the hands of its account, CloudWatch Logs must be
 * able to use it, and no account may use it but this one and the subscribers.
 * @param text the policy, as KMS returns it
 */
export function keyPolicyFaults(text: string, accounts: { own: string; subscribers: readonly string[] }): string[] {
  const allowed = statementsOf(text).filter(({ Effect }) => Effect === "Allow");
  const known = new Set([accounts.own, ...accounts.subscribers]);
  const faults = allowed.flatMap(({ Principal, Condition }) => [
    ...(Principal["AWS"] ?? []).flatMap((principal) => {
      if (principal === "*") return ["the policy admits every account"];
      const account = /^(?:arn:[\w-]+:(?:iam|sts)::)?(\d{12})\b/.exec(principal)?.[1];
      return account === undefined || known.has(account) ? [] : [`the policy admits the account ${account}`];
    }),
    ...(Condition === undefined ? (Principal["Service"] ?? []) : []).map(
      (service) => `the policy admits ${service} for every account`,
    ),
  ]);
  const admits = (kind: string, wanted: RegExp) =>
    allowed.some(({ Principal }) => Principal[kind]?.some((principal) => wanted.test(principal)));
  if (!admits("AWS", new RegExp(`^(?:arn:[\\w-]+:iam::${accounts.own}:root|${accounts.own})$`)))
    faults.push("the policy does not leave the key to its own account");
  if (!admits("Service", /^logs\./)) faults.push("the policy does not admit CloudWatch Logs");
  return faults;
}

/** Whether a bucket's policy denies all requests without TLS, to the bucket and to its objects. */
export function requiresTls(text: string, bucket: string): boolean {
  return statementsOf(text).some(
    ({ Effect, Principal, Action, Resource, Condition }) =>
      Effect === "Deny" &&
      Principal["AWS"]?.includes("*") === true &&
      Action.includes("s3:*") &&
      [`:s3:::${bucket}`, `:s3:::${bucket}/*`].every((arn) => Resource.some((resource) => resource.endsWith(arn))) &&
      String(Condition?.["Bool"]?.["aws:SecureTransport"]) === "false",
  );
}
