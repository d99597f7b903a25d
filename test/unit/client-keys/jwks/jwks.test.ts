import { describe, expect, it } from "vitest";
import { jwks } from "#client-keys/jwks/jwks.ts";
import type { PublishedKey } from "#client-keys/language/key-set.ts";
import { publishedAfterUseMs } from "#platform/client-key/key-lifetimes.ts";

const now = 1_800_000_000_000;
const key = (kid: string, times: Partial<PublishedKey>): PublishedKey => ({
  jwk: { kty: "EC", crv: "P-384", x: "x", y: "y", kid, alg: "ES384", use: "sig" },
  publishedAt: now - 1e9,
  ...times,
});

const served = async (readKeys: () => Promise<PublishedKey[]>) => {
  const lines: string[] = [];
  const log = { info: () => undefined, warn: () => undefined, error: (code: string) => lines.push(code) };
  return { ...(await jwks({ readKeys, log, now: () => now })()), lines };
};

describe("what servers are answered", () => {
  it("the public key set has the keys that are next, current and retired, and none that is gone", async () => {
    const { statusCode, headers, body } = await served(() =>
      Promise.resolve([
        key("gone", { usedSince: 1, retiredAt: now - publishedAfterUseMs }),
        key("leaked", { usedSince: 1, retiredAt: now - 1, withdrawnAt: now }),
        key("retired", { usedSince: 1, retiredAt: now - publishedAfterUseMs + 1 }),
        key("current", { usedSince: 1 }),
        key("next", {}),
      ]),
    );
    const { keys } = JSON.parse(body) as { keys: object[] };
    expect(keys.map((one) => (one as { kid: string }).kid)).toEqual(["retired", "current", "next"]);
    expect(keys[0]).toEqual({ kty: "EC", crv: "P-384", x: "x", y: "y", kid: "retired", alg: "ES384", use: "sig" });
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({ "content-type": "application/json", "cache-control": "public, max-age=300" });
  });

  it("if the key set cannot be read, servers keep what they have: nothing is cached, and nothing is told of the cause", async () => {
    const { statusCode, headers, body, lines } = await served(() => Promise.reject(new Error("table secret-name")));
    expect([statusCode, headers["cache-control"], lines]).toEqual([503, "no-store", ["KEY_SET_UNREADABLE"]]);
    expect(body).not.toContain("secret-name");
  });
});
