import { generateKeyPair, randomUUID } from "node:crypto";
import { promisify } from "node:util";
import type { JSONWebKeySet } from "jose";
import { type KmsKey, type SigningAlgorithm, type StoredKey } from "#platform/client-key/client-secret.ts";
import { publicJwkOf } from "#platform/client-key/signing-key.ts";

/**
 * Creates a private key that signs client assertions: RSA with 3072 bits for RS384, P-384 for ES384 (guide, "Algorithm
 * Supported").
 */
export async function createPrivateKey(algorithm: SigningAlgorithm): Promise<Exclude<StoredKey, KmsKey>> {
  const { privateKey } =
    algorithm === "RS384"
      ? await promisify(generateKeyPair)("rsa", { modulusLength: 3072 })
      : await promisify(generateKeyPair)("ec", { namedCurve: "P-384" });
  const jwk = privateKey.export({ format: "jwk" }) as Exclude<StoredKey, KmsKey>;
  return { ...jwk, kid: randomUUID(), use: "sig", alg: algorithm } as Exclude<StoredKey, KmsKey>;
}

export interface ClientKeyPair {
  /** For the client's secret, as `current` or `next`. */
  privateJwk: Exclude<StoredKey, KmsKey>;
  /** For IntegraConnect, which registers the client with it. */
  publicJwks: JSONWebKeySet;
}

/** Creates a key pair that signs client assertions. */
export async function createClientKeyPair(algorithm: SigningAlgorithm): Promise<ClientKeyPair> {
  const privateJwk = await createPrivateKey(algorithm);
  const publicKey = await publicJwkOf(privateJwk, { publicKey: () => Promise.reject(new Error("not in KMS")) });
  return { privateJwk, publicJwks: { keys: [JSON.parse(JSON.stringify(publicKey)) as JSONWebKeySet["keys"][number]] } };
}

/**
 * The KMS key that becomes the next one: the first of the stage's keys that is not in the set. A key that signed once is never
 * taken again.
 * @param keyArns the stage's keys, oldest first
 */
export function unusedKmsKey(
  keyArns: readonly string[],
  usedKids: ReadonlySet<string>,
  alg: SigningAlgorithm,
): KmsKey | undefined {
  return keyArns
    .map((keyArn): KmsKey => ({ kty: "KMS", kid: keyArn.split("/").at(-1) ?? keyArn, alg, keyArn }))
    .find(({ kid }) => !usedKids.has(kid));
}
