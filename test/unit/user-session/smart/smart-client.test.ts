import { decodeProtectedHeader, exportJWK, generateKeyPair, type JWK, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { parseSmartClient, smartSigningKey } from "#user-session/smart/smart-client.ts";
import { refreshUserToken, requestCodeTokens, revokeToken } from "#user-session/token-endpoint.ts";
import { answeringHttp } from "../../../fixtures/answering-http.ts";

const now = Date.parse("2026-11-26T12:00:00Z");
const tokenUrl = new URL("https://login.example/token?provider=idx");
const signing = JSON.stringify({ client_id: "smart", auth_method: "private_key_jwt" });
const kms = { sign: () => Promise.reject(new Error("no key is in KMS")) };

let privateJwk: JWK;
let publicKey: Awaited<ReturnType<typeof generateKeyPair>>["publicKey"];
beforeAll(async () => {
  const pair = await generateKeyPair("ES384", { extractable: true });
  publicKey = pair.publicKey;
  privateJwk = { ...(await exportJWK(pair.privateKey)), kid: "key-1" };
});

const client = (secret: string | undefined = JSON.stringify({ current: privateJwk })) =>
  parseSmartClient(signing, {
    readKey: () => smartSigningKey(() => Promise.resolve(secret), kms),
    now: () => now,
  });

describe("a SMART client with private_key_jwt", () => {
  it("G8: signs for the token URL, with kid and typ, for at most five minutes, and each assertion once", async () => {
    const http = answeringHttp(() => ({ status: 200, body: { access_token: "a", refresh_token: "r" } }));
    const ports = { http, now: () => now, server: { tokenUrl }, onUnreadable: () => undefined };
    await requestCodeTokens(ports, client(), { code: "c", redirectUri: "https://api.example/cb", codeVerifier: "v" });
    await refreshUserToken(ports, client(), "refresh-1");
    await revokeToken(ports, client(), new URL("https://login.example/revoke"), "refresh-1");
    const forms = http.requests.map(({ body }) => Object.fromEntries(new URLSearchParams(body ?? "")));
    const ids = new Set<unknown>();
    for (const { client_assertion_type: type, client_assertion: assertion = "", client_id: id } of forms) {
      expect([type, id]).toEqual(["urn:ietf:params:oauth:client-assertion-type:jwt-bearer", undefined]);
      expect(decodeProtectedHeader(assertion)).toEqual({ alg: "ES384", kid: "key-1", typ: "JWT" });
      const options = { audience: tokenUrl.href, issuer: "smart", subject: "smart", currentDate: new Date(now) };
      const { payload } = await jwtVerify(assertion, publicKey, options);
      expect((payload.exp ?? Infinity) - now / 1000).toBeLessThanOrEqual(300);
      ids.add(payload.jti);
    }
    expect([forms.length, ids.size]).toEqual([3, 3]);
    for (const { headers } of http.requests) expect(headers).not.toHaveProperty("authorization");
  });

  it.each<[string, () => string | undefined]>([
    ["no value", () => undefined],
    ["no key", () => "{}"],
    ["a key of another curve", () => JSON.stringify({ current: { ...privateJwk, crv: "P-256" } })],
    ["no JSON", () => "SECRET"],
  ])("whose client's secret has %s says what is missing, and nothing of the secret", async (_, secret) => {
    const readKey = () => smartSigningKey(() => Promise.resolve(secret()), kms);
    const fault = await readKey().catch((error: unknown) => error);
    expect(fault).toMatchObject({ name: "SessionSecretUnusable", message: /no key for private_key_jwt/ });
    expect(String(fault)).not.toMatch(/SECRET|"d"/);
  });

  it("has no client_secret", () => {
    const secret = JSON.stringify({ ...(JSON.parse(signing) as object), client_secret: "s" });
    const ports = { readKey: () => smartSigningKey(() => Promise.resolve(undefined), kms), now: () => now };
    expect(() => parseSmartClient(secret, ports)).toThrow(
      "client_secret is present, but auth_method is private_key_jwt",
    );
  });
});
