import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSecretName, redact } from "#contracts/redaction.ts";

const around = fc.constantFrom("", " ", "\n", "token: ", '"', "(", "refused: ", "at ", " for the client, ");
const base64url = fc.stringMatching(/^[A-Za-z0-9_-]{6,60}$/);
const jwt = fc
  .tuple(base64url, base64url, base64url)
  .map(([header, payload, signature]) => `eyJ${header}.${payload}.${signature}`);
const opaque = fc.stringMatching(/^[A-Za-z0-9._~+/=-]{8,60}$/);
const urlWithQuery = fc.tuple(
  fc.webUrl({ validSchemes: ["http", "https"] }),
  fc.stringMatching(/^SECRET[A-Za-z0-9=&%.,;:@/?+!*()~$_-]{0,40}$/),
);

describe("redaction", () => {
  it("never lets a JWT through, nor a part of it", () => {
    fc.assert(
      fc.property(around, jwt, around, (before, token, after) => {
        const text = redact(`${before}${token}${after}`);
        expect(text).not.toContain("eyJ");
        for (const part of token.split(".")) expect(text).not.toContain(part);
      }),
    );
  });

  it.each(["_", "x", "7", "assertion_"])("never lets a JWT through that is glued to %j", (before) => {
    expect(redact(`${before}eyJhbGciOiJSUzM4NCJ9.eyJpc3MiOiJ4In0.c2ln`)).not.toContain("eyJ");
  });

  it("never lets a bearer token through", () => {
    fc.assert(
      fc.property(around, fc.constantFrom("Bearer", "bearer", "BEARER"), opaque, (before, scheme, token) => {
        expect(redact(`${before}${scheme} ${token}`)).not.toContain(token);
      }),
    );
  });

  it.each([
    "x-auth-token: opaque-12345",
    "x-auth-token opaque-12345",
    "X-Auth-Token:opaque-12345",
    '"x-auth-token":"opaque-12345"',
  ])("never lets the guide's raw token through: %s", (text) => {
    expect(redact(text)).not.toContain("opaque-12345");
  });

  it.each([
    "client_assertion=a.b.c&x=1",
    "access_token=opaque-12345",
    '{"access_token":"opaque-12345"}',
    '"client_secret": "opaque-12345"',
  ])("never lets a credential's parameter through: %s", (text) => {
    expect(redact(text)).not.toMatch(/a\.b\.c|opaque-12345/);
  });

  it("never lets a URL's query or fragment through, but its path", () => {
    fc.assert(
      fc.property(around, urlWithQuery, fc.constantFrom("?", "#"), (before, [url, query], mark) => {
        const text = redact(`${before}${url.split(/[?#]/)[0]}${mark}${query}`);
        expect(text).not.toContain("SECRET");
      }),
    );
    expect(redact("GET https://portal.example/a/b?c=1 failed")).toBe(
      "GET https://portal.example/a/b?[redacted] failed",
    );
  });

  it.each([
    ["an apostrophe", "https://portal.example/d?name=O'Brien&ssn=SECRET", "SECRET"],
    ["an e-mail address right after the host", "https://portal.example?mail=jane@SECRET.example&ssn=1", "SECRET"],
    ["an e-mail address in the query", "https://portal.example/d?mail=jane@SECRET.example", "SECRET"],
  ])("never lets a URL's query through that holds %s", (_, text, secret) => {
    expect(redact(text)).not.toContain(secret);
  });

  it.each(["https://user:pass@portal.example/a", "https://user:p@ss@portal.example/a", "http://user@portal.example"])(
    "never lets a URL's user through: %s",
    (text) => {
      expect(redact(text)).not.toMatch(/user|pass|p@ss|ss@/);
      expect(redact(text)).toContain("portal.example");
    },
  );

  it("changes nothing when it is done again", () => {
    const piece = fc.oneof(
      around,
      jwt,
      opaque,
      urlWithQuery.map((parts) => parts.join("?")),
      fc.constantFrom(
        "bearer",
        "Bearer ",
        "https://",
        "code=",
        "access_token=",
        "x-auth-token: ",
        "@",
        "?",
        "#",
        "[redacted]",
        "eyJ",
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const once = redact(pieces.join(""));
        expect(redact(once)).toBe(once);
      }),
      { numRuns: 2_000, examples: [[["https://a@b@c/"]]] },
    );
  });

  it("leaves ordinary words alone", () => {
    const words =
      "HTTP 403: ATTACHMENT_FILE_NOT_FOUND, the bearer of this file has 3 lines; see https://portal.example/help";
    expect(redact(words)).toBe(words);
  });

  it("knows fields that are never printed, in any case", () => {
    for (const name of ["Authorization", "X-AUTH-TOKEN", "access_token", "SecretString", "d", "qi"])
      expect(isSecretName(name)).toBe(true);
    for (const name of ["exportId", "type", "lines", "reason"]) expect(isSecretName(name)).toBe(false);
  });
});
