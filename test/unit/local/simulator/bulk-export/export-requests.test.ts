import { request } from "undici";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { ASYNC, type Fixture, startFixture } from "#test/unit/local/simulator/simulator-client.ts";

const outcomeSchema = z.looseObject({
  resourceType: z.literal("OperationOutcome"),
  issue: z.array(z.looseObject({ diagnostics: z.string() })),
});

let fixture: Fixture;
afterEach(() => fixture.simulator.close());

async function diagnosticsOf(response: Awaited<ReturnType<Fixture["kickOff"]>>): Promise<unknown> {
  const body = outcomeSchema.parse(await response.body.json());
  return body.issue[0]?.diagnostics;
}

describe("kick-off", () => {
  it("a kick-off answers 202 with an absolute Content-Location", async () => {
    fixture = await startFixture();
    const { simulator, kickOff } = fixture;
    const response = await kickOff(
      "Patient/$export?_outputFormat=application%2Ffhir%2Bndjson&_type=Patient,Observation",
    );
    expect(response.statusCode).toBe(202);
    const location = String(response.headers["content-location"]);
    expect(location).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/integra\/fhir-export\/r4\/bulkExport\/[0-9a-f]{24}$/);
    expect(simulator.jobs()).toMatchObject([
      { level: "Patient", types: ["Patient", "Observation"], status: "Pending" },
    ]);
    expect(simulator.log.at(-1)).toMatchObject({
      endpoint: "kick-off",
      status: 202,
      clientId: "bridge-test",
      authorization: { present: true, accepted: true },
    });
    expect((await kickOff("%24export")).statusCode).toBe(202);
  });

  it.each([
    ["_outputFormat=application/fhir+ndjson", "_outputFormat"],
    ["_since=2024-01-01T00:00:00+05:30", "_since"],
    ["_since=2024-01-01", "_since"],
    ["_type=Patient,Coverage", "_type"],
    ["_type=Patient&_type=Device", "_type"],
    ["_elements=id", "_elements"],
  ])("a kick-off answers 400 to %s and names the parameter", async (query, name) => {
    fixture = await startFixture();
    const response = await fixture.kickOff(`Patient/$export?${query}`);
    expect(response.statusCode).toBe(400);
    expect(await diagnosticsOf(response)).toBe(`INVALID_SEARCH_PARAMETER : ${name}, `);
    expect(fixture.simulator.log.at(-1)?.query).toBe(query);
  });

  it("a kick-off accepts an escaped offset in _since", async () => {
    fixture = await startFixture();
    const accepted = await fixture.kickOff("Patient/$export?_since=2024-01-01T00:00:00%2B05:30");
    expect(accepted.statusCode).toBe(202);
    expect(fixture.simulator.jobs()[0]?.since).toBe("2024-01-01T00:00:00+05:30");
  });

  it("a kick-off needs a token, Prefer, Accept, an existing group and an encoded pipe", async () => {
    fixture = await startFixture();
    const { simulator, kickOff } = fixture;
    const denied = await kickOff("Patient/$export", { ...ASYNC, authorization: "Bearer nonsense" });
    expect(denied.statusCode).toBe(401);
    expect(await denied.body.text()).toContain("<h1>HTTP Status 401 - Access Denied</h1>");
    expect(simulator.log.at(-1)?.authorization).toEqual({ present: true, accepted: false });
    expect((await kickOff("Patient/$export", { accept: ASYNC.accept })).statusCode).toBe(400);
    expect((await kickOff("Patient/$export", { prefer: ASYNC.prefer, accept: "*/*" })).statusCode).toBe(400);
    const unknown = await kickOff("Group/1/$export");
    expect(unknown.statusCode).toBe(404);
    await diagnosticsOf(unknown);
    expect((await kickOff("Group/275131468/$export")).statusCode).toBe(202);
  });

  it("a kick-off gets the stored job's URL while a job of the same kind is pending", async () => {
    fixture = await startFixture();
    const { simulator, kickOff } = fixture;
    const locate = async (target: string): Promise<unknown> => (await kickOff(target)).headers["content-location"];
    const first = await locate("Group/275131468/$export");
    expect(await locate("Group/187419279/$export?_type=Patient")).toBe(first);
    expect(await locate("Patient/$export")).not.toBe(first);
    expect(await locate("$export")).not.toBe(first);
    expect(simulator.jobs()).toHaveLength(3);
    expect(simulator.jobs()[0]).toMatchObject({ groupId: "275131468", types: null, kickOffs: 2 });
    simulator.completeJobs();
    expect(await locate("Group/275131468/$export")).not.toBe(first);
    const unrelated = simulator.addUnrelatedJob({ clientId: "bridge-test", level: "Patient" });
    expect(String(await locate("Patient/$export"))).toContain(unrelated);
  });
});

describe("status and delete", () => {
  it("the status goes from 202 to 200, and to 500 for a failed job", async () => {
    fixture = await startFixture({ retryAfterSeconds: 7 });
    const { simulator, kickOff, get } = fixture;
    const url = String((await kickOff("Patient/$export")).headers["content-location"]);
    const pending = await get(url);
    expect(pending.statusCode).toBe(202);
    expect(pending.headers).toMatchObject({ "x-progress": "In-Progress", "retry-after": "7" });
    simulator.completeJobs();
    const complete = await get(url);
    expect(complete.statusCode).toBe(200);
    expect(complete.headers["content-type"]).toBe("application/json");
    expect(Date.parse(String(complete.headers["expires"])) - Date.now()).toBeGreaterThan(47 * 3_600_000);
    simulator.failJob(simulator.jobs()[0]?.id ?? "");
    expect((await get(url)).statusCode).toBe(500);
  });

  it("enforceRetryAfter answers 429 to a status request before Retry-After", async () => {
    fixture = await startFixture({ enforceRetryAfter: true, retryAfterSeconds: 30, retryAfterFormat: "http-date" });
    const { simulator, kickOff, get } = fixture;
    const url = String((await kickOff("Patient/$export")).headers["content-location"]);
    const before = Date.now();
    const first = await get(url);
    expect(Date.parse(String(first.headers["retry-after"]))).toBeGreaterThan(before + 28_000);
    expect((await get(url)).statusCode).toBe(429);
    expect(simulator.log.at(-1)?.reason).toContain("before Retry-After");
  });

  it("after a delete the status is 404, as for unknown jobs, and downloads are 403", async () => {
    fixture = await startFixture({ manifestStyle: "standard" });
    const { simulator, exported, get, token } = fixture;
    const { statusUrl, manifest } = await exported("Patient/$export?_type=Patient");
    const headers = { authorization: `Bearer ${token}` };
    const deleted = await request(statusUrl, { method: "DELETE", headers });
    expect([deleted.statusCode, await deleted.body.text()]).toEqual([202, ""]);
    expect((await get(statusUrl)).statusCode).toBe(404);
    expect((await request(statusUrl, { method: "DELETE", headers })).statusCode).toBe(404);
    expect((await get(manifest.output[0]?.url ?? "")).statusCode).toBe(403);
    expect(simulator.jobs()[0]?.deleted).toBe(true);
    simulator.revokeTokens();
    expect((await get(statusUrl)).statusCode).toBe(401);
  });

  it("the admin API under /_simulator/ completes jobs, plans faults and shows the log", async () => {
    fixture = await startFixture();
    const { simulator, kickOff, get } = fixture;
    const url = String((await kickOff("Patient/$export")).headers["content-location"]);
    const admin = `${simulator.baseUrl}_simulator/`;
    expect((await request(`${admin}jobs/complete`, { method: "POST" })).statusCode).toBe(204);
    const plan = JSON.stringify({ scripts: { status: [{ kind: "status", status: 502 }] } });
    expect((await request(`${admin}faults`, { method: "PUT", body: plan })).statusCode).toBe(204);
    expect((await request(`${admin}faults`, { method: "PUT", body: '{"x":1}' })).statusCode).toBe(400);
    expect((await get(url)).statusCode).toBe(502);
    expect((await get(url)).statusCode).toBe(200);
    expect(await (await request(`${admin}log`)).body.json()).toHaveLength(simulator.log.length);
    await request(`${admin}tokens/revoke`, { method: "POST" });
    expect((await get(url)).statusCode).toBe(401);
  });
});
