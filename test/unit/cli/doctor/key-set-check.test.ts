import { describe, expect, it } from "vitest";
import type { ServedKeySet } from "#cli/checks/served-key-set.ts";
import { checkServedKeySet } from "#cli/doctor/key-set-check.ts";

const key = (kid: string, more: object = {}) => ({
  kty: "EC",
  crv: "P-384",
  x: "x",
  y: "y",
  kid,
  alg: "ES384",
  use: "sig",
  ...more,
});
const whole: ServedKeySet = {
  status: 200,
  contentType: "application/json",
  cacheControl: "public, max-age=300",
  keys: [key("a"), key("b")],
};

const findings = (more: Partial<ServedKeySet>, expected = ["a", "b"]) =>
  checkServedKeySet({
    stage: "prod",
    url: "https://api.example/.well-known/jwks.json",
    fetchKeySet: () => Promise.resolve({ ...whole, ...more }),
    expectedKids: () => Promise.resolve(expected),
  })();

const verdicts = async (...given: Parameters<typeof findings>) =>
  (await findings(...given)).map(({ verdict }) => verdict);

describe("the check of the public key set as servers see it", () => {
  it("exactly the expected keys, in any order, are ok", async () => {
    expect(await verdicts({ keys: [key("b"), key("a")] })).toEqual(["ok", "ok", "ok"]);
    expect(await verdicts({ contentType: "application/jwk-set+json; charset=utf-8" })).toEqual(["ok", "ok", "ok"]);
  });

  it("another status fails, and the keys are not looked at", async () => {
    const check = checkServedKeySet({
      stage: "prod",
      url: "https://api.example/",
      fetchKeySet: () => Promise.resolve({ ...whole, status: 503, keys: [] }),
      expectedKids: () => Promise.reject(new Error("not needed")),
    });
    expect(await check()).toMatchObject([
      { verdict: "failed", seen: "https://api.example/ answers with 503 instead of 200" },
    ]);
  });

  it.each([
    ["a key is missing", [key("a")], "lacks b", "npm run keys -- create"],
    ["a key is gone, and still served", [key("a"), key("b"), key("old")], "has old", "npm run keys -- list"],
    ["a key is there twice", [key("a"), key("b"), key("a")], "has a,", "npm run keys -- list"],
  ])("fails if %s", async (_, keys, seen, action) => {
    expect((await findings({ keys }))[0]).toMatchObject({
      verdict: "failed",
      seen: expect.stringContaining(seen) as string,
      action: expect.stringContaining(action) as string,
    });
  });

  it.each(["d", "p", "q", "dp", "dq", "qi", "oth", "k"])(
    "fails if a key has the private member %s, whose value is not shown",
    async (member) => {
      const [, members] = await findings({ keys: [key("a"), key("b", { [member]: "private-value" })] });
      expect(members).toMatchObject({ verdict: "failed", seen: "b has members of a private key" });
      expect(JSON.stringify(members)).not.toContain("private-value");
    },
  );

  it.each([{ use: "enc" }, { use: undefined }, { alg: undefined }, { kty: undefined }])(
    "fails if a key does not say what it is for: %j",
    async (more) => {
      expect(await verdicts({ keys: [key("a", more), key("b")] })).toEqual(["ok", "failed", "ok"]);
    },
  );

  it.each<[Partial<ServedKeySet>]>([
    [{ cacheControl: undefined }],
    [{ cacheControl: "no-store" }],
    [{ cacheControl: "public, max-age=3600" }],
    [{ contentType: "text/html" }],
    [{ contentType: undefined }],
  ])("warns of headers that a rotation does not allow for: %j", async (more) => {
    expect(await verdicts(more)).toEqual(["ok", "ok", "warning"]);
  });

  it("accepts a proxy that lets servers keep the set for a shorter time", async () => {
    expect(await verdicts({ cacheControl: "max-age=60" })).toEqual(["ok", "ok", "ok"]);
  });
});
