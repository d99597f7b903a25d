import { request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createTestClient,
  type Fixture,
  postToken,
  startFixture,
} from "#test/unit/local/simulator/simulator-client.ts";

const now = (): number => Math.floor(Date.now() / 1000);

describe("token endpoint", () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture();
  });
  afterAll(() => fixture.simulator.close());

  const good = (): { aud: string } => ({ aud: fixture.simulator.tokenUrl });

  it("the token endpoint issues a bearer token that must not be stored", async () => {
    const { simulator, client } = fixture;
    const { status, headers, body } = await postToken(simulator, await client.assertion(good()));
    expect(status).toBe(200);
    expect(headers["cache-control"]).toBe("no-store");
    expect(body).toMatchObject({ token_type: "bearer", expires_in: 300, scope: "system/*.read" });
    expect(JSON.stringify(simulator.log)).not.toContain(body["access_token"]);
  });

  it("the token endpoint accepts aud as an array, and RS384", async () => {
    const { simulator, client } = fixture;
    const array = await postToken(simulator, await client.assertion({ aud: ["other", simulator.tokenUrl] }));
    expect(array.status).toBe(200);
    const rsa = await createTestClient("RS384", "rsa-client");
    simulator.registerClient(rsa.registration);
    expect((await postToken(simulator, await rsa.assertion(good()))).status).toBe(200);
  });

  it.each([
    [
      "aud without the query",
      () => ({ aud: fixture.simulator.tokenUrl.split("?")[0] ?? "" }),
      {},
      /aud is .* expected/,
    ],
    ["unknown iss", () => ({ ...good(), iss: "nobody", sub: "nobody" }), {}, /not a registered client/],
    ["sub other than iss", () => ({ ...good(), sub: "other" }), {}, /sub is other/],
    ["expired", () => ({ ...good(), exp: now() - 60 }), {}, /in the past/],
    ["too far ahead", () => ({ ...good(), exp: now() + 900 }), {}, /ahead/],
    ["no jti", () => ({ ...good(), jti: undefined }), {}, /jti/],
    ["no exp", () => ({ ...good(), exp: undefined }), {}, /exp/],
    ["unknown kid", good, { kid: "key-2" }, /kid key-2/],
    ["another typ", good, { typ: "at+jwt" }, /typ is/],
    ["a jku that was not registered", good, { jku: "https://example.org/jwks" }, /jku/],
  ])("the token endpoint refuses an assertion with %s", async (_, claims, header, reason) => {
    const { simulator, client } = fixture;
    const { status, body } = await postToken(simulator, await client.assertion(claims(), header));
    expect([status, body["error"]]).toEqual([401, "invalid_client"]);
    expect(simulator.log.at(-1)?.reason).toMatch(reason);
  });

  it("the token endpoint refuses other algorithms, a bad signature, and a key of another kind", async () => {
    const { simulator, client } = fixture;
    const es256 = await createTestClient("ES256");
    expect((await postToken(simulator, await es256.assertion(good()))).status).toBe(401);
    expect(simulator.log.at(-1)?.reason).toContain("alg is ES256");
    const stranger = await createTestClient("ES384");
    expect((await postToken(simulator, await stranger.assertion(good()))).status).toBe(401);
    expect(simulator.log.at(-1)?.reason).toContain("signature");
    const rsa = await createTestClient("RS384");
    expect((await postToken(simulator, await rsa.assertion(good()))).status).toBe(401);
    expect(simulator.log.at(-1)?.reason).toContain("kty RSA");
    expect((await postToken(simulator, (await client.assertion(good())).slice(0, -8))).status).toBe(401);
  });

  it("the token endpoint refuses a replayed jti", async () => {
    const { simulator, client } = fixture;
    const assertion = await client.assertion(good());
    expect((await postToken(simulator, assertion)).status).toBe(200);
    expect((await postToken(simulator, assertion)).body["error"]).toBe("invalid_client");
    expect(simulator.log.at(-1)?.reason).toContain("used before");
  });

  it.each([
    [{ grant_type: "password" }, "unsupported_grant_type"],
    [{ grant_type: null }, "invalid_request"],
    [{ client_assertion: null }, "invalid_request"],
    [{ scope: "system/*.write" }, "invalid_scope"],
    [{ scope: "user/Patient.read" }, "invalid_scope"],
    [{ scope: null }, "invalid_scope"],
  ])("the token endpoint answers 400 to the form %j with %s", async (fields: Record<string, string | null>, error) => {
    const { simulator, client } = fixture;
    const { status, body } = await postToken(simulator, await client.assertion(good()), fields);
    expect([status, body["error"]]).toEqual([400, error]);
  });

  it("the token endpoint grants a narrower scope than the registered one", async () => {
    const { simulator, client } = fixture;
    const assertion = await client.assertion(good());
    const { status, body } = await postToken(simulator, assertion, { scope: "system/Patient.rs" });
    expect([status, body["scope"]]).toEqual([200, "system/Patient.rs"]);
  });

  it("a token request needs provider=idx and a form", async () => {
    const bare = fixture.simulator.tokenUrl.split("?")[0] ?? "";
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const noProvider = await request(bare, { method: "POST", headers: form, body: "grant_type=client_credentials" });
    expect(noProvider.statusCode).toBe(400);
    expect(fixture.simulator.log.at(-1)?.reason).toContain("provider=idx");
    const json = { "content-type": "application/json" };
    const notForm = await request(fixture.simulator.tokenUrl, { method: "POST", headers: json, body: "{}" });
    expect(notForm.statusCode).toBe(400);
  });
});
