import { type ClientSecret, parseClientSecret } from "./client-secret.ts";
import { keyCachedSeconds } from "./key-lifetimes.ts";
import { type KmsKeys, type SigningKey, signingKey } from "./signing-key.ts";

/** The content of the client's secret, parsed, with its current key ready to sign. */
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

/**
 * Parses the text of the client's secret. The key determines the algorithm: RS384 for RSA, ES384 for EC (P-384), and for a key
 * in KMS what the secret says.
 * @throws ClientKeyUnusable, which names each missing or malformed field, and no value
 */
export function parseClientKey(secretText: string, kms: Pick<KmsKeys, "sign">): ClientKey {
  const { clientId, scope, current }: ClientSecret = parseClientSecret(secretText);
  return { clientId, scope, signing: signingKey(current, kms) };
}

/**
 * Caches the client's key for five minutes, so that short-lived access tokens do not need a read of the secret each. `current`
 * throws the errors of `readSecret` and `parseClientKey`.
 * @param now milliseconds since the epoch
 */
export function cachedClientKey(
  readSecret: ReadSecret,
  kms: Pick<KmsKeys, "sign">,
  now: () => number,
): CachedClientKey {
  let cached: { text: string; key: ClientKey } | undefined;
  let readAgainAt = 0;
  return {
    current: async () => {
      if (cached !== undefined && now() < readAgainAt) return cached.key;
      const readAt = now();
      const text = await readSecret();
      if (cached?.text !== text) cached = { text, key: parseClientKey(text, kms) };
      readAgainAt = readAt + keyCachedSeconds * 1000;
      return cached.key;
    },
    forget: () => {
      readAgainAt = 0;
    },
  };
}
