import { afterEach, describe, expect, it } from "vitest";
import {
  ASYNC,
  createTestClient,
  type Fixture,
  manifestSchema,
  postToken,
  startFixture,
} from "#test/unit/local/simulator/simulator-client.ts";

let fixture: Fixture;
afterEach(() => fixture.simulator.close());

async function tokenFor(scope: string): Promise<string> {
  const { simulator, client } = fixture;
  const assertion = await client.assertion({ aud: simulator.tokenUrl });
  return String((await postToken(simulator, assertion, { scope })).body["access_token"]);
}

describe("authorization", () => {
  it("an access token is refused after its lifetime", async () => {
    fixture = await startFixture({ tokenLifetimeSeconds: 0 });
    expect((await fixture.kickOff("Patient/$export")).statusCode).toBe(401);
    expect(fixture.simulator.log.at(-1)?.reason).toBe("the access token has expired");
  });

  it("the scope of the token limits an export", async () => {
    fixture = await startFixture({ manifestStyle: "standard" });
    const authorization = `Bearer ${await tokenFor("system/Patient.rs system/Device.read")}`;
    const excessive = await fixture.kickOff("Patient/$export?_type=Condition", { ...ASYNC, authorization });
    expect(excessive.statusCode).toBe(403);
    const accepted = await fixture.kickOff("Patient/$export", { ...ASYNC, authorization });
    fixture.simulator.completeJobs();
    const status = await fixture.get(String(accepted.headers["content-location"]));
    const { output } = manifestSchema.parse(await status.body.json());
    expect(output.map(({ type }) => type)).toEqual(["Device", "Patient"]);
  });

  it("a client cannot reach the jobs and files of another client", async () => {
    fixture = await startFixture({ manifestStyle: "standard" });
    const { simulator, exported, get } = fixture;
    const { statusUrl, manifest } = await exported("Patient/$export?_type=Patient");
    const other = await createTestClient("ES384", "other-client");
    simulator.registerClient(other.registration);
    const { body } = await postToken(simulator, await other.assertion({ aud: simulator.tokenUrl }));
    const headers = { authorization: `Bearer ${String(body["access_token"])}` };
    expect((await get(statusUrl, headers)).statusCode).toBe(404);
    expect((await get(manifest.output[0]?.url ?? "", headers)).statusCode).toBe(403);
  });
});

function count(entries: readonly { readonly count?: number | undefined }[]): number {
  return entries.reduce((sum, entry) => sum + (entry.count ?? 0), 0);
}

describe("transaction time", () => {
  it("the transaction time splits the data between an export and the incremental export after it", async () => {
    fixture = await startFixture({ manifestStyle: "standard" });
    const { simulator, exported } = fixture;
    const whole = await exported("Patient/$export");
    simulator.setTransactionTime("2023-01-01T00:00:00.000Z");
    const first = await exported("Patient/$export");
    expect(first.manifest.transactionTime).toBe("2023-01-01T00:00:00.000Z");
    simulator.setTransactionTime(null);
    const second = await exported(`Patient/$export?_since=${first.manifest.transactionTime}`);
    expect(count(first.manifest.output)).toBeGreaterThan(0);
    expect(count(first.manifest.output) + count(second.manifest.output)).toBe(count(whole.manifest.output));
  });
});
