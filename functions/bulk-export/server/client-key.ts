import { type CryptoKey, importJWK, type JWK } from "jose";
import * as z from "zod";
import { ClientKeyUnusable } from "#bulk-export/language/export-faults.ts";

/** The key that signs, ready for jose. */
export interface SigningKey {
  kid: string;
  algorithm: "RS384" | "ES384";
  key: CryptoKey;
}

/** What the client's secret holds, ready for use. */
export interface ClientKey {
  clientId: string;
  scope: string;
  signing: SigningKey;
}

/** Reads the secret's text as it is now. */
export type ReadSecret = () => Promise<string>;

/** The client's key as this container knows it. */
export interface KnownClientKey {
  /** The key as it was read last; the very same object as long as the secret's text is the same. */
  current(): Promise<ClientKey>;
  /** Makes the next call of `current` read the secret. */
  forget(): void;
}

/** As long as an access token lives by recommendation: after that time nobody uses a key that was replaced. */
const knownForMs = 300_000;

const member = z.string().min(1);

const rsaKey = z.looseObject({
  kty: z.literal("RSA"),
  kid: member,
  alg: z.literal("RS384").optional(),
  n: member.refine((modulus) => Buffer.from(modulus, "base64url").length >= 256, "must be of at least 2048 bits"),
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

/** RFC 7518, 6.2 and 6.3, as far as signing with RS384 or ES384 needs it. */
const privateJwk = z.discriminatedUnion("kty", [rsaKey, ecKey]);

/**
 * The secret's documented shape. `current` signs; `next`, while a rotation is under way, is the key whose public half
 * is already registered and that takes over when it is moved to `current`.
 */
const clientSecret = z.looseObject({
  clientId: z.string().min(1),
  scope: z.string().min(1),
  current: privateJwk,
  next: privateJwk.optional(),
});

/**
 * The client's identity from the secret's text. The algorithm follows the key's type: RSA signs RS384, EC (P-384) signs
 * ES384, the two that IntegraConnect accepts (guide, "Algorithm Supported").
 * @throws ClientKeyUnusable naming each missing or malformed field, never a value
 */
export async function parseClientKey(secretText: string): Promise<ClientKey> {
  const secret = clientSecret.safeParse(parseJson(secretText));
  if (!secret.success) {
    const faults = secret.error.issues.map((issue) => `${issue.path.join(".") || "the secret"} ${faultOf(issue)}`);
    throw new ClientKeyUnusable(`the client's secret cannot be used: ${faults.join("; ")}`);
  }
  const { clientId, scope, current } = secret.data;
  return { clientId, scope, signing: await signingKey(current) };
}

/**
 * Keeps the client's key for five minutes, so that tokens that live for seconds do not cost a reading of the secret each.
 * `current` throws what `readSecret` and `parseClientKey` throw.
 * @param now milliseconds since the epoch
 */
export function knownClientKey(readSecret: ReadSecret, now: () => number): KnownClientKey {
  let known: { text: string; key: ClientKey } | undefined;
  let readAgainAt = 0;
  return {
    current: async () => {
      if (known !== undefined && now() < readAgainAt) return known.key;
      const readAt = now();
      const text = await readSecret();
      if (known?.text !== text) known = { text, key: await parseClientKey(text) };
      readAgainAt = readAt + knownForMs;
      return known.key;
    },
    forget: () => {
      readAgainAt = 0;
    },
  };
}

async function signingKey(jwk: z.infer<typeof privateJwk>): Promise<SigningKey> {
  const algorithm = jwk.kty === "RSA" ? "RS384" : "ES384";
  try {
    const key = await importJWK(jwk as JWK, algorithm);
    if (key instanceof Uint8Array) throw new TypeError("a symmetric key");
    return { kid: jwk.kid, algorithm, key };
  } catch {
    // The import's own error is dropped on purpose: it may quote key material.
    throw new ClientKeyUnusable("the client's secret cannot be used: current is not a valid private JWK");
  }
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
      return "must be RSA or EC, or is missing";
    case "custom":
      return issue.message;
    default:
      return "is empty";
  }
}
