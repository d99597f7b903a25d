import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalIssuer, startLocalIssuer } from "#local/console/local-issuer.ts";

const origin = "http://127.0.0.1:4999";
const redirect = `${origin}/`;
const verifier = "a-verifier-of-at-least-forty-three-characters-xx";

async function challengeOf(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(text))).toString("base64url");
}

describe("the local issuer", () => {
  let issuer: LocalIssuer;

  beforeAll(async () => {
    issuer = await startLocalIssuer();
    issuer.register(origin);
  });
  afterAll(() => issuer?.close());

  async function authorize(change: Record<string, string> = {}): Promise<Response> {
    const query = new URLSearchParams({
      client_id: issuer.clientId,
      redirect_uri: redirect,
      state: "s",
      nonce: "n",
      code_challenge: await challengeOf(verifier),
      code_challenge_method: "S256",
      ...change,
    });
    return await fetch(`${issuer.url}/authorize?${query}`, { redirect: "manual" });
  }

  async function codeOf(answer: Response): Promise<string> {
    const back = new URL(answer.headers.get("location") ?? "");
    expect([back.origin, back.searchParams.get("state"), back.searchParams.get("iss")]).toEqual([
      origin,
      "s",
      issuer.url,
    ]);
    return back.searchParams.get("code") ?? "";
  }

  const exchange = (code: string, change: Record<string, string> = {}) =>
    fetch(`${issuer.url}/token`, {
      method: "POST",
      headers: { origin },
      body: new URLSearchParams({ code, redirect_uri: redirect, code_verifier: verifier, ...change }),
    });

  it("gives tokens that its keys verify, to the console's origin, once for each code", async () => {
    const code = await codeOf(await authorize());
    const answer = await exchange(code);
    expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
    const { access_token, id_token } = (await answer.json()) as { access_token: string; id_token: string };
    const keys = createRemoteJWKSet(new URL(`${issuer.url}/jwks.json`));
    const { issuer: iss, audience } = issuer.trust;
    await expect(jwtVerify(access_token, keys, { issuer: iss, audience })).resolves.toMatchObject({
      payload: { sub: "local-user", exp: expect.any(Number) as number },
    });
    await expect(jwtVerify(id_token, keys, { audience: issuer.clientId })).resolves.toMatchObject({
      payload: { nonce: "n" },
    });
    expect((await exchange(code)).status).toBe(400);
  });

  it.each([
    ["another verifier", { code_verifier: "another" }],
    ["another address", { redirect_uri: "http://127.0.0.1:5000/" }],
  ])("gives no token for %s", async (_, change) => {
    expect((await exchange(await codeOf(await authorize()), change)).status).toBe(400);
  });

  it.each([
    ["another client", { client_id: "other" }],
    ["a console that is not registered", { redirect_uri: "https://elsewhere.example/" }],
    ["a path of a console", { redirect_uri: `${origin}/path` }],
    ["no address", { redirect_uri: "" }],
  ])("sends no browser to %s", async (_, change) => {
    const answer = await authorize(change);
    expect([answer.status, answer.headers.get("location")]).toEqual([400, null]);
  });

  it("gives no code without a challenge, or if the next sign-in is to be refused", async () => {
    expect((await authorize({ code_challenge: "" })).headers.get("location")).toContain("error=invalid_request");
    issuer.refuseNext();
    expect((await authorize()).headers.get("location")).toContain("error=access_denied");
    expect(await codeOf(await authorize())).not.toBe("");
  });
});
