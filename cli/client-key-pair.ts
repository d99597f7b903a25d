import { randomUUID } from "node:crypto";
import { exportJWK, generateKeyPair, type JSONWebKeySet, type JWK } from "jose";

export type KeyAlgorithm = "RS384" | "ES384";

export interface ClientKeyPair {
  /** For the client's secret, as `current` or `next`. */
  privateJwk: JWK & { kid: string };
  /** For IntegraConnect, which registers the client with it. */
  publicJwks: JSONWebKeySet;
}

/**
 * Creates a key pair that signs client assertions: RSA with 3072 bits for RS384, P-384 for ES384 (guide, "Algorithm
 * Supported").
 */
export async function createClientKeyPair(algorithm: KeyAlgorithm): Promise<ClientKeyPair> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true, modulusLength: 3072 });
  const common = { kid: randomUUID(), alg: algorithm, use: "sig" };
  return {
    privateJwk: { ...(await exportJWK(privateKey)), ...common },
    publicJwks: { keys: [{ ...(await exportJWK(publicKey)), ...common, key_ops: ["verify"] }] },
  };
}
