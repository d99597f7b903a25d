import { type PublishedKey, settledKeys } from "#client-keys/language/key-set.ts";
import { type ClientKeys, parseClientKeys } from "#platform/client-key/client-secret.ts";
import { type KmsKeys, publicJwkOf } from "#platform/client-key/signing-key.ts";
import type { KeySetStore } from "./records/key-set-store.ts";
import type { SecretVersions } from "./secret/secret-versions.ts";

export interface PublicationPorts {
  secret: Pick<SecretVersions, "current" | "pending">;
  keySet: KeySetStore;
  kms: Pick<KmsKeys, "publicKey">;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Makes the public key set follow the secret (`settledKeys`). It may be called at any time and by several processes: the secret
 * is read after the set, and the set is written only if nobody else wrote it in between.
 * The function that it returns throws ClientKeyUnusable if the secret is malformed.
 */
export function keyPublication({ secret, keySet, kms, now }: PublicationPorts): () => Promise<readonly PublishedKey[]> {
  return () =>
    keySet.change(async (keys) => {
      const current = await secret.current();
      if (current === undefined) return keys;
      const inUse = parseClientKeys(current.text);
      const pending = await secret.pending();
      const others = [...laterKeys(inUse), ...(pending === undefined ? [] : laterKeys(parseClientKeys(pending.text)))];
      return settledKeys(
        keys,
        {
          current: await publicJwkOf(inUse.current, kms),
          others: await Promise.all(others.map((key) => publicJwkOf(key, kms))),
        },
        now(),
      );
    });
}

const laterKeys = ({ next }: ClientKeys) => (next === undefined ? [] : [next]);
