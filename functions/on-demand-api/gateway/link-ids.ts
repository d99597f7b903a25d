import { createHmac, hkdfSync, randomUUID } from "node:crypto";

/**
 * The ids of links and the tokens of their one-time URLs, derived from the API's own secret, so that a repeated POST gets the same
 * answer although the ledger has digests only.
 */
export interface LinkIds {
  /** The same caller and Idempotency-Key always give the same id. */
  repeatable(caller: string, idempotencyKey: string): Promise<string>;
  /** A new id for a link whose POST cannot be repeated. */
  random(): string;
  /** The token of a launch: the link's id and the time of the launch (milliseconds since the epoch) always give the same one. */
  token(linkId: string, launchedAt: number): Promise<string>;
}

/**
 * @param secret returns a text of at least 32 random characters, the same at each call
 * @throws Error, from the functions, if the secret is shorter
 */
export function linkIds(secret: () => Promise<string>): LinkIds {
  const codeOf = async (purpose: string, parts: readonly unknown[]): Promise<Buffer> => {
    const text = await secret();
    if (text.length < 32)
      throw new Error("the API's secret is too short to derive ids of links: it needs 32 characters");
    const key = Buffer.from(hkdfSync("sha256", text, "", `integra-bridge: ${purpose}`, 32));
    return createHmac("sha256", key).update(JSON.stringify(parts)).digest();
  };
  return {
    random: randomLinkId,
    repeatable: async (caller, key) =>
      `link-${(await codeOf("ids of links", [caller, key])).toString("hex").slice(0, 32)}`,
    token: async (linkId, launchedAt) =>
      (await codeOf("one-time URLs of links", [linkId, launchedAt])).toString("base64url"),
  };
}

/** A new id for a link whose POST cannot be repeated, or that an EHR begins. */
export const randomLinkId = (): string => `link-${randomUUID().replaceAll("-", "")}`;
