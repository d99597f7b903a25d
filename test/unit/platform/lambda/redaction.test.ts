import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSecretName, redact, redactServerText } from "#platform/lambda/redaction.ts";

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
  it("a JWT is redacted with all of its parts", () => {
    fc.assert(
      fc.property(around, jwt, around, (before, token, after) => {
        const text = redact(`${before}${token}${after}`);
        expect(text).not.toContain("eyJ");
        for (const part of token.split(".")) expect(text).not.toContain(part);
      }),
    );
  });

  it.each(["_", "x", "7", "assertion_"])("a JWT directly after %j is redacted", (before) => {
    expect(redact(`${before}eyJhbGciOiJSUzM4NCJ9.eyJpc3MiOiJ4In0.c2ln`)).not.toContain("eyJ");
  });

  it("a bearer token is redacted", () => {
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
  ])("the guide's raw token is redacted: %s", (text) => {
    expect(redact(text)).not.toContain("opaque-12345");
  });

  it.each([
    "client_assertion=a.b.c&x=1",
    "access_token=opaque-12345",
    '{"access_token":"opaque-12345"}',
    '"client_secret": "opaque-12345"',
  ])("the value of a credential's parameter is redacted: %s", (text) => {
    expect(redact(text)).not.toMatch(/a\.b\.c|opaque-12345/);
  });

  it("the query and the fragment of a URL are redacted, its path is not", () => {
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
  ])("the query of a URL is redacted even if it contains %s", (_, text, secret) => {
    expect(redact(text)).not.toContain(secret);
  });

  it.each(["https://user:pass@portal.example/a", "https://user:p@ss@portal.example/a", "http://user@portal.example"])(
    "the user of a URL is redacted: %s",
    (text) => {
      expect(redact(text)).not.toMatch(/user|pass|p@ss|ss@/);
      expect(redact(text)).toContain("portal.example");
    },
  );

  it("a redacted text is the same if it is redacted again", () => {
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

  it.each([
    ['{"kty":"EC","crv":"P-384","d":"c2VjcmV0LXNjYWxhcg","x":"cHVibGlj"}', "c2VjcmV0LXNjYWxhcg"],
    ['"{\\"dp\\":\\"c2VjcmV0LXNjYWxhcg\\"}"', "c2VjcmV0LXNjYWxhcg"],
    ["-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----", "c2VjcmV0"],
    ["-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0", "c2VjcmV0"],
    ["X-Amz-Signature=0123456789abcdef&X-Amz-Date=1", "0123456789abcdef"],
  ])("a key or a signature is redacted: %s", (text, secret) => {
    expect(redact(text)).not.toContain(secret);
  });

  it("ordinary words are not redacted", () => {
    const words =
      "HTTP 403: ATTACHMENT_FILE_NOT_FOUND, the bearer of this file has 3 lines; see https://portal.example/help";
    expect(redact(words)).toBe(words);
  });

  it("the names of secret fields are recognised in any case", () => {
    for (const name of ["Authorization", "X-AUTH-TOKEN", "access_token", "SecretString", "d", "qi"])
      expect(isSecretName(name)).toBe(true);
    for (const name of ["exportId", "type", "lines", "reason"]) expect(isSecretName(name)).toBe(false);
  });
});

describe("the redaction of a server's text", () => {
  const random = fc.stringMatching(/^[A-Za-z0-9_-]{24,80}$/).map((characters) => `a${characters}Z0`);

  it("an opaque token in a server's text is redacted, anywhere in it", () => {
    const place = fc.constantFrom(" ", "'", '"', "(", "/", "https://portal.example/files/", "token=", "<b>", "|");
    fc.assert(
      fc.property(place, random, fc.constantFrom("", " ", "/file.ndjson", "'", ",", "</b>"), (before, token, after) => {
        expect(redactServerText(`${before}${token}${after}`)).not.toContain(token);
      }),
    );
  });

  it("a known credential in a server's text is redacted, however short, in any encoding", () => {
    fc.assert(
      fc.property(fc.string(), fc.stringMatching(/^[!-~]{6,40}$/), fc.string(), (before, token, after) => {
        for (const spelt of [
          token,
          encodeURIComponent(token),
          Buffer.from(token).toString("base64").replace(/=+$/, ""),
        ])
          expect(redactServerText(`${before}${spelt}${after}`, [token]).replaceAll("[redacted]", "")).not.toContain(
            spelt,
          );
      }),
    );
  });

  it("ids and words in a server's text are not redacted", () => {
    const text =
      "job 607d41896d70dd22f073459c, trace 0b9fe1c2-6a6b-4d0e-9d3a-2b8f5a3c9e1d: ATTACHMENT_FILE_NOT_FOUND at " +
      "https://portal.minerva.integracloud.com/integra/fhir-export/r4/bulkExport/607d41896d70dd22f073459c";
    expect(redactServerText(text)).toBe(text);
  });

  it("a server's text that was redacted is the same if it is redacted again", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            random,
            fc.string(),
            urlWithQuery.map((parts) => parts.join("?")),
          ),
        ),
        (pieces) => {
          const once = redactServerText(pieces.join(" "));
          expect(redactServerText(once)).toBe(once);
        },
      ),
    );
  });
});
