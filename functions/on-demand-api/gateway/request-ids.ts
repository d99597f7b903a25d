import { createHmac, hkdfSync, randomUUID } from "node:crypto";

/** The ids of requests. */
export interface RequestIds {
  /**
   * Derives the id of a request that its caller may repeat: the same caller and Idempotency-Key always give the same id. The id
   * is in logs, events and S3 keys, and a caller may build the key from data that identifies the patient. So the id is an
   * HMAC: the key cannot be found by trying values out.
   * @throws Error if the secret is too short
   */
  repeatable: (caller: string, idempotencyKey: string) => Promise<string>;
  /** A new id for a request that cannot be repeated. */
  random: () => string;
}

/** What is requested. Each kind has a prefix of its ids, and derives them with a key of its own. */
const kinds = {
  ccd: { prefix: "ccd-", purpose: "ids of requests for CCDs" },
  export: { prefix: "api-", purpose: "ids of exports" },
} as const;

/** @param secret returns a text of at least 32 random characters, the same at each call */
export function requestIds(kind: keyof typeof kinds, secret: () => Promise<string>): RequestIds {
  const { prefix, purpose } = kinds[kind];
  return {
    random: () => `${prefix}${randomUUID().replaceAll("-", "")}`,
    repeatable: async (caller, idempotencyKey) => {
      const text = await secret();
      if (text.length < 32)
        throw new Error(`the API's secret is too short to derive ${purpose}: it needs 32 characters`);
      const key = Buffer.from(hkdfSync("sha256", text, "", `integra-bridge: ${purpose}`, 32));
      const code = createHmac("sha256", key)
        .update(JSON.stringify([caller, idempotencyKey]))
        .digest("hex");
      return `${prefix}${code.slice(0, 32)}`;
    },
  };
}
