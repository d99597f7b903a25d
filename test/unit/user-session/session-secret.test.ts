import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SessionSecretUnusable } from "#user-session/language/session-faults.ts";
import { parseSessionSecret } from "#user-session/session-secret.ts";

const whole = {
  refresh_token: "refresh-SECRET",
  client_id: "bridge",
  client_secret: "client-SECRET",
  auth_method: "client_secret_basic",
};

const parse = (secret: unknown) => parseSessionSecret({ text: JSON.stringify(secret), putAt: 7 });

function faultOf(text: string): SessionSecretUnusable {
  try {
    parseSessionSecret({ text, putAt: 7 });
  } catch (error) {
    if (error instanceof SessionSecretUnusable) return error;
    throw error;
  }
  throw new Error("the secret was accepted");
}

const without = (field: string): string =>
  JSON.stringify(Object.fromEntries(Object.entries(whole).filter(([name]) => name !== field)));

describe("a session's secret", () => {
  it("a secret gives the client, the refresh token, and the time when it was stored", () => {
    const { client, seed } = parse(whole);
    expect(client).toEqual({
      id: "bridge",
      authentication: { method: "client_secret_basic", secret: "client-SECRET" },
    });
    expect(seed).toMatchObject({ refreshToken: "refresh-SECRET", putAt: 7 });
  });

  it("the secret of a public client needs no client secret", () => {
    const { refresh_token, client_id } = whole;
    expect(parse({ refresh_token, client_id, auth_method: "none" }).client).toEqual({
      id: "bridge",
      authentication: { method: "none" },
    });
  });

  it("a secret may have further fields, such as a note", () => {
    expect(parse({ ...whole, note: "renewed by Kim" }).client.id).toBe("bridge");
  });

  it("the digest of a secret depends on its refresh token only, and does not reveal it", () => {
    const { digest } = parse(whole).seed;
    expect(parse({ ...whole, client_secret: "other" }).seed.digest).toBe(digest);
    expect(parse({ ...whole, refresh_token: "other" }).seed.digest).not.toBe(digest);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each(["refresh_token", "client_id", "client_secret", "auth_method"])(
    "a secret without %s is refused, and the fault names the field",
    (field) => {
      expect(faultOf(without(field)).message).toMatch(new RegExp(`${field} .*is missing`));
    },
  );

  it.each([
    ["an empty refresh token", { refresh_token: "" }, "refresh_token is empty"],
    ["a number for a client id", { client_id: 7 }, "client_id must be a text"],
    ["an empty client secret", { client_secret: "" }, "client_secret is empty"],
    [
      "a method that only the SMART client has",
      { auth_method: "private_key_jwt" },
      "auth_method must be client_secret_post",
    ],
    ["a client secret that no method uses", { auth_method: "none" }, "client_secret is present, but"],
  ])("a secret with %s is refused", (_, more, fault) => {
    expect(faultOf(JSON.stringify({ ...whole, ...more })).message).toContain(fault);
  });

  it("the fault of an empty secret names every missing field", () => {
    for (const field of ["refresh_token", "client_id", "auth_method"]) expect(faultOf("{}").message).toContain(field);
  });

  it.each(["", "refresh-SECRET", "{refresh_token: 1}", "[]", "null", "7", '"text"'])(
    "a secret that is %j is refused",
    (text) => {
      expect(faultOf(text).message).toContain("the session's secret cannot be used");
    },
  );

  it("the fault of a secret never contains its values", () => {
    const value = fc.oneof(
      fc.constant(undefined),
      fc.stringMatching(/^SECRET[A-Za-z0-9]{0,8}$/),
      fc.constant(""),
      fc.integer({ min: 100_000 }),
      fc.array(fc.constant("SECRET")),
    );
    const secret = fc.record({ refresh_token: value, client_id: value, client_secret: value, auth_method: value });
    fc.assert(
      fc.property(
        fc.oneof(
          secret.map((fields) => JSON.stringify(fields)),
          fc.constant('SECRET {"x":'),
        ),
        (text) => {
          const { message, cause } = faultOf(text);
          expect(message).not.toMatch(/SECRET|\d{6}/);
          expect(cause).toBeUndefined();
        },
      ),
    );
  });
});
