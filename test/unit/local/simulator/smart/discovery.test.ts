import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import type { Simulator } from "#local/simulator/simulator.ts";
import { discover, launch, startSmartSimulator } from "./launch-client.ts";

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSmartSimulator();
});
afterEach(() => simulator.close());

const documentSchema = z.looseObject({
  capabilities: z.array(z.string()).optional(),
  code_challenge_methods_supported: z.array(z.string()),
});
const documentAt = async (url: string): Promise<z.infer<typeof documentSchema>> =>
  documentSchema.parse(await (await fetch(url)).json());
const keySet = async (): Promise<JSONWebKeySet> => {
  const answer = await fetch((await discover(simulator)).jwks_uri);
  return z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })) }).parse(await answer.json());
};

describe("discovery", () => {
  it("smart-configuration has the members that SMART requires, with absolute URLs and S256 only", async () => {
    const answer = await fetch(`${simulator.fhirBaseUrl}/.well-known/smart-configuration`);
    expect(answer.headers.get("content-type")).toBe("application/json");
    const document = documentSchema.parse(await answer.json());
    expect(document).toMatchObject({
      issuer: simulator.issuer,
      token_endpoint: simulator.userTokenUrl,
      grant_types_supported: expect.arrayContaining(["authorization_code"]),
      code_challenge_methods_supported: ["S256"],
      token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic", "none", "private_key_jwt"],
      authorization_response_iss_parameter_supported: true,
    });
    expect(document.capabilities).toEqual(
      expect.arrayContaining(["launch-ehr", "launch-standalone", "sso-openid-connect", "permission-offline"]),
    );
    const urls = Object.entries(document).filter(([name]) => /_(?:endpoint|uri)$/.test(name));
    expect(urls).toHaveLength(4);
    for (const [, url] of urls) expect(String(url)).toMatch(new RegExp(`^${simulator.baseUrl}integra/`));
  });

  it("openid-configuration is at the issuer, which is not the FHIR base", async () => {
    expect(simulator.issuer).not.toBe(simulator.fhirBaseUrl);
    const document = await documentAt(`${simulator.issuer}/.well-known/openid-configuration`);
    expect(document).toMatchObject({
      ...(await discover(simulator)),
      issuer: simulator.issuer,
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
    });
  });

  it("the documents announce RFC 9207 only if callbacks have iss", async () => {
    simulator.settings.issuerInCallback = false;
    const document = await documentAt(`${simulator.issuer}/.well-known/openid-configuration`);
    expect(document).not.toHaveProperty("authorization_response_iss_parameter_supported");
  });
});

describe("signing keys", () => {
  it("the key set has the public key that verifies id tokens, and no private part", async () => {
    const { id_token = "" } = await launch(simulator, "pat");
    const keys = await keySet();
    const { payload } = await jwtVerify(id_token, createLocalJWKSet(keys), { issuer: simulator.issuer });
    expect(payload.sub).toBe("pat");
    expect(keys.keys).toHaveLength(1);
    expect(Object.keys(keys.keys[0] ?? {}).toSorted()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
  });

  it("a rotation signs with a new key and keeps the old one published, unless it is forgotten", async () => {
    const { id_token: first = "" } = await launch(simulator, "pat");
    simulator.rotateSigningKey();
    const { id_token: second = "" } = await launch(simulator, "pat");
    expect(decodeProtectedHeader(second).kid).not.toBe(decodeProtectedHeader(first).kid);
    const both = await keySet();
    expect(both.keys).toHaveLength(2);
    for (const token of [first, second]) await expect(jwtVerify(token, createLocalJWKSet(both))).resolves.toBeDefined();
    simulator.rotateSigningKey({ forgetOld: true });
    const { keys } = await keySet();
    expect(keys).toHaveLength(1);
    await expect(jwtVerify(second, createLocalJWKSet({ keys }))).rejects.toThrow("no applicable key");
  });
});
