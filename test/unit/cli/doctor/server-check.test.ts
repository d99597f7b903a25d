import { describe, expect, it } from "vitest";
import { checkConnection, checkMetadata, type OpenAnswer } from "#cli/doctor/server-check.ts";
import { checkBackendToken, checkSignIn } from "#cli/doctor/token-check.ts";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { AccessRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { LaunchFailed } from "#user-session/language/launch-faults.ts";

const now = Date.UTC(2027, 0, 1);
const day = 86_400_000;
const origin = new URL("https://portal.example/");
const withCode = (code: string) => Object.assign(new Error("not shown"), { code });

const connectionFinding = (
  connect: () => Promise<{ protocol: string; certificateEndsAt: number } | undefined>,
  fixedEgress = false,
) => checkConnection({ origin, connect, fixedEgress, now: () => now })();

describe("the check of a connection", () => {
  it("says the protocol and until when the certificate is valid", async () => {
    const tls = { protocol: "TLSv1.3", certificateEndsAt: now + 90 * day };
    expect(await connectionFinding(() => Promise.resolve(tls))).toEqual({
      verdict: "ok",
      seen: "https://portal.example accepts connections by TLSv1.3, and its certificate is valid until 2027-04-01T00:00:00.000Z",
    });
    const soon = { ...tls, certificateEndsAt: now + 14 * day };
    expect((await connectionFinding(() => Promise.resolve(soon))).verdict).toBe("warning");
  });

  it("accepts plain HTTP, which the settings allow on a loopback address only", async () => {
    expect((await connectionFinding(() => Promise.resolve(undefined))).verdict).toBe("ok");
  });

  it.each([
    ["CERT_HAS_EXPIRED", /do not switch the check of certificates off/],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", /do not switch the check of certificates off/],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", /do not switch the check of certificates off/],
    ["ENOTFOUND", /correct the host/],
    ["ECONNREFUSED", /check the settings integra/],
    ["ETIMEDOUT", /check the settings integra/],
  ])("%s fails with its remedy", async (code, action) => {
    const finding = await connectionFinding(() => Promise.reject(withCode(code)));
    expect(finding).toMatchObject({ verdict: "failed", action: expect.stringMatching(action) as string });
    expect(finding.seen).toContain(`(${code})`);
  });

  it("names the stage's own addresses if the server may admit only those", async () => {
    expect((await connectionFinding(() => Promise.reject(withCode("ETIMEDOUT")), true)).action).toContain(
      "npm run smoke",
    );
  });

  it("an error that is not about the connection is not taken for one", async () => {
    await expect(connectionFinding(() => Promise.reject(new Error("a bug")))).rejects.toThrow("a bug");
  });
});

const statement = (fhirVersion: unknown) => ({ resourceType: "CapabilityStatement", fhirVersion });

const metadataFinding = (fetchMetadata: () => Promise<OpenAnswer>) =>
  checkMetadata({ metadataUrl: new URL("https://portal.example/r4/metadata"), fetchMetadata })();

describe("the check of the FHIR base", () => {
  it.each<[OpenAnswer, string, RegExp]>([
    [{ status: 200, json: statement("4.0.1") }, "ok", /FHIR 4\.0\.1/],
    [{ status: 401, json: undefined }, "ok", /wants a token \(401\)/],
    [{ status: 403, json: {} }, "ok", /wants a token \(403\)/],
    [{ status: 404, json: undefined }, "failed", /answers with 404/],
    [{ status: 200, json: statement("3.0.2") }, "failed", /is FHIR 3\.0\.2/],
    [{ status: 200, json: statement(4) }, "failed", /something else/],
    [{ status: 200, json: undefined }, "failed", /something else/],
  ])("%j is %s", async (answer, verdict, seen) => {
    expect(await metadataFinding(() => Promise.resolve(answer))).toMatchObject({
      verdict,
      seen: expect.stringMatching(seen) as string,
    });
  });

  it("a server that does not answer fails", async () => {
    const finding = await metadataFinding(() => Promise.reject(new ServerUnavailable("no answer (ECONNRESET)")));
    expect(finding).toMatchObject({ verdict: "failed", seen: expect.stringContaining("ECONNRESET") as string });
  });
});

const tokenFinding = (thrown?: Error, fixedEgress = false) =>
  checkBackendToken({
    stage: "prod",
    tokenUrl: new URL("https://portal.example/token?provider=idx"),
    requestToken: () => (thrown === undefined ? Promise.resolve() : Promise.reject(thrown)),
    fixedEgress,
  })();

describe("the check of the access token", () => {
  it("a token that was issued is ok", async () => {
    expect(await tokenFinding()).toEqual({
      verdict: "ok",
      seen: "https://portal.example/token issued an access token for a client assertion",
    });
  });

  it.each<[Error, boolean, string, RegExp]>([
    [new AccessRefused("invalid_client"), false, "failed", /npm run keys -- list --stage prod/],
    [new AccessRefused("invalid_client"), true, "failed", /npm run keys -- list --stage prod/],
    [new ClientKeyUnusable("the KMS key is disabled"), false, "failed", /secrets and keys/],
    [new ServerUnavailable("HTTP 503"), false, "failed", /integra\.tokenUrl/],
    [new ServerUnavailable("no answer"), true, "could-not-check", /npm run smoke/],
  ])("%s with fixed addresses %s is %s", async (error, fixedEgress, verdict, action) => {
    expect(await tokenFinding(error, fixedEgress)).toMatchObject({
      verdict,
      action: expect.stringMatching(action) as string,
    });
  });

  it("a refusal of KMS to this operator is thrown, so that it counts as not checked", async () => {
    const denied = Object.assign(new Error("kms:Sign"), { name: "AccessDeniedException" });
    await expect(tokenFinding(denied)).rejects.toBe(denied);
  });
});

describe("the check of sign-in", () => {
  const configuration = {
    authorizationUrl: new URL("https://login.example/authorize"),
    tokenUrl: new URL("https://portal.example/token"),
    revocationUrl: undefined,
  };
  const check = (thrown: Error | undefined, hasSmartClient: boolean) =>
    checkSignIn({
      readSmartConfiguration: () => (thrown === undefined ? Promise.resolve(configuration) : Promise.reject(thrown)),
      hasSmartClient: () => Promise.resolve(hasSmartClient),
    })();

  it("says where people sign in", async () => {
    expect(await check(undefined, true)).toEqual({
      verdict: "ok",
      seen: "people sign in at https://login.example; https://portal.example issues their tokens, and offers no revocation",
    });
  });

  it.each([
    [new LaunchFailed("authorization_endpoint leads elsewhere", { reason: "server-unusable" }), true, "failed"],
    [new ServerUnavailable("HTTP 404"), true, "failed"],
    [new ServerUnavailable("HTTP 404"), false, "warning"],
  ])("%s, with a SMART client %s, is %s", async (error, hasSmartClient, verdict) => {
    const finding = await check(error, hasSmartClient);
    expect(finding).toMatchObject({ verdict, seen: expect.stringContaining(error.message) as string });
    expect(finding.action).toContain("smart.authorizationOrigins");
  });
});
