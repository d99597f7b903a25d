import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { type ExpectedIdentity, verifyIdToken } from "#user-session/smart/id-token.ts";
import { answeringHttp, type PlannedAnswer } from "../../../fixtures/answering-http.ts";

const now = Date.parse("2026-11-26T12:00:00Z");
const seconds = now / 1000;

interface ServerKey {
  privateKey: CryptoKey;
  jwk: JWK;
}

async function newKey(alg: string, kid: string): Promise<ServerKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

const expected: ExpectedIdentity = {
  issuer: "https://login.example",
  jwksUrl: new URL("https://login.example/jwks"),
  clientId: "bridge",
  isNonce: (nonce) => nonce === "n-1",
};

const goodClaims: JWTPayload = {
  iss: expected.issuer,
  aud: "bridge",
  sub: "person-1",
  nonce: "n-1",
  fhirUser: "https://fhir.example/r4/Patient/1",
  iat: seconds - 5,
  exp: seconds + 300,
};

let rs256: ServerKey;
let es384: ServerKey;
let another: ServerKey;
beforeAll(async () => {
  [rs256, es384, another] = await Promise.all([newKey("RS256", "k1"), newKey("ES384", "k2"), newKey("RS256", "k3")]);
});

const signed = (claims: JWTPayload, { privateKey, jwk }: ServerKey, header: object = { kid: jwk.kid }) =>
  new SignJWT(claims).setProtectedHeader({ alg: jwk.alg ?? "", ...header }).sign(privateKey);

const unsigned = (header: object, claims: JWTPayload) =>
  `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")}.`;

const verify = (idToken: unknown, keys: unknown = { keys: [rs256.jwk, es384.jwk] }, answer?: PlannedAnswer) => {
  const http = answeringHttp(() => answer ?? { status: 200, body: keys });
  return verifyIdToken({ http, now: () => now }, idToken, expected);
};

const unproven = (message: RegExp) =>
  expect.objectContaining({
    name: "LaunchFailed",
    reason: "identity-unproven",
    message: expect.stringMatching(message) as string,
  });

describe("an id_token", () => {
  it("identifies the person", async () => {
    for (const key of [rs256, es384])
      expect(await verify(await signed(goodClaims, key))).toEqual({
        issuer: expected.issuer,
        subject: "person-1",
        fhirUser: "https://fhir.example/r4/Patient/1",
      });
  });

  it("may name several audiences if it was issued to us", async () => {
    const several = { ...goodClaims, aud: ["bridge", "other"] };
    expect(await verify(await signed({ ...several, azp: "bridge" }, rs256))).toMatchObject({ subject: "person-1" });
    await expect(verify(await signed(several, rs256))).rejects.toEqual(unproven(/azp/));
  });

  it("without a kid may be by any key of the server", async () => {
    const keys = { keys: [another.jwk, rs256.jwk] };
    expect(await verify(await signed(goodClaims, rs256, {}), keys)).toMatchObject({ subject: "person-1" });
    const strange = {
      keys: [
        { ...another.jwk, kid: "x" },
        { ...another.jwk, kid: "y" },
      ],
    };
    await expect(verify(await signed(goodClaims, rs256, {}), strange)).rejects.toEqual(unproven(/signature/));
  });

  it("is verified although other keys of the server cannot be read", async () => {
    const keys = { keys: [null, 7, { kty: "future", kid: "k9" }, rs256.jwk] };
    expect(await verify(await signed(goodClaims, rs256), keys)).toMatchObject({ subject: "person-1" });
  });

  it.each<[string, JWTPayload, RegExp]>([
    ["another issuer", { iss: "https://evil.example" }, /iss/],
    ["another audience", { aud: "other" }, /aud/],
    ["another client (azp)", { azp: "other" }, /azp/],
    ["another login's nonce", { nonce: "n-2" }, /nonce/],
    ["an end in the past", { iat: seconds - 500, exp: seconds - 61 }, /expired/],
    ["an issue an hour ago", { iat: seconds - 3_600 }, /too old/],
    ["an issue in the future", { iat: seconds + 600 }, /iat/],
    ["a beginning in the future", { nbf: seconds + 600 }, /nbf/],
    ["an empty sub", { sub: "" }, /sub/],
    ["a sub of 300 characters", { sub: "s".repeat(300) }, /sub/],
  ])("with %s is refused", async (_, change, message) => {
    await expect(verify(await signed({ ...goodClaims, ...change }, rs256))).rejects.toEqual(unproven(message));
  });

  it.each(["iss", "aud", "sub", "nonce", "iat", "exp"])("without %s is refused", async (claim) => {
    const { [claim]: _, ...rest } = goodClaims;
    await expect(verify(await signed(rest, rs256))).rejects.toEqual(unproven(new RegExp(claim)));
  });

  it("with an altered claim is refused", async () => {
    const [header, , signature] = (await signed(goodClaims, rs256)).split(".");
    const altered = Buffer.from(JSON.stringify({ ...goodClaims, sub: "person-2" })).toString("base64url");
    await expect(verify([header, altered, signature].join("."))).rejects.toEqual(unproven(/signature/));
  });

  it("without a signature is refused", async () => {
    await expect(verify(unsigned({ alg: "none" }, goodClaims))).rejects.toEqual(unproven(/./));
  });

  it("signed with the public key as a shared secret is refused", async () => {
    const secret = Buffer.from(JSON.stringify(rs256.jwk));
    const forged = await new SignJWT(goodClaims).setProtectedHeader({ alg: "HS256", kid: "k1" }).sign(secret);
    await expect(verify(forged)).rejects.toEqual(unproven(/algorithm/));
  });

  it("by a key that the server does not publish is refused, after the keys were fetched twice", async () => {
    const http = answeringHttp(() => ({ status: 200, body: { keys: [rs256.jwk] } }));
    const verified = verifyIdToken({ http, now: () => now }, await signed(goodClaims, another), expected);
    await expect(verified).rejects.toEqual(unproven(/no key/));
    expect(http.requests).toHaveLength(2);
  });

  it.each<[string, PlannedAnswer]>([
    ["are older than its key", { status: 200, body: { keys: [] } }],
    ["do not come", { status: 503 }],
  ])("is verified by a second look if the server's keys %s at the first", async (_, first) => {
    const answers = [first];
    const http = answeringHttp(() => answers.shift() ?? { status: 200, body: { keys: [rs256.jwk] } });
    const person = await verifyIdToken({ http, now: () => now }, await signed(goodClaims, rs256), expected);
    expect(person).toMatchObject({ subject: "person-1" });
    expect(http.requests.map(({ headers }) => headers["cache-control"])).toEqual([undefined, "no-cache"]);
  });

  it("with a wrong signature needs no second look", async () => {
    const http = answeringHttp(() => ({ status: 200, body: { keys: [rs256.jwk] } }));
    const forged = await signed(goodClaims, another, { kid: "k1" });
    await expect(verifyIdToken({ http, now: () => now }, forged, expected)).rejects.toEqual(unproven(/signature/));
    expect(http.requests).toHaveLength(1);
  });

  it("by another's key under a kid of the server's is refused", async () => {
    await expect(verify(await signed(goodClaims, another, { kid: "k1" }))).rejects.toEqual(unproven(/signature/));
  });

  it.each([undefined, null, "", 7, "a.b.c", {}])("that is %j is refused", async (idToken) => {
    await expect(verify(idToken)).rejects.toEqual(unproven(/id_token/));
  });

  it("is never quoted by a message", async () => {
    const secret = { ...goodClaims, iss: "https://PLANTED.example", sub: "PLANTED" };
    const failure = (await verify(await signed(secret, rs256)).catch((error: unknown) => error)) as Error;
    expect(failure.message).not.toContain("PLANTED");
  });

  it.each<[string, PlannedAnswer]>([
    ["answer with a 500", { status: 500 }],
    ["are a login page", { status: 200, body: "<html>" }],
    ["are no JWK Set", { status: 200, body: { key: [] } }],
  ])("proves nothing while the server's keys %s", async (_, answer) => {
    await expect(verify(await signed(goodClaims, rs256), undefined, answer)).rejects.toMatchObject({
      name: "ServerUnavailable",
    });
  });
});
