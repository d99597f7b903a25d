import { type CryptoKey, importJWK, type JWK } from "jose";
import * as z from "zod";
import { ClientKeyUnusable } from "#bulk-export/language/export-faults.ts";

/** The signing key, imported for jose. */
export interface SigningKey {
  kid: string;
  algorithm: "RS384" | "ES384";
  key: CryptoKey;
}

/** The content of the client's secret, parsed. */
export interface ClientKey {
  clientId: string;
  scope: string;
  signing: SigningKey;
}

/** Reads the current text of the secret. */
export type ReadSecret = () => Promise<string>;

/** The client's key, cached in this container. */
export interface CachedClientKey {
  /** The key as it was last read. It is the same object until the text of the secret changes. */
  current(): Promise<ClientKey>;
  /** Makes the next call of `current` read the secret again. */
  forget(): void;
}

/** The recommended lifetime of an access token. A key that was replaced is in use for this time at most. */
const cachedForMs = 300_000;

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

/** The members of RFC 7518, 6.2 and 6.3, that signing with RS384 or ES384 needs. */
const privateJwk = z.discriminatedUnion("kty", [rsaKey, ecKey]);

/**
 * The documented shape of the secret. The key in `current` signs. During a rotation, `next` holds the next key: its public half
 * is registered already, and it signs as soon as an operator moves it to `current`.
 */
const clientSecret = z.looseObject({
  clientId: z.string().min(1),
  scope: z.string().min(1),
  current: privateJwk,
  next: privateJwk.optional(),
});

/**
 * Parses the text of the client's secret. The type of the key determines the algorithm: RS384 for RSA, ES384 for EC (P-384).
 * IntegraConnect accepts these two (guide, "Algorithm Supported").
 * @throws ClientKeyUnusable, which names each missing or malformed field, and no value
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
 * Caches the client's key for five minutes, so that short-lived access tokens do not need a read of the secret each. `current`
 * throws the errors of `readSecret` and `parseClientKey`.
 * @param now milliseconds since the epoch
 */
export function cachedClientKey(readSecret: ReadSecret, now: () => number): CachedClientKey {
  let cached: { text: string; key: ClientKey } | undefined;
  let readAgainAt = 0;
  return {
    current: async () => {
      if (cached !== undefined && now() < readAgainAt) return cached.key;
      const readAt = now();
      const text = await readSecret();
      if (cached?.text !== text) cached = { text, key: await parseClientKey(text) };
      readAgainAt = readAt + cachedForMs;
      return cached.key;
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
    // The error of the import is not kept as the cause: it may quote key material.
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
