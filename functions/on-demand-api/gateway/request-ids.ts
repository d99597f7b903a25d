import { createHmac, hkdfSync, randomUUID } from "node:crypto";

/**
 * Derives the id of a request that its caller may repeat: the same caller and Idempotency-Key always give the same id. The id
 * is in logs, events and S3 keys, and a caller may build the key from data that identifies the patient. So the id is an
 * HMAC: the key cannot be found by trying values out.
 */
export type RepeatableId = (caller: string, idempotencyKey: string) => Promise<string>;

/** What is requested. Each kind has a prefix of its ids, and derives them with a key of its own. */
const kinds = {
  ccd: { prefix: "ccd-", purpose: "ids of requests for CCDs" },
  export: { prefix: "api-", purpose: "ids of exports" },
} as const;
export type RequestKind = keyof typeof kinds;

/**
 * @param secret returns a text of at least 32 random characters, the same at each call
 * @throws Error, from the returned function, if the secret is shorter
 */
export function repeatableIds(kind: RequestKind, secret: () => Promise<string>): RepeatableId {
  const { prefix, purpose } = kinds[kind];
  return async (caller, idempotencyKey) => {
    const text = await secret();
    if (text.length < 32) throw new Error(`the API's secret is too short to derive ${purpose}: it needs 32 characters`);
    const key = Buffer.from(hkdfSync("sha256", text, "", `integra-bridge: ${purpose}`, 32));
    const code = createHmac("sha256", key)
      .update(JSON.stringify([caller, idempotencyKey]))
      .digest("hex");
    return `${prefix}${code.slice(0, 32)}`;
  };
}

/** A new id for a request that cannot be repeated. */
export const randomId = (kind: RequestKind): string => `${kinds[kind].prefix}${randomUUID().replaceAll("-", "")}`;
