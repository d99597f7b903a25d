import { createHmac, hkdfSync, randomUUID } from "node:crypto";

/**
 * The id of a request that its caller may send again: the same for the same caller and Idempotency-Key. A caller may well
 * make the key of what names the patient, and the id is in logs, events and keys: so it is an HMAC, which nobody can try out.
 */
export type RepeatableId = (caller: string, idempotencyKey: string) => Promise<string>;

/** @param secret gives a text of at least 32 random characters, the same at each call */
export function repeatableIds(secret: () => Promise<string>): RepeatableId {
  return async (caller, idempotencyKey) => {
    const text = await secret();
    if (text.length < 32) throw new Error("the secret of the requests' ids is too short");
    const key = Buffer.from(hkdfSync("sha256", text, "", "integra-bridge: ids of requests for CCDs", 32));
    const code = createHmac("sha256", key)
      .update(JSON.stringify([caller, idempotencyKey]))
      .digest("hex");
    return `ccd-${code.slice(0, 32)}`;
  };
}

/** The id of a request that cannot be sent again. */
export const randomId = (): string => `ccd-${randomUUID().replaceAll("-", "")}`;
