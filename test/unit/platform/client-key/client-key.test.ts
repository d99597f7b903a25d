import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientAssertion } from "#platform/client-key/client-assertion.ts";
import { parseClientKey } from "#platform/client-key/client-key.ts";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { ecKey, noKms, rsaKey, secretText } from "../../../fixtures/client-keys.ts";

const ec = ecKey("ec-1").privateJwk;
const rsa = rsaKey("rsa-1").privateJwk;

function faultOf(secret: string): ClientKeyUnusable {
  try {
    parseClientKey(secret, noKms);
  } catch (error) {
    if (error instanceof ClientKeyUnusable) return error;
    throw error;
  }
  throw new Error("the secret was accepted");
}

const without = (value: object, field: string): object =>
  Object.fromEntries(Object.entries(value).filter(([name]) => name !== field));

const attempt = async (): Promise<string> =>
  await clientAssertion(parseClientKey(secretText(rsaKey("short", 1024).privateJwk), noKms), "aud", Date.now());

describe("the client's secret", () => {
  it.each(["clientId", "scope", "current"])(
    "a secret without %s is refused with a fault that names it",
    async (field) => {
      const secret = without({ clientId: "c", scope: "s", current: ec }, field);
      expect(faultOf(JSON.stringify(secret)).message).toContain(field);
    },
  );

  it("an empty secret is refused with a fault that names all missing fields", async () => {
    const { message } = faultOf("{}");
    for (const field of ["clientId", "scope", "current"]) expect(message).toContain(field);
  });

  it.each(["kty", "kid", "d"])("a key without %s is refused with a fault that names it", async (field) => {
    expect(faultOf(secretText(without(ec, field))).message).toContain(`current.${field}`);
  });

  it.each(["n", "e", "p", "q", "dp", "dq", "qi"])(
    "an RSA key without %s is refused with a fault that names it",
    async (field) => {
      expect(faultOf(secretText(without(rsa, field))).message).toContain(`current.${field}`);
    },
  );

  it.each(["crv", "x", "y"])("an EC key without %s is refused with a fault that names it", async (field) => {
    expect(faultOf(secretText(without(ec, field))).message).toContain(`current.${field}`);
  });

  it("a malformed next key is refused before the rotation", async () => {
    const { message } = faultOf(secretText(ec, { next: without(ec, "kid") }));
    expect(message).toContain("next.kid");
  });

  it.each([
    ["empty", ""],
    ["not JSON", "{clientId: 1}"],
    ["a list", "[]"],
    ["null", "null"],
    ["a number", "7"],
  ])("a secret that is %s is refused", async (_, text) => {
    expect(faultOf(text).message).toContain("secret");
  });

  it("an EC key with another curve than P-384 is refused", async () => {
    expect(faultOf(secretText(ecKey("p256", "P-256").privateJwk)).message).toContain("P-384");
  });

  it("a public key is refused, because it cannot sign", async () => {
    const publicJwk = { ...ecKey("pub").publicKey.export({ format: "jwk" }), kid: "pub" };
    expect(faultOf(secretText(publicJwk)).message).toContain("current.d");
  });

  it.each([
    ["RS384 for an EC key", { ...ec, alg: "RS384" }],
    ["ES384 for an RSA key", { ...rsa, alg: "ES384" }],
    ["RS256", { ...rsa, alg: "RS256" }],
  ])("a key with alg %s is refused", async (_, jwk) => {
    expect(faultOf(secretText(jwk)).message).toContain("current.alg");
  });

  it("an RSA key that is too short for RS384 is refused before it signs", async () => {
    await expect(attempt()).rejects.toMatchObject({ name: "ClientKeyUnusable" });
  });

  it("the faults of a secret never quote a value", async () => {
    const planted = fc.stringMatching(/^SECRET[a-z0-9]{12,24}$/);
    const field = fc.constantFrom("clientId", "scope", "current");
    const member = fc.constantFrom("kty", "kid", "d", "alg", "crv", "x", "y");
    const broken = fc.record({
      marker: planted,
      spoil: fc.constantFrom(null, 5, [], ""),
      field,
      member,
      type: fc.constantFrom("RSA", "EC", undefined),
    });
    await fc.assert(
      fc.asyncProperty(broken, async ({ marker, spoil, field: spoiled, member: planting, type }) => {
        const current = {
          ...ec,
          d: marker,
          x: marker,
          kid: `${marker}-kid`,
          [planting]: marker,
          ...(type && { kty: type }),
        };
        const secret = { clientId: `${marker}-id`, scope: `${marker}-scope`, current, [spoiled]: spoil };
        const texts = [JSON.stringify(secret), `${JSON.stringify(secret)}${marker}`, secretText(current), marker];
        for (const text of texts) {
          const fault = faultOf(text);
          expect(fault.message).not.toContain("SECRET");
          expect(JSON.stringify(fault.cause ?? null)).not.toContain("SECRET");
        }
      }),
    );
  });
});
