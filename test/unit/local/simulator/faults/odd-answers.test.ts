import { Agent, request } from "undici";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { faultSchema } from "#local/simulator/faults/fault-schema.ts";
import type { RequestLogEntry } from "#local/simulator/http/request-log.ts";
import { type Fixture, postToken, startFixture } from "#test/unit/local/simulator/simulator-client.ts";
import { APP, postForm, refreshForm, tokenSchema, USER_ID } from "#test/unit/local/simulator/user-client.ts";

let fixture: Fixture;
beforeEach(async () => {
  fixture = await startFixture({
    manifestStyle: "standard",
    users: [{ userId: USER_ID, patients: "all" }],
    apps: [APP],
  });
});
afterEach(() => fixture.simulator.close());

const lastEntry = (): RequestLogEntry | undefined => fixture.simulator.log.at(-1);

async function kickOff(): Promise<{ status: number; location: string }> {
  const { statusCode, headers, body } = await fixture.kickOff("Patient/$export?_type=Patient");
  await body.dump();
  return { status: statusCode, location: String(headers["content-location"]) };
}

describe("odd answers to a kick-off", () => {
  it.each([200, 201] as const)("accepted-status answers %i with the job's Content-Location", async (status) => {
    fixture.simulator.faults.script("kick-off", [{ kind: "accepted-status", status }]);
    const answer = await kickOff();
    expect(answer.status).toBe(status);
    expect(answer.location).toBe(fixture.simulator.jobs()[0]?.statusUrl);
  });

  it("pipe-in-location sends a status URL that works only if pipe and plus are encoded", async () => {
    fixture.simulator.faults.script("kick-off", [{ kind: "pipe-in-location" }]);
    const { location } = await kickOff();
    expect(location).toMatch(/\?trace=a\|b\+c$/);
    expect((await fixture.get(location)).statusCode).toBe(400);
    expect((await fixture.get(location.replace("|", "%7C"))).statusCode).toBe(400);
    expect((await fixture.get(location.replace("a|b+c", "a%7Cb%2Bc"))).statusCode).toBe(202);
  });
});

describe("odd answers to a status request", () => {
  it("a 200 can have an OperationOutcome of severity error, or one that says not yet", async () => {
    const { location } = await kickOff();
    fixture.simulator.faults.script("status", [
      { kind: "status", status: 200, body: "terminal", words: "the export has failed" },
      { kind: "status", status: 200, body: "not-yet" },
    ]);
    const outcomes: unknown[] = [];
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const answer = await fixture.get(location);
      expect(answer.statusCode).toBe(200);
      outcomes.push(await answer.body.json());
    }
    expect(outcomes).toMatchObject([
      { resourceType: "OperationOutcome", issue: [{ severity: "error", diagnostics: "the export has failed" }] },
      { resourceType: "OperationOutcome", issue: [{ severity: "information", diagnostics: "In-Progress" }] },
    ]);
  });

  it("a 404 can happen once after the kick-off, and the job goes on", async () => {
    const { location } = await kickOff();
    fixture.simulator.faults.script("status", [{ kind: "status", status: 404 }]);
    expect([(await fixture.get(location)).statusCode, (await fixture.get(location)).statusCode]).toEqual([404, 202]);
  });

  it.each([400, 403, 409] as const)("a proxy's page can answer %i once, and the job goes on", async (status) => {
    const { location } = await kickOff();
    fixture.simulator.faults.script("status", [{ kind: "status", status, body: "proxy-page" }]);
    const answer = await fixture.get(location);
    expect([answer.statusCode, answer.headers["content-type"]]).toEqual([status, "text/html"]);
    expect(await answer.body.text()).toContain("Please consult with your administrator");
    expect(fixture.simulator.jobs()[0]).toMatchObject({ deleted: false, status: "Pending" });
    expect((await fixture.get(location)).statusCode).toBe(202);
  });

  it.each(["1.5", "120.0", "120, 120", "120 seconds", "2026-03-01T12:00:00Z"])(
    "Retry-After can have the text %j",
    async (text) => {
      const { location } = await kickOff();
      fixture.simulator.faults.script("status", [{ kind: "status", status: 202, retryAfter: { text } }]);
      const answer = await fixture.get(location);
      expect([answer.statusCode, answer.headers["retry-after"]]).toEqual([202, text]);
      expect(await answer.body.json()).toMatchObject({ issue: [{ severity: "information" }] });
    },
  );

  it("X-Progress can have 20,000 characters", async () => {
    const { location } = await kickOff();
    const progress = "half done ".repeat(2_000);
    fixture.simulator.faults.script("status", [
      { kind: "status", status: 202, headers: { "x-progress": progress.trim() } },
    ]);
    const dispatcher = new Agent({ maxHeaderSize: 65_536 });
    const { headers, body } = await request(location, {
      dispatcher,
      headers: { authorization: `Bearer ${fixture.token}` },
    });
    await body.dump();
    await dispatcher.close();
    expect(headers["x-progress"]).toHaveLength(19_999);
  });
});

describe("odd answers to a download", () => {
  it.each([404, 409, 202] as const)("a file can answer %i once with Retry-After", async (status) => {
    const { manifest } = await fixture.exported("Patient/$export?_type=Patient");
    const url = manifest.output[0]?.url ?? "";
    fixture.simulator.faults.script("download", [{ kind: "status", status, retryAfter: 3 }]);
    const answer = await fixture.get(url);
    expect([answer.statusCode, answer.headers["retry-after"]]).toEqual([status, "3"]);
    expect((await fixture.get(url)).statusCode).toBe(200);
  });
});

describe("odd token answers", () => {
  const lifetimes = { null: null, zero: 0, text: "300", absent: undefined } as const;

  it.each(["null", "zero", "text", "absent"] as const)("a valid token can have the lifetime %s", async (form) => {
    const { simulator, client } = fixture;
    simulator.faults.script("token", [{ kind: "odd-lifetime", form }]);
    const { status, body } = await postToken(simulator, await client.assertion({ aud: simulator.tokenUrl }));
    expect([status, body["expires_in"]]).toEqual([200, lifetimes[form]]);
    expect(lastEntry()?.fault).toBe("odd-lifetime");
    const authorization = `Bearer ${String(body["access_token"])}`;
    expect((await fixture.kickOff("Patient/$export", { ...kickOffHeaders, authorization })).statusCode).toBe(202);
  });

  it("a user's token answer can have an odd lifetime beside the rotated refresh token", async () => {
    const { simulator } = fixture;
    const first = simulator.openSession({ userId: USER_ID, clientId: APP.clientId });
    simulator.faults.script("user-token", [{ kind: "odd-lifetime", form: "null" }]);
    const odd = tokenSchema.omit({ expires_in: true }).loose();
    const answer = odd.parse((await postForm(simulator, refreshForm(first))).json());
    expect(answer["expires_in"]).toBeNull();
    expect((await postForm(simulator, refreshForm(answer.refresh_token))).status).toBe(200);
  });

  it("an OAuth error can have status 200, and then no refresh token rotates", async () => {
    const { simulator, client } = fixture;
    simulator.faults.script("token", [{ kind: "oauth-error", error: "invalid_client" }]);
    const refused = await postToken(simulator, await client.assertion({ aud: simulator.tokenUrl }));
    expect([refused.status, refused.body]).toEqual([200, { error: "invalid_client" }]);
    const refreshToken = simulator.openSession({ userId: USER_ID, clientId: APP.clientId });
    simulator.faults.script("user-token", [{ kind: "oauth-error", error: "invalid_grant" }]);
    const answer = await postForm(simulator, refreshForm(refreshToken));
    expect([answer.status, answer.json()]).toEqual([200, { error: "invalid_grant" }]);
    expect((await postForm(simulator, refreshForm(refreshToken))).status).toBe(200);
  });

  it("a token answer can have a byte order mark", async () => {
    const { simulator } = fixture;
    simulator.faults.script("user-token", [{ kind: "byte-order-mark" }]);
    const form = refreshForm(simulator.openSession({ userId: USER_ID, clientId: APP.clientId }));
    expect((await postForm(simulator, form)).body.subarray(0, 4)).toEqual(Buffer.from("\ufeff{"));
  });
});

const kickOffHeaders = { accept: "application/fhir+json", prefer: "respond-async" };

describe("the admin API", () => {
  it("PUT faults accepts the faults of real servers", async () => {
    const plan = {
      scripts: {
        token: [{ kind: "odd-lifetime", form: "zero" }],
        "kick-off": [{ kind: "accepted-status", status: 201 }],
        status: [
          { kind: "status", status: 202, retryAfter: { text: "120 seconds" }, match: "bulkExport" },
          { kind: "odd-manifest", change: "doubled-entry" },
        ],
        "ccd-download": [{ kind: "odd-ccd", form: "readme" }],
      },
      rates: { download: [{ rate: 0.5, fault: { kind: "byte-order-mark" } }] },
    };
    const url = `${fixture.simulator.baseUrl}_simulator/faults`;
    const put = await request(url, { method: "PUT", body: JSON.stringify(plan) });
    expect(put.statusCode).toBe(204);
    expect((await kickOff()).status).toBe(201);
    const pending = (["token", "kick-off", "status", "ccd-download"] as const).map((endpoint) =>
      fixture.simulator.faults.pending(endpoint),
    );
    expect(pending).toEqual([1, 0, 2, 1]);
    expect(faultSchema.safeParse({ kind: "odd-manifest", change: "unknown" }).success).toBe(false);
  });

  it("a simulator has no faults by default", async () => {
    const { statusUrl } = await fixture.exported("Patient/$export");
    await (await fixture.get(statusUrl)).body.dump();
    expect(fixture.simulator.log.map(({ fault }) => fault)).toEqual(fixture.simulator.log.map(() => null));
  });
});
