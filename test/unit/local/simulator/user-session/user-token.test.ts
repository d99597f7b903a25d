import { createHash } from "node:crypto";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterEach, describe, expect, it } from "vitest";
import {
  type Answer,
  APP,
  postForm,
  refreshForm,
  send,
  startUserFixture,
  tokenSchema,
  USER_ID,
  type UserFixture,
} from "#test/unit/local/simulator/user-client.ts";

const BASIC_APP = { clientId: "basic app", authMethod: "client_secret_basic", clientSecret: "a:b%c+é" } as const;
const PUBLIC_APP = { clientId: "public-app", authMethod: "none" } as const;
const SEARCH = "integra/fhir/r4/Patient?gender=male";

let fixture: UserFixture;
afterEach(() => fixture.simulator.close());

const session = (clientId: string = APP.clientId): string =>
  fixture.simulator.openSession({ userId: USER_ID, clientId });
const refresh = (refreshToken: string): Promise<Answer> => postForm(fixture.simulator, refreshForm(refreshToken));
const tokensOf = (answer: Answer): ReturnType<typeof tokenSchema.parse> => tokenSchema.parse(answer.json());
const errorOf = ({ status, json }: Answer): unknown[] => [status, Object(json())["error"]];
const reason = (): string | null | undefined => fixture.simulator.log.at(-1)?.reason;
const statusWith = async (token: string): Promise<number> =>
  (await fixture.get(SEARCH, { authorization: `Bearer ${token}` })).status;

const basicCredentials = (id: string, secret: string): Record<string, string> => {
  const encoded = [id, secret].map((part) => new URLSearchParams({ v: part }).toString().slice(2)).join(":");
  return { authorization: `Basic ${Buffer.from(encoded).toString("base64")}` };
};
const refreshOf = (clientId: string): Record<string, string> => ({
  grant_type: "refresh_token",
  refresh_token: session(clientId),
});

describe("users' token endpoint", () => {
  it("the users' token endpoint answers as the guide prints it", async () => {
    fixture = await startUserFixture();
    const answer = await refresh(session());
    const tokens = tokensOf(answer);
    expect(answer.status).toBe(200);
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(tokens).toMatchObject({ expires_in: 899, scope: "openid offline", token_type: "bearer" });
    expect(decodeProtectedHeader(tokens.access_token)).toMatchObject({ alg: "RS256" });
    expect(decodeJwt(tokens.id_token)).toMatchObject({ sub: USER_ID, aud: [APP.clientId] });
    expect(await statusWith(tokens.access_token)).toBe(200);
  });

  it("an authorization code is exchanged once, and its second use ends the session", async () => {
    fixture = await startUserFixture();
    const code = fixture.simulator.authorizationCode({ userId: USER_ID, clientId: APP.clientId });
    const form = {
      grant_type: "authorization_code",
      code,
      client_id: APP.clientId,
      client_secret: APP.clientSecret,
    };
    const { access_token, refresh_token } = tokensOf(await postForm(fixture.simulator, form));
    expect(await statusWith(access_token)).toBe(200);
    expect(errorOf(await postForm(fixture.simulator, form))).toEqual([400, "invalid_grant"]);
    expect(reason()).toContain("used before");
    expect(await statusWith(access_token)).toBe(401);
    expect(errorOf(await refresh(refresh_token))).toEqual([400, "invalid_grant"]);
  });

  it("an authorization code needs its client, redirect URI and verifier, within its lifetime", async () => {
    fixture = await startUserFixture({ apps: [APP, PUBLIC_APP] });
    const { simulator } = fixture;
    const verifier = "v".repeat(43);
    const codeChallenge = createHash("sha256").update(verifier).digest("base64url");
    const made = {
      userId: USER_ID,
      clientId: PUBLIC_APP.clientId,
      redirectUri: "https://app.example/cb",
      codeChallenge,
    };
    const exchange = (fields: Record<string, string>): Promise<Answer> =>
      postForm(simulator, { grant_type: "authorization_code", client_id: PUBLIC_APP.clientId, ...fields });
    const code = simulator.authorizationCode(made);
    const proof = { redirect_uri: made.redirectUri, code_verifier: verifier };
    expect(errorOf(await exchange({ code, ...proof, redirect_uri: "https://other.example" }))[1]).toBe("invalid_grant");
    expect(errorOf(await exchange({ code, ...proof, code_verifier: "w".repeat(43) }))[1]).toBe("invalid_grant");
    const stolen = { code, ...proof, client_id: APP.clientId, client_secret: APP.clientSecret };
    expect(errorOf(await exchange(stolen))[1]).toBe("invalid_grant");
    expect((await exchange({ code, ...proof })).status).toBe(200);
    simulator.settings.authorizationCodeLifetimeSeconds = 0;
    expect(errorOf(await exchange({ code: simulator.authorizationCode(made), ...proof }))[1]).toBe("invalid_grant");
    expect(reason()).toContain("expired");
  });

  it("an app must authenticate by its registered method", async () => {
    fixture = await startUserFixture({ apps: [APP, BASIC_APP, PUBLIC_APP] });
    const { simulator } = fixture;
    const good = basicCredentials(BASIC_APP.clientId, BASIC_APP.clientSecret);
    expect((await postForm(simulator, refreshOf(BASIC_APP.clientId), good)).status).toBe(200);
    const inPublic = { ...refreshOf(PUBLIC_APP.clientId), client_id: PUBLIC_APP.clientId };
    expect((await postForm(simulator, inPublic)).status).toBe(200);
    const wrong = await postForm(
      simulator,
      refreshOf(BASIC_APP.clientId),
      basicCredentials(BASIC_APP.clientId, "other"),
    );
    expect(errorOf(wrong)).toEqual([401, "invalid_client"]);
    expect(wrong.headers["www-authenticate"]).toContain("Basic");
    const byPost = {
      ...refreshOf(BASIC_APP.clientId),
      client_id: BASIC_APP.clientId,
      client_secret: BASIC_APP.clientSecret,
    };
    expect(errorOf(await postForm(simulator, byPost))).toEqual([401, "invalid_client"]);
    expect(errorOf(await postForm(simulator, byPost, good))).toEqual([400, "invalid_request"]);
    const withoutSecret = { ...refreshOf(APP.clientId), client_id: APP.clientId };
    expect(errorOf(await postForm(simulator, withoutSecret))).toEqual([401, "invalid_client"]);
    const { client_id: _, ...anonymous } = inPublic;
    expect(errorOf(await postForm(simulator, anonymous))).toEqual([401, "invalid_client"]);
    expect(errorOf(await postForm(simulator, { ...inPublic, client_id: "nobody" }))).toEqual([401, "invalid_client"]);
  });

  it.each([
    [{ grant_type: "password" }, "unsupported_grant_type"],
    [{ grant_type: "" }, "invalid_request"],
    [{ refresh_token: "" }, "invalid_request"],
    [{ refresh_token: "made-up" }, "invalid_grant"],
    [{ scope: "openid offline user/*.write" }, "invalid_scope"],
  ])("the users' token endpoint answers 400 to the form %j with %s", async (fields: Record<string, string>, error) => {
    fixture = await startUserFixture();
    expect(errorOf(await postForm(fixture.simulator, { ...refreshForm(session()), ...fields }))).toEqual([400, error]);
  });

  it("a token request for users needs provider=idx, a form, and POST", async () => {
    fixture = await startUserFixture();
    const { simulator } = fixture;
    const bare = simulator.userTokenUrl.split("?")[0] ?? "";
    const body = new URLSearchParams(refreshForm(session())).toString();
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect((await send(bare, { method: "POST", headers: form, body })).status).toBe(400);
    const json = { "content-type": "application/json" };
    expect((await send(simulator.userTokenUrl, { method: "POST", headers: json, body: "{}" })).status).toBe(400);
    expect((await send(simulator.userTokenUrl, {})).status).toBe(405);
  });

  it("the option userTokenErrors turns errors into Tomcat's pages", async () => {
    fixture = await startUserFixture({ userTokenErrors: "tomcat" });
    const refused = await refresh("made-up");
    expect([refused.status, refused.headers["content-type"]]).toEqual([400, "text/html;charset=utf-8"]);
    expect(refused.text).toContain("HTTP Status 400 - Bad Request");
    const stranger = await postForm(fixture.simulator, { ...refreshForm("x"), client_secret: "wrong" });
    expect([stranger.status, stranger.text.includes("HTTP Status 401 - Unauthorized")]).toEqual([401, true]);
  });
});

describe("refresh tokens", () => {
  it("refresh tokens rotate, and an old one ends the whole chain", async () => {
    fixture = await startUserFixture();
    const first = session();
    const second = tokensOf(await refresh(first));
    expect(second.refresh_token).not.toBe(first);
    const third = tokensOf(await refresh(second.refresh_token));
    expect(await statusWith(second.access_token)).toBe(200);
    expect(errorOf(await refresh(first))).toEqual([400, "invalid_grant"]);
    expect(errorOf(await refresh(third.refresh_token))).toEqual([400, "invalid_grant"]);
    expect(await statusWith(third.access_token)).toBe(401);
  });

  it("without refreshTokenReuseEndsSession an old refresh token is refused and the chain goes on", async () => {
    fixture = await startUserFixture({ refreshTokenReuseEndsSession: false });
    const first = session();
    const second = tokensOf(await refresh(first));
    expect(errorOf(await refresh(first))).toEqual([400, "invalid_grant"]);
    expect((await refresh(second.refresh_token)).status).toBe(200);
  });

  it("refreshTokenGraceSeconds accepts an old refresh token for a while", async () => {
    fixture = await startUserFixture({ refreshTokenGraceSeconds: 60 });
    const first = session();
    const [next, again] = [tokensOf(await refresh(first)), tokensOf(await refresh(first))];
    expect(new Set([first, next.refresh_token, again.refresh_token]).size).toBe(3);
    expect(await statusWith(again.access_token)).toBe(200);
    expect((await refresh(next.refresh_token)).status).toBe(200);
    fixture.simulator.settings.refreshTokenGraceSeconds = 0;
    expect(errorOf(await refresh(first))).toEqual([400, "invalid_grant"]);
  });

  it("without refreshTokenRotation a refresh token stays the same", async () => {
    fixture = await startUserFixture({ refreshTokenRotation: false });
    const first = session();
    expect(tokensOf(await refresh(first)).refresh_token).toBe(first);
    expect((await refresh(first)).status).toBe(200);
  });

  it("a refresh token belongs to one client, and expires", async () => {
    fixture = await startUserFixture({ apps: [APP, PUBLIC_APP] });
    const token = session();
    const foreign = { grant_type: "refresh_token", refresh_token: token, client_id: PUBLIC_APP.clientId };
    expect(errorOf(await postForm(fixture.simulator, foreign))).toEqual([400, "invalid_grant"]);
    fixture.simulator.settings.refreshTokenLifetimeSeconds = 0;
    expect(errorOf(await refresh(session()))).toEqual([400, "invalid_grant"]);
    expect((await refresh(token)).status).toBe(200);
  });

  it("a refresh has its effect even if its answer is lost", async () => {
    fixture = await startUserFixture();
    const first = session();
    fixture.simulator.faults.script("user-token", [{ kind: "cut" }]);
    await expect(refresh(first)).rejects.toThrow("closed");
    expect(errorOf(await refresh(first))).toEqual([400, "invalid_grant"]);
  });

  it("refresh tokens end with the session", async () => {
    fixture = await startUserFixture();
    const token = session();
    fixture.simulator.endSessions(USER_ID);
    expect(errorOf(await refresh(token))).toEqual([400, "invalid_grant"]);
    expect(await statusWith(fixture.token)).toBe(401);
  });
});

describe("access tokens of users", () => {
  it("access tokens of users end by lifetime, by revocation, and with refreshEndsAccessTokens by a refresh", async () => {
    fixture = await startUserFixture({ refreshEndsAccessTokens: true });
    const { simulator } = fixture;
    const first = tokensOf(await refresh(session()));
    const second = tokensOf(await refresh(first.refresh_token));
    expect([await statusWith(first.access_token), await statusWith(second.access_token)]).toEqual([401, 200]);
    simulator.revokeUserTokens();
    expect(await statusWith(second.access_token)).toBe(401);
    simulator.settings.userTokenLifetimeSeconds = 0;
    const expired = tokensOf(await refresh(second.refresh_token));
    expect(expired.expires_in).toBe(0);
    expect(await statusWith(expired.access_token)).toBe(401);
    expect(reason()).toBe("the access token has expired");
  });

  it("bulk export refuses access tokens of users", async () => {
    fixture = await startUserFixture();
    const headers = {
      authorization: `Bearer ${fixture.token}`,
      accept: "application/fhir+json",
      prefer: "respond-async",
    };
    expect((await fixture.get("integra/fhir-export/r4/bulkExport/Patient/$export", headers)).status).toBe(401);
  });

  it("only registered users and apps get access tokens", async () => {
    fixture = await startUserFixture();
    const { simulator } = fixture;
    expect(() => simulator.openSession({ userId: "nobody", clientId: APP.clientId })).toThrow(RangeError);
    expect(() => simulator.authorizationCode({ userId: USER_ID, clientId: "none" })).toThrow(RangeError);
  });
});
