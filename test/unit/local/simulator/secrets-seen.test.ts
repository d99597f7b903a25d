import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ASYNC, type Fixture, postToken, startFixture } from "./simulator-client.ts";
import { APP, postForm, refreshForm, startUserFixture, tokenSchema, USER_ID } from "./user-client.ts";

const session = { userId: USER_ID, clientId: APP.clientId };

describe("secretsSeen", () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await startFixture({ requiresAccessToken: false });
  });
  afterEach(() => fixture.simulator.close());

  it("secretsSeen has every token, every assertion, and the unguessable parts of file URLs", async () => {
    const { simulator, client, token, exported } = fixture;
    const refused = await client.assertion({ aud: "https://elsewhere.example/" });
    expect((await postToken(simulator, refused)).status).toBe(401);
    const { manifest } = await exported("Patient/$export?_type=Patient");
    const { tokens, assertions, urlSecrets } = simulator.secretsSeen();

    expect(tokens).toEqual([token]);
    expect(assertions).toHaveLength(2);
    expect(assertions[1]).toBe(refused);
    expect(urlSecrets).toHaveLength(2);
    expect(manifest.output[0]?.url).toContain(urlSecrets[0]);
  });

  it("secretsSeen has the tokens of users and each nonce", async () => {
    const user = await startUserFixture();
    const nonce = await user.nonce();
    const refreshed = await postForm(user.simulator, refreshForm(user.simulator.openSession(session)));
    const { access_token, refresh_token, id_token } = tokenSchema.parse(refreshed.json());
    const { tokens, userSecrets } = user.simulator.secretsSeen();
    await user.simulator.close();
    expect(tokens).toEqual(expect.arrayContaining([user.token, access_token]));
    expect(userSecrets).toEqual(expect.arrayContaining([nonce, refresh_token, id_token]));
  });

  it("no secret is in the log, even if a fault's words quote it", async () => {
    const { simulator, client, token, get, kickOff } = fixture;
    const words = "{token} may not ask {url} for Jane Doe {assertion}";
    simulator.faults.script("kick-off", [
      { kind: "status", status: 403, words },
      { kind: "status", status: 500, body: "html", words },
    ]);
    simulator.faults.script("token", [{ kind: "status", status: 400, words }]);
    const outcome = await (await kickOff("Patient/$export?_type=Patient", ASYNC)).body.text();
    const page = await (await kickOff("Patient/$export", ASYNC)).body.text();
    const assertion = await client.assertion({ aud: simulator.tokenUrl });
    const refusal = JSON.stringify((await postToken(simulator, assertion)).body);
    const log = await (await get(`${simulator.baseUrl}_simulator/log`)).body.text();

    expect(JSON.parse(outcome)).toMatchObject({ resourceType: "OperationOutcome", issue: [{ code: "processing" }] });
    for (const body of [outcome, page]) expect(body).toContain(`${token} may not ask ${simulator.baseUrl}integra/`);
    expect(outcome).toContain("Patient/$export?_type=Patient for Jane Doe");
    expect(refusal).toContain(assertion);
    for (const secret of [token, assertion, "Jane Doe"]) expect(log).not.toContain(secret);
    expect(log).toContain("fault: status 403");
  });
});
