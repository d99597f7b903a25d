import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { authorizationErrors, isFromIssuer, readCallback } from "#user-session/smart/callback.ts";

describe("a callback", () => {
  it("brings a code for a state", () => {
    expect(readCallback("code=c%2B1&state=s&iss=https%3A%2F%2Flogin.example")).toEqual({
      kind: "code",
      state: "s",
      code: "c+1",
      issuer: "https://login.example",
    });
  });

  it("brings an error for a state, without its description", () => {
    const query = "error=access_denied&state=s&error_description=%3Cscript%3E&error_uri=https%3A%2F%2Fevil.example";
    expect(readCallback(query)).toEqual({ kind: "error", state: "s", error: "access_denied", issuer: undefined });
  });

  it("keeps nothing of an error that no specification names", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (error) => {
        const read = readCallback(new URLSearchParams({ error, state: "s" }).toString());
        const known = authorizationErrors.find((one) => one === error) ?? "other";
        expect(read).toEqual({ kind: "error", state: "s", error: known, issuer: undefined });
      }),
    );
  });

  it.each([
    ["no parameter", ""],
    ["no state", "code=c"],
    ["an empty state", "code=c&state="],
    ["an error without a state", "error=access_denied"],
    ["neither code nor error", "state=s"],
    ["an empty code", "state=s&code="],
    ["both code and error", "state=s&code=c&error=access_denied"],
    ["two codes", "state=s&code=a&code=b"],
    ["the same code twice", "state=s&code=a&code=a"],
    ["two states", "state=s&state=t&code=a"],
    ["two issuers", "state=s&code=a&iss=x&iss=y"],
    ["a code of 20,000 characters", `state=s&code=${"c".repeat(20_000)}`],
  ])("with %s is unusable", (_, query) => {
    expect(readCallback(query)).toMatchObject({ kind: "unusable" });
  });
});

describe("the issuer of a callback", () => {
  const expected = { issuer: "https://login.example", namesIssuer: false };

  it.each([
    ["is absent, and the server does not always name itself", undefined, false, true],
    ["is absent, although the server always names itself", undefined, true, false],
    ["is the server", "https://login.example", true, true],
    ["is another server", "https://evil.example", false, false],
    ["differs by a slash", "https://login.example/", false, false],
  ])("%s", (_, issuer, namesIssuer, accepted) => {
    expect(isFromIssuer({ issuer }, { ...expected, namesIssuer })).toBe(accepted);
  });
});
