import * as fc from "fast-check";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { afterEach, describe, expect, it } from "vitest";
import { type BackendToken, backendToken } from "#bulk-export/server/backend-token.ts";
import { integraServer } from "#bulk-export/server/integra-server.ts";
import { CertificateRefused } from "#platform/faults/certificate-refused.ts";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { AccessRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { ecKey, noKms, secretText } from "../../../fixtures/client-keys.ts";
import { tokenReplies } from "../../../fixtures/token-answers.ts";
import {
  head,
  says,
  startWireServer,
  type WatchedHttp,
  type WireReply,
  type WireRequest,
  type WireServer,
  watchedHttp,
} from "../../../fixtures/wire-server.ts";

const [oldKey, newKey] = [ecKey("old"), ecKey("new")];
const json = { "content-type": "application/json" };
const token = (name: string, expiresIn?: number | string): WireReply =>
  says(200, json, JSON.stringify({ access_token: name, token_type: "bearer", expires_in: expiresIn }));
const invalidClient = says(401, json, JSON.stringify({ error: "invalid_client", error_description: "unknown kid" }));

const echo = (body: string): WireReply =>
  says(400, json, JSON.stringify({ error: "invalid_request", error_description: `bad form: ${body}` }));

const rotated = (reading: number): string => secretText((reading > 1 ? newKey : oldKey).privateJwk);
const assertionOf = (request: WireRequest | undefined): string =>
  new URLSearchParams(request?.body).get("client_assertion") ?? "";

interface Setting {
  token: BackendToken;
  clock: { now: number };
  slept: number[];
  warned: unknown[];
  readings: { count: number };
  wire: WireServer;
}

describe("the backend token", () => {
  const open: (WireServer | WatchedHttp)[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0)) await thing.close();
  });

  async function given(reply: (number: number) => WireReply, secret?: (reading: number) => string): Promise<Setting> {
    const wire = await startWireServer((_, number) => reply(number));
    const watched = watchedHttp();
    open.push(watched, wire);
    const clock = { now: Date.now() };
    const slept: number[] = [];
    const warned: unknown[] = [];
    const readings = { count: 0 };
    const ports = {
      server: integraServer({ baseUrl: wire.origin }),
      http: watched.http,
      kms: noKms,
      readSecret: () => {
        readings.count += 1;
        return Promise.resolve(secret?.(readings.count) ?? secretText(oldKey.privateJwk));
      },
      now: () => clock.now,
      sleep: (ms: number) => {
        slept.push(ms);
        return Promise.resolve();
      },
      log: { warn: (code: string, fields?: Record<string, unknown>) => void warned.push([code, fields]) },
    };
    return { token: backendToken(ports), clock, slept, warned, readings, wire };
  }

  it("the token request has the form of SMART Backend Services and the guide", async () => {
    const { token: backend, wire, clock } = await given(() => token("t1", 300));
    expect(await backend.current()).toBe("t1");
    const [request] = wire.requests;
    expect(request?.method).toBe("POST");
    expect(request?.target).toBe("/integra/fhir/oauth2/token?provider=idx");
    expect(request?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    const form = new URLSearchParams(request?.body);
    expect(Object.fromEntries([...form].filter(([name]) => name !== "client_assertion"))).toEqual({
      grant_type: "client_credentials",
      scope: "system/*.read",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    });
    await jwtVerify(form.get("client_assertion") ?? "", oldKey.publicKey, {
      audience: `${wire.origin}/integra/fhir/oauth2/token?provider=idx`,
      currentDate: new Date(clock.now),
    });
  });

  it.each([
    ["5 s", 5, 4_000],
    ["300 s", 300, 240_000],
    ["3600 s", 3600, 3_540_000],
    ["that the server does not state", undefined, 240_000],
  ])("a token with the lifetime %s is used until its margin begins, and not longer", async (_, expiresIn, keptMs) => {
    const { token: backend, clock, wire } = await given((number) => token(`t${number}`, expiresIn));
    expect(await backend.current()).toBe("t1");
    clock.now += keptMs - 1;
    expect(await backend.current()).toBe("t1");
    clock.now += 1;
    expect(await backend.current()).toBe("t2");
    expect(wire.requests).toHaveLength(2);
  });

  it("an expires_in that is a string is understood", async () => {
    const { token: backend, clock } = await given((number) => token(`t${number}`, "3600"));
    await backend.current();
    clock.now += 3_539_000;
    expect(await backend.current()).toBe("t1");
  });

  it("concurrent callers share one token request", async () => {
    const { token: backend, wire } = await given((number) => token(`t${number}`, 300));
    const all = await Promise.all(Array.from({ length: 20 }, () => backend.current()));
    expect(new Set(all)).toEqual(new Set(["t1"]));
    expect(wire.requests).toHaveLength(1);
  });

  it("a token that several requests were refused with is replaced once", async () => {
    const { token: backend, wire } = await given((number) => token(`t${number}`, 300));
    await backend.current();
    const all = await Promise.all(Array.from({ length: 5 }, () => backend.replacement("t1")));
    expect(new Set(all)).toEqual(new Set(["t2"]));
    expect(await backend.replacement("t1")).toBe("t2");
    expect(wire.requests).toHaveLength(2);
  });

  it("each token request has another jti", async () => {
    const { token: backend, wire } = await given((number) => (number < 3 ? says(503) : token("t", 300)));
    await backend.current();
    const assertions = wire.requests.map(({ body }) => new URLSearchParams(body).get("client_assertion"));
    expect(new Set(assertions).size).toBe(3);
  });

  it.each([
    ["invalid_client with 401", invalidClient],
    ["invalid_client with 400", says(400, json, JSON.stringify({ error: "invalid_client" }))],
    ["any other refusal", says(403, {}, "no")],
  ])("after %s the secret is read again, and a rotated key is used at once", async (_, refusal) => {
    const setting = await given((number) => (number === 1 ? refusal : token("t-new", 300)), rotated);
    expect(await setting.token.current()).toBe("t-new");
    expect(setting.readings.count).toBe(2);
    expect(setting.slept).toEqual([]);
    const currentDate = new Date(setting.clock.now);
    await jwtVerify(assertionOf(setting.wire.requests[1]), newKey.publicKey, { currentDate });
  });

  it("a refusal of the rotated key as well is final", async () => {
    const setting = await given(() => invalidClient, rotated);
    await expect(setting.token.current()).rejects.toBeInstanceOf(AccessRefused);
    expect(setting.wire.requests).toHaveLength(2);
    expect(setting.readings.count).toBe(2);
  });

  it("a refused key that has not changed is tried once more after a pause", async () => {
    const setting = await given((number) => (number === 1 ? invalidClient : token("t", 300)));
    expect(await setting.token.current()).toBe("t");
    expect(setting.readings.count).toBe(2);
    expect(setting.slept).toEqual([500]);
  });

  it("the secret is read once in five minutes, even for tokens with a short lifetime", async () => {
    const setting = await given(() => token("t", 5));
    for (let second = 0; second < 300; second += 5) {
      await setting.token.current();
      setting.clock.now += 5_000;
    }
    expect(setting.readings.count).toBe(1);
    await setting.token.current();
    expect(setting.wire.requests).toHaveLength(61);
    expect(setting.readings.count).toBe(2);
  });

  it("a key that was replaced five minutes ago is not used any more", async () => {
    const setting = await given(() => token("t", 60), rotated);
    await setting.token.current();
    setting.clock.now += 300_000;
    await setting.token.current();
    const signedBy = setting.wire.requests.map((request) => decodeProtectedHeader(assertionOf(request)).kid);
    expect(signedBy).toEqual(["old", "new"]);
  });

  it("after a final refusal the next token request reads the secret again", async () => {
    const setting = await given(
      (number) => (number <= 2 ? invalidClient : token("t-new", 300)),
      (reading) => secretText((reading > 2 ? newKey : oldKey).privateJwk),
    );
    await expect(setting.token.current()).rejects.toBeInstanceOf(AccessRefused);
    expect(await setting.token.current()).toBe("t-new");
    expect(setting.wire.requests).toHaveLength(3);
  });

  it("a redirect of the token endpoint is not followed", async () => {
    const stranger = await startWireServer(() => token("stranger's", 300));
    open.push(stranger);
    const setting = await given(() => says(307, { location: `${stranger.origin}/token` }));
    await expect(setting.token.current()).rejects.toBeInstanceOf(ServerUnavailable);
    expect(stranger.requests).toHaveLength(0);
  });

  it("the second refusal is final, and the fault has the server's words", async () => {
    const setting = await given(() => invalidClient);
    const fault = await setting.token.current().catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(AccessRefused);
    expect((fault as Error).message).toContain("invalid_client: unknown kid");
    expect(setting.wire.requests).toHaveLength(2);
    expect(setting.readings.count).toBe(2);
  });

  it("a token request fails after three attempts without a usable answer, with pauses in between", async () => {
    const setting = await given(() => says(503));
    await expect(setting.token.current()).rejects.toBeInstanceOf(ServerUnavailable);
    expect(setting.wire.requests).toHaveLength(3);
    expect(setting.slept).toEqual([500, 2_000]);
  });

  it("a token request fails at once if the certificate of the token endpoint is not accepted", async () => {
    let requests = 0;
    const refused = new CertificateRefused("expired", { unexplained: true });
    const backend = backendToken({
      server: integraServer({ baseUrl: "https://portal.example" }),
      http: () => {
        requests += 1;
        return Promise.reject(refused);
      },
      kms: noKms,
      readSecret: () => Promise.resolve(secretText(oldKey.privateJwk)),
      now: Date.now,
      sleep: () => Promise.resolve(),
      log: { warn: () => undefined },
    });
    await expect(backend.current()).rejects.toBe(refused);
    expect(requests).toBe(1);
  });

  it("a Retry-After that is longer than the pause is left to the workflow", async () => {
    const setting = await given(() => says(429, { "retry-after": "120" }));
    await expect(setting.token.current()).rejects.toMatchObject({ name: "ServerUnavailable", retryAfterMs: 120_000 });
    expect(setting.slept).toEqual([]);
    expect(setting.wire.requests).toHaveLength(1);
  });

  it.each([
    ["an HTML page", says(200, {}, "<html>Welcome</html>")],
    ["no access_token", says(200, json, "{}")],
    ["an empty access_token", says(200, json, '{"access_token":""}')],
    ["nothing", says(200)],
    ["a cut body", { bytes: Buffer.concat([head(200, { "content-length": "90" }), Buffer.from("{")]), end: "reset" }],
    ["no HTTP", { bytes: Buffer.from("garbage\r\n\r\n"), end: "close" }],
    ["no answer at all", { bytes: Buffer.alloc(0), end: "reset" }],
  ] satisfies [string, WireReply][])("a token request is repeated after a 200 with %s", async (_, garbage) => {
    const setting = await given((number) => (number === 1 ? garbage : token("t", 300)));
    expect(await setting.token.current()).toBe("t");
  });

  // E8
  it.each([null, 0, -1, "", "soon", [], {}])(
    "a token whose expires_in is %j is used, for the lifetime that the standard recommends",
    async (expires_in) => {
      const body = (number: number) => JSON.stringify({ access_token: `t${number}`, expires_in });
      const { token: backend, clock, warned } = await given((number) => says(200, json, body(number)));
      expect(await backend.current()).toBe("t1");
      // What is null is unsaid. Everything else was meant to say something.
      const warning = ["EXPORT_TOKEN_ANSWER_UNREADABLE", { members: ["expires_in"] }];
      expect(warned).toEqual(expires_in === null ? [] : [warning]);
      clock.now += 239_999;
      expect(await backend.current()).toBe("t1");
      clock.now += 1;
      expect(await backend.current()).toBe("t2");
    },
  );

  it.each([201, 202])("a token under the status %d is used", async (status) => {
    const { token: backend } = await given(() => says(status, json, '{"access_token":"t1"}'));
    expect(await backend.current()).toBe("t1");
  });

  // E9
  it.each([200, 302, 403, 500])("invalid_client with the status %d is a refusal", async (status) => {
    const setting = await given(() => says(status, json, '{"error":"invalid_client"}'));
    await expect(setting.token.current()).rejects.toMatchObject({
      name: "AccessRefused",
      message: expect.stringContaining(`HTTP ${status}: invalid_client`) as string,
    });
    expect(setting.wire.requests).toHaveLength(2);
  });

  it.each([200, 400, 500])("temporarily_unavailable with the status %d is no refusal", async (status) => {
    const setting = await given(() => says(status, json, '{"error":"temporarily_unavailable"}'));
    await expect(setting.token.current()).rejects.toBeInstanceOf(ServerUnavailable);
    expect(setting.readings.count).toBe(1);
  });

  it("any answer is a token, a refusal or an outage", async () => {
    await fc.assert(
      fc.asyncProperty(tokenReplies, async ({ status, members, answer }) => {
        const backend = backendToken({
          server: integraServer({ baseUrl: "https://portal.example" }),
          http: () => Promise.resolve(answer()),
          kms: noKms,
          readSecret: () => Promise.resolve(secretText(oldKey.privateJwk)),
          now: Date.now,
          sleep: () => Promise.resolve(),
          log: { warn: () => undefined },
        });
        const outcome = await backend.current().catch((fault: Error) => fault.name);
        const issued = status < 300 && members["access_token"] === "access-1";
        expect(outcome === "access-1").toBe(issued);
        const others = ["AccessRefused", "ServerUnavailable", [members["access_token"]].flat()[0]];
        expect(issued ? ["access-1"] : others).toContain(outcome);
      }),
      { numRuns: 60 },
    );
  });

  it("a failed token request is not cached", async () => {
    const setting = await given((number) => (number <= 3 ? says(500) : token("t", 300)));
    await expect(setting.token.current()).rejects.toBeInstanceOf(ServerUnavailable);
    expect(await setting.token.current()).toBe("t");
  });

  it("an unusable secret sends no token request", async () => {
    const setting = await given(
      () => token("t", 300),
      () => "{}",
    );
    await expect(setting.token.current()).rejects.toBeInstanceOf(ClientKeyUnusable);
    expect(setting.wire.requests).toHaveLength(0);
  });

  it("a fault of the token request never quotes the client assertion", async () => {
    const wire = await startWireServer(({ body }) => echo(body));
    const watched = watchedHttp();
    open.push(watched, wire);
    const backend = backendToken({
      server: integraServer({ baseUrl: wire.origin }),
      http: watched.http,
      kms: noKms,
      readSecret: () => Promise.resolve(secretText(oldKey.privateJwk)),
      now: Date.now,
      sleep: () => Promise.resolve(),
      log: { warn: () => undefined },
    });
    const fault = (await backend.current().catch((error: unknown) => error)) as Error;
    expect(fault.message).toContain("bad form");
    expect(fault.message).not.toContain("eyJ");
    for (const request of wire.requests) expect(fault.message).not.toContain(assertionOf(request));
  });
});
