import { describe, expect, it } from "vitest";
import type { Http } from "#platform/http/http.ts";
import { readSmartConfiguration } from "#user-session/smart/smart-configuration.ts";
import { answeringHttp, type PlannedAnswer } from "../../../fixtures/answering-http.ts";

const fhirUrl = new URL("https://fhir.example/integra/fhir/r4/");
const server = { fhirUrl, signInOrigins: new Set(["https://fhir.example", "https://login.example"]) };
const smartUrl = "https://fhir.example/integra/fhir/r4/.well-known/smart-configuration";

const complete = {
  issuer: "https://login.example/realm",
  jwks_uri: "https://login.example/realm/jwks",
  authorization_endpoint: "https://login.example/authorize",
  token_endpoint: "https://fhir.example/token",
  revocation_endpoint: "https://fhir.example/revoke",
  capabilities: ["launch-standalone"],
  code_challenge_methods_supported: ["S256"],
};

const answering = (answers: Record<string, PlannedAnswer>) =>
  answeringHttp(({ url }) => answers[url.href] ?? { status: 404 });
const read = (http: Http, warnings: string[] = []) =>
  readSmartConfiguration({ http, server, onWarning: (fault) => warnings.push(fault) });
const readFrom = (body: unknown) => read(answering({ [smartUrl]: { status: 200, body } }));

const tooLate: Http = () => Promise.reject(new DOMException("late", "TimeoutError"));

describe("the SMART configuration", () => {
  it("names the endpoints, the issuer and the keys", async () => {
    const http = answering({ [smartUrl]: { status: 200, body: complete } });
    expect(await read(http)).toEqual({
      issuer: complete.issuer,
      authorizationUrl: new URL(complete.authorization_endpoint),
      tokenUrl: new URL(complete.token_endpoint),
      jwksUrl: new URL(complete.jwks_uri),
      revocationUrl: new URL(complete.revocation_endpoint),
      namesIssuer: false,
    });
    expect(http.requests).toHaveLength(1);
  });

  it("may have relative endpoints, which are below the FHIR base or on its origin", async () => {
    const body = {
      ...complete,
      jwks_uri: "jwks",
      authorization_endpoint: "/authorize?by=idx",
      token_endpoint: "../token",
    };
    expect(await readFrom(body)).toMatchObject({
      jwksUrl: new URL("https://fhir.example/integra/fhir/r4/jwks"),
      authorizationUrl: new URL("https://fhir.example/authorize?by=idx"),
      tokenUrl: new URL("https://fhir.example/integra/fhir/token"),
    });
  });

  it("can say that each callback names the issuer", async () => {
    const body = { ...complete, authorization_response_iss_parameter_supported: true };
    expect(await readFrom(body)).toMatchObject({ namesIssuer: true });
  });

  it("without S256 among its methods is refused, because the server would not check the proof (PKCE)", async () => {
    const plain = { ...complete, code_challenge_methods_supported: ["plain"] };
    await expect(readFrom(plain)).rejects.toMatchObject({ reason: "server-unusable", message: /S256/ });
  });

  it("without any method is used with a warning: the server may check the proof all the same", async () => {
    const warnings: string[] = [];
    const { code_challenge_methods_supported: _, ...body } = complete;
    await read(answering({ [smartUrl]: { status: 200, body } }), warnings);
    expect(warnings).toEqual(["code_challenge_methods_supported is missing"]);
  });

  it("with an issuer alone is completed by its OpenID configuration", async () => {
    const { issuer } = complete;
    const http = answering({
      [smartUrl]: { status: 200, body: { issuer } },
      "https://login.example/realm/.well-known/openid-configuration": { status: 200, body: complete },
    });
    expect(await read(http)).toEqual(await readFrom(complete));
  });

  it("can offer no revocation", async () => {
    expect(await readFrom({ ...complete, revocation_endpoint: null })).toMatchObject({ revocationUrl: undefined });
  });

  it("without keys is completed by the OpenID configuration of its issuer", async () => {
    const { jwks_uri, ...rest } = complete;
    const http = answering({
      [smartUrl]: { status: 200, body: rest },
      "https://login.example/realm/.well-known/openid-configuration": {
        status: 200,
        body: { issuer: complete.issuer, jwks_uri },
      },
    });
    expect(await read(http)).toMatchObject({ issuer: complete.issuer, jwksUrl: new URL(jwks_uri) });
  });

  it("without an issuer is completed by the OpenID configuration of the FHIR base", async () => {
    const { issuer: _, ...rest } = complete;
    const base = "https://fhir.example/integra/fhir/r4";
    const http = answering({
      [smartUrl]: { status: 200, body: rest },
      [`${base}/.well-known/openid-configuration`]: { status: 200, body: { ...complete, issuer: base } },
    });
    expect(await read(http)).toMatchObject({ issuer: base });
  });

  it("is refused if its OpenID configuration belongs to another issuer", async () => {
    const { jwks_uri: _, ...rest } = complete;
    const http = answering({
      [smartUrl]: { status: 200, body: rest },
      "https://login.example/realm/.well-known/openid-configuration": {
        status: 200,
        body: { ...complete, issuer: "https://login.example/other" },
      },
    });
    await expect(read(http)).rejects.toMatchObject({ name: "LaunchFailed", reason: "server-unusable" });
  });

  it.each(["authorization_endpoint", "token_endpoint", "jwks_uri", "revocation_endpoint"])(
    "is refused if its %s leads to an origin that is not configured",
    async (name) => {
      for (const url of [
        "https://evil.example/x",
        "https://login.example@evil.example/x",
        "javascript:alert(1)",
        "//evil.example/x",
        "https://",
      ]) {
        await expect(readFrom({ ...complete, [name]: url })).rejects.toMatchObject({
          name: "LaunchFailed",
          reason: "server-unusable",
        });
      }
    },
  );

  it("whose issuer leads elsewhere is refused before a request goes there", async () => {
    const http = answering({
      [smartUrl]: { status: 200, body: { ...complete, jwks_uri: null, issuer: "https://evil.example" } },
    });
    await expect(read(http)).rejects.toMatchObject({ reason: "server-unusable" });
    expect(http.requests).toHaveLength(1);
  });

  it.each(["authorization_endpoint", "token_endpoint"])("is refused without %s", async (name) => {
    for (const value of [undefined, null, "", 7, ["https://login.example/a"]]) {
      const http = answering({
        [smartUrl]: { status: 200, body: { ...complete, [name]: value } },
        "https://login.example/realm/.well-known/openid-configuration": {
          status: 200,
          body: { issuer: complete.issuer },
        },
      });
      await expect(read(http)).rejects.toMatchObject({
        reason: "server-unusable",
        message: expect.stringContaining(name) as string,
      });
    }
  });

  it.each([
    ["a 404", { status: 404 }],
    ["a redirect", { status: 302, headers: { location: "https://evil.example/" } }],
    ["a login page", { status: 200, body: "<html>sign in</html>" }],
    ["more than 256 KiB", { status: 200, body: { ...complete, filler: "x".repeat(300_000) } }],
  ])("that is %s counts as unavailable, and nothing else is requested", async (_, answer) => {
    const http = answering({ [smartUrl]: answer });
    await expect(read(http)).rejects.toMatchObject({ name: "ServerUnavailable" });
    expect(http.requests).toHaveLength(1);
  });

  it("that does not come in time counts as unavailable", async () => {
    await expect(read(tooLate)).rejects.toMatchObject({
      name: "ServerUnavailable",
      message: "the server did not send its smart-configuration within 5 s",
    });
  });
});
