import { type PublishedKey, publicKeys } from "#client-keys/language/key-set.ts";
import type { ClientKeyLog } from "#client-keys/log.ts";
import { keySetMaxAgeSeconds } from "#platform/client-key/key-lifetimes.ts";

export interface JwksPorts {
  readKeys: () => Promise<readonly PublishedKey[]>;
  log: ClientKeyLog;
  /** Milliseconds since the epoch. */
  now: () => number;
}

export interface JwksResponse {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * Returns the public keys that a server may need, with the time for which it may keep them (RFC 7517, 5; SMART, "Registering a
 * client": URL to JWK Set). If the set cannot be read, servers are to keep what they have: 503, and nothing to cache.
 */
export const jwks =
  ({ readKeys, log, now }: JwksPorts) =>
  async (): Promise<JwksResponse> => {
    try {
      const keys = publicKeys(await readKeys(), now());
      return response(200, `public, max-age=${keySetMaxAgeSeconds}`, { keys });
    } catch (error) {
      log.error("KEY_SET_UNREADABLE", {
        error: error instanceof Error ? `${error.name}: ${error.message}` : "unknown",
      });
      return response(503, "no-store", { message: "The key set cannot be read at the moment. Try again later." });
    }
  };

const response = (statusCode: number, caching: string, body: object): JwksResponse => ({
  statusCode,
  headers: { "content-type": "application/json", "cache-control": caching, "x-content-type-options": "nosniff" },
  body: JSON.stringify(body),
});
