import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { algorithmOf, type KmsKey, type SigningAlgorithm, type StoredKey } from "./client-secret.ts";
import type { PublicJwk } from "./public-jwk.ts";

/** The port for signing: a key from the secret and a key in KMS look the same. */
export interface SigningKey {
  kid: string;
  algorithm: SigningAlgorithm;
  /** The signature in the form of JWS: for ES384 the two numbers as 96 bytes (RFC 7518, 3.4). */
  sign: (input: Uint8Array) => Promise<Uint8Array>;
}

/** What this process can do with keys in KMS. */
export interface KmsKeys {
  sign: (key: KmsKey, input: Uint8Array) => Promise<Uint8Array>;
  /** The public half, as DER (RFC 5280, SubjectPublicKeyInfo). */
  publicKey: (key: KmsKey) => Promise<Uint8Array>;
}

/**
 * Makes a stored key ready to sign.
 * @throws ClientKeyUnusable if the key is no valid private key
 */
export function signingKey(stored: StoredKey, kms: Pick<KmsKeys, "sign">): SigningKey {
  const algorithm = algorithmOf(stored);
  if (stored.kty === "KMS") return { kid: stored.kid, algorithm, sign: (input) => kms.sign(stored, input) };
  const key = privateKey(stored);
  return {
    kid: stored.kid,
    algorithm,
    sign: (input) => Promise.resolve(sign("sha384", input, { key, dsaEncoding: "ieee-p1363" })),
  };
}

/**
 * The public half of a stored key.
 * @throws ClientKeyUnusable if the key is no valid private key
 */
export async function publicJwkOf(stored: StoredKey, kms: Pick<KmsKeys, "publicKey">): Promise<PublicJwk> {
  const key =
    stored.kty === "KMS"
      ? createPublicKey({ key: Buffer.from(await kms.publicKey(stored)), format: "der", type: "spki" })
      : createPublicKey(privateKey(stored));
  const { kty = "", n, e, crv, x, y } = key.export({ format: "jwk" });
  const numbers = Object.fromEntries(Object.entries({ n, e, crv, x, y }).filter(([, value]) => value !== undefined));
  return { kty, ...numbers, kid: stored.kid, alg: algorithmOf(stored), use: "sig" };
}

function privateKey(jwk: Exclude<StoredKey, KmsKey>): KeyObject {
  try {
    return createPrivateKey({ key: jwk, format: "jwk" });
  } catch {
    // The error of the import is not kept as the cause: it may quote key material.
    throw new ClientKeyUnusable("the client's secret cannot be used: a key is not a valid private JWK");
  }
}
