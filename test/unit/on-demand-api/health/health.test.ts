import { describe, expect, it } from "vitest";
import type { PublishedKey } from "#client-keys/language/key-set.ts";
import { type HealthPorts, serveHealth } from "#on-demand-api/health/health.ts";
import { healthChecks, healthReport } from "#on-demand-api/language/health-messages.ts";
import { ok } from "#platform/findings/findings.ts";
import { ecKey, secretText } from "../../../fixtures/client-keys.ts";
import { asDescribed } from "../../../fixtures/described-answers.ts";

const now = Date.UTC(2027, 0, 31);
const { privateJwk } = ecKey("key-1");
const published: PublishedKey = {
  jwk: { kty: "EC", kid: "key-1", alg: "ES384", use: "sig" },
  publishedAt: now - 86_400_000,
  usedSince: now - 86_400_000,
};

async function healthFor(caller: string, more: Partial<HealthPorts> = {}) {
  const unchecked: [string, unknown][] = [];
  const probed: string[] = [];
  const handle = serveHealth({
    stage: "prod",
    callers: { ask: ["anna"], cancel: ["olaf"], read: ["rita"] },
    serviceSession: true,
    rotateEveryDays: undefined,
    readClientSecret: () => Promise.resolve(secretText(privateJwk)),
    readKeySet: () => Promise.resolve([published]),
    readServiceSession: () => Promise.resolve(undefined),
    fhirUrl: new URL("https://fhir.example/r4/"),
    tokenUrl: new URL("https://fhir.example/token?provider=idx"),
    probe: ({ url, isThere }) => {
      probed.push(`${url.href} ${[200, 401, 404, 405, 500].filter(isThere).join()}`);
      return Promise.resolve(ok("it answers"));
    },
    progress: { list: () => Promise.resolve({ exports: [], next: undefined }) },
    onUnchecked: (check, error) => unchecked.push([check, error]),
    now: () => now,
    ...more,
  });
  const request = { route: "GET /health", callId: "call-1", caller, path: {}, queryString: "", headers: {} };
  const signal = new AbortController().signal;
  const answer = await asDescribed("GET /health", handle({ ...request, body: Buffer.alloc(0) }, { signal }));
  const text = answer.body.toString("utf8");
  return { text, report: healthReport.parse(JSON.parse(text)), unchecked, probed };
}

describe("the health of a stage", () => {
  it("has findings of each check, in their order, and the worst verdict", async () => {
    const { report, probed, unchecked } = await healthFor("anna");
    expect(report).toMatchObject({ stage: "prod", at: new Date(now).toISOString(), verdict: "ok" });
    expect([...new Set(report.findings.map(({ check }) => check))]).toEqual([...healthChecks]);
    expect(report.findings.map(({ seen }) => seen)).toEqual([
      "integra-bridge/prod/client has a client id, a scope and a key",
      "the current key key-1 (ES384, in Secrets Manager) has signed since 2027-01-30T00:00:00.000Z, for 1 days",
      "the public key set has key-1",
      "the stage's own session has not been used yet: its first use refreshes it",
      "it answers",
      "it answers",
      "no export was requested yet",
    ]);
    expect(probed).toEqual([
      "https://fhir.example/r4/metadata 200,401",
      "https://fhir.example/token?provider=idx 200,401,404,405",
    ]);
    expect(unchecked).toEqual([]);
  });

  it("is for whoever may see exports, and for no other caller", async () => {
    for (const caller of ["anna", "olaf", "rita"]) expect((await healthFor(caller)).report.verdict).toBe("ok");
    await expect(healthFor("eve")).rejects.toMatchObject({ name: "ApiProblem", status: 403 });
  });

  it("never has a value of the secret, whether it is usable or not", async () => {
    const broken = { ...privateJwk, y: undefined };
    for (const key of [privateJwk, broken]) {
      const { text } = await healthFor("anna", { readClientSecret: () => Promise.resolve(secretText(key)) });
      expect(text).not.toContain(privateJwk.d);
      expect(text).not.toContain("system/*.read");
    }
  });

  it.each<[string, string | undefined]>([
    ["without a value", undefined],
    ["as CloudFormation created it", "random"],
    ["with a broken key", secretText({ ...privateJwk, y: undefined })],
  ])("a secret %s has failed, and its keys could not be checked", async (_, text) => {
    const { report } = await healthFor("anna", { readClientSecret: () => Promise.resolve(text) });
    expect(report.verdict).toBe("failed");
    expect(report.findings.slice(0, 2)).toMatchObject([
      { check: "secrets", verdict: "failed", action: expect.any(String) },
      { check: "keys", verdict: "could-not-check" },
    ]);
  });

  it("a key that is not in the key set, and a session that ended, are findings", async () => {
    const session = {
      access: undefined,
      attempts: 1,
      retryAt: undefined,
      end: { at: now, refusal: "grant-refused" },
    } as const;
    const { report } = await healthFor("anna", {
      readKeySet: () => Promise.resolve([]),
      readServiceSession: () => Promise.resolve(session),
    });
    expect(report.findings.slice(1, 3)).toMatchObject([
      { check: "keys", verdict: "warning" },
      { check: "sessions", verdict: "failed" },
    ]);
  });

  it("shows the other findings if a check cannot be made, and leaves the cause to the log", async () => {
    const error = new Error("AccessDenied: hidden words");
    const { report, text, unchecked } = await healthFor("anna", { readKeySet: () => Promise.reject(error) });
    expect(report.verdict).toBe("could-not-check");
    expect(report.findings.filter(({ verdict }) => verdict !== "ok")).toMatchObject([{ check: "keys" }]);
    expect(report.findings).toHaveLength(6);
    expect(text).not.toContain("hidden");
    expect(unchecked).toEqual([["keys", error]]);
  });
});
