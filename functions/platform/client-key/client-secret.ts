import * as z from "zod";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";

/** The algorithms that IntegraConnect accepts (guide, "Algorithm Supported"). */
export const signingAlgorithms = ["RS384", "ES384"] as const;
export type SigningAlgorithm = (typeof signingAlgorithms)[number];

const member = z.string().min(1);

const rsaKey = z.looseObject({
  kty: z.literal("RSA"),
  kid: member,
  alg: z.literal("RS384").optional(),
  n: member.refine((modulus) => Buffer.from(modulus, "base64url").length >= 256, "must have at least 2048 bits"),
  e: member,
  d: member,
  p: member,
  q: member,
  dp: member,
  dq: member,
  qi: member,
});

const ecKey = z.looseObject({
  kty: z.literal("EC"),
  kid: member,
  alg: z.literal("ES384").optional(),
  crv: z.literal("P-384"),
  x: member,
  y: member,
  d: member,
});

/** A key that is in KMS and never leaves it. `kty` is no type of RFC 7518: the secret has only the key's name. */
const kmsKey = z.looseObject({
  kty: z.literal("KMS"),
  kid: member,
  alg: z.enum(signingAlgorithms),
  keyArn: z.string().regex(/^arn:[\w-]+:kms:/),
});

export type KmsKey = z.infer<typeof kmsKey>;

/** A signing key as the secret has it: a private JWK (RFC 7518, 6.2 and 6.3) for RS384 or ES384, or the name of a key in KMS. */
const storedKey = z.discriminatedUnion("kty", [rsaKey, ecKey, kmsKey]);

export type StoredKey = z.infer<typeof storedKey>;

/** The keys of the secret. Client id and scope are absent until Product Support has registered the client. */
const clientKeys = z.looseObject({
  clientId: z.string().min(1).optional(),
  scope: z.string().min(1).optional(),
  current: storedKey,
  next: storedKey.optional(),
  /** In a version that a rotation made: the version that it replaces. */
  rotatedFrom: z.string().optional(),
});

export type ClientKeys = z.infer<typeof clientKeys>;

/**
 * The documented shape of the secret. The key in `current` signs. `next` is published already, and the next rotation makes it
 * `current`.
 */
const clientSecret = clientKeys.extend({ clientId: z.string().min(1), scope: z.string().min(1) });

export type ClientSecret = z.infer<typeof clientSecret>;

/**
 * Parses the text of the client's secret.
 * @throws ClientKeyUnusable, which names each missing or malformed field, and no value
 */
export function parseClientSecret(text: string): ClientSecret {
  return parseWith(clientSecret, text);
}

/**
 * Parses the keys of a secret whose client may not be registered yet.
 * @throws ClientKeyUnusable, which names each missing or malformed field, and no value
 */
export function parseClientKeys(text: string): ClientKeys {
  return parseWith(clientKeys, text);
}

/** Whether the text may have keys. A secret that CloudFormation has just created has a random text. */
export function hasKeys(text: string): boolean {
  try {
    const members: unknown = JSON.parse(text);
    return typeof members === "object" && members !== null && "current" in members;
  } catch {
    return false;
  }
}

/** The algorithm of a key: that of its type, or of its KMS key. */
export function algorithmOf(key: StoredKey): SigningAlgorithm {
  if (key.kty === "KMS") return key.alg;
  return key.kty === "RSA" ? "RS384" : "ES384";
}

function parseWith<Secret>(schema: z.ZodType<Secret>, text: string): Secret {
  const secret = schema.safeParse(parseJson(text));
  if (secret.success) return secret.data;
  const faults = secret.error.issues.map((issue) => `${issue.path.join(".") || "the secret"} ${faultOf(issue)}`);
  throw new ClientKeyUnusable(`the client's secret cannot be used: ${faults.join("; ")}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ClientKeyUnusable(
      'the client\'s secret cannot be used: it is not JSON (expected {"clientId", "scope", "current": <private JWK>})',
    );
  }
}

function faultOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${issue.expected === "object" ? "an object" : `a ${issue.expected}`}, or is missing`;
    case "invalid_value":
      return `must be ${issue.values.join(" or ")}, or is missing`;
    case "invalid_union":
      return "must be RSA, EC or KMS, or is missing";
    case "invalid_format":
      return "is malformed";
    case "custom":
      return issue.message;
    default:
      return "is empty";
  }
}
