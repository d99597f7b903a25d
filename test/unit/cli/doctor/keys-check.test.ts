import { describe, expect, it } from "vitest";
import { checkKeys, type KeysPorts } from "#cli/doctor/keys-check.ts";
import type { PublishedKey } from "#client-keys/language/key-set.ts";
import { ecKey, secretText } from "../../../fixtures/client-keys.ts";

const now = Date.UTC(2027, 0, 31);
const day = 86_400_000;
const [current, next] = [ecKey("current-1").privateJwk, ecKey("next-1").privateJwk];
const inKms = (kid: string) => ({
  kty: "KMS",
  kid,
  alg: "ES384",
  keyArn: `arn:aws:kms:eu-west-1:111122223333:key/${kid}`,
});

const published = (kid: string, times: Partial<PublishedKey>): PublishedKey => ({
  jwk: { kty: "EC", kid, alg: "ES384", use: "sig" },
  publishedAt: now - 100 * day,
  ...times,
});
const usual = [published("current-1", { usedSince: now - 30 * day }), published("next-1", {})];

const findings = (more: Partial<KeysPorts> = {}) =>
  checkKeys({
    stage: "prod",
    rotateEveryDays: undefined,
    readSecret: () => Promise.resolve(secretText(current, { next })),
    readKeySet: () => Promise.resolve(usual),
    describeKmsKey: () => Promise.resolve({ state: "Enabled", usage: "SIGN_VERIFY" }),
    readRotation: () => Promise.resolve(false),
    now: () => now,
    ...more,
  })();

describe("the check of the client's keys", () => {
  it("says since when the current key has signed, and from when the next one may", async () => {
    expect(await findings()).toEqual([
      {
        verdict: "ok",
        seen: "the current key current-1 (ES384, in Secrets Manager) has signed since 2027-01-01T00:00:00.000Z, for 30 days",
      },
      { verdict: "ok", seen: "the next key next-1 may sign since 2026-10-23T00:10:00.000Z" },
    ]);
  });

  it("a retired key is named as long as it is published", async () => {
    const keys = [
      ...usual,
      published("old-1", { usedSince: 1, retiredAt: now - 60_000 }),
      published("gone-1", { usedSince: 1, retiredAt: now - day }),
    ];
    const seen = (await findings({ readKeySet: () => Promise.resolve(keys) })).map((finding) => finding.seen);
    expect(seen[2]).toBe("the retired key old-1 is published until 2027-01-31T00:19:00.000Z");
    expect(seen.join()).not.toContain("gone-1");
  });

  it.each<[string, Partial<KeysPorts>, number, RegExp]>([
    ["a key that has signed for more than a year", { now: () => now + 400 * day }, 0, /430 days: more than 365/],
    [
      "a scheduled rotation that is late",
      { rotateEveryDays: 20, readRotation: () => Promise.resolve(true) },
      0,
      /30 days: more than 27/,
    ],
    ["a current key that is not published", { readKeySet: () => Promise.resolve([]) }, 0, /current-1 .* is not in the/],
    ["no next key", { readSecret: () => Promise.resolve(secretText(current)) }, 1, /there is no next key/],
    [
      "a next key that is not published",
      { readKeySet: () => Promise.resolve(usual.slice(0, 1)) },
      1,
      /next-1 is not in the public key set/,
    ],
  ])("%s is a warning that says what to run", async (_, more, place, seen) => {
    const finding = (await findings(more))[place];
    expect(finding).toMatchObject({ verdict: "warning", seen: expect.stringMatching(seen) as string });
    expect(finding?.action).toContain("npm run keys -- ");
  });

  it("a next key that was published a moment ago is ok: a rotation has to wait", async () => {
    const keys = [...usual.slice(0, 1), published("next-1", { publishedAt: now })];
    expect((await findings({ readKeySet: () => Promise.resolve(keys) }))[1]).toEqual({
      verdict: "ok",
      seen: "the next key next-1 may sign from 2027-01-31T00:10:00.000Z",
    });
  });

  it.each([
    ["Enabled", "SIGN_VERIFY", "ok"],
    ["Disabled", "SIGN_VERIFY", "failed"],
    ["PendingDeletion", "SIGN_VERIFY", "failed"],
    ["Enabled", "ENCRYPT_DECRYPT", "failed"],
  ])("a key in KMS that is %s, for %s, is %s", async (state, usage, verdict) => {
    const found = await findings({
      readSecret: () => Promise.resolve(secretText(inKms("current-1"), { next: inKms("next-1") })),
      describeKmsKey: () => Promise.resolve({ state, usage }),
    });
    expect(found.slice(2).map((finding) => finding.verdict)).toEqual([verdict, verdict]);
    expect(found[0]?.seen).toContain("(ES384, in KMS)");
  });

  it.each([
    [true, "ok"],
    [false, "failed"],
  ])("a rotation that the settings ask for, and Secrets Manager has: %s", async (rotates, verdict) => {
    const found = await findings({ rotateEveryDays: 90, readRotation: () => Promise.resolve(rotates) });
    expect(found.at(-1)?.verdict).toBe(verdict);
  });

  it("a secret without keys could not be checked", async () => {
    for (const text of [undefined, "x7-random"])
      expect(await findings({ readSecret: () => Promise.resolve(text) })).toMatchObject([
        { verdict: "could-not-check" },
      ]);
  });
});
