import { decodeProtectedHeader, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { integraServer } from "#bulk-export/server/integra-server.ts";
import { clientAssertion } from "#platform/client-key/client-assertion.ts";
import { parseClientKey } from "#platform/client-key/client-key.ts";
import { ecKey, noKms, rsaKey, secretText } from "../../../fixtures/client-keys.ts";

const audience = integraServer({ baseUrl: "https://portal.minerva.integracloud.com/" }).audience;

describe("a client assertion", () => {
  it.each([
    ["RS384", rsaKey("rsa-1")],
    ["ES384", ecKey("ec-1")],
  ])(
    "a client assertion is signed with %s, according to the key's type, and verifies with the public key",
    async (algorithm, pair) => {
      const client = parseClientKey(secretText(pair.privateJwk), noKms);
      const now = Date.now();
      const assertion = await clientAssertion(client, audience, now);
      expect(decodeProtectedHeader(assertion)).toEqual({ alg: algorithm, kid: pair.privateJwk.kid, typ: "JWT" });
      const { payload } = await jwtVerify(assertion, pair.publicKey, { audience, algorithms: [algorithm] });
      expect(payload.iss).toBe("client-1");
      expect(payload.sub).toBe("client-1");
      expect(payload.aud).toBe("https://portal.minerva.integracloud.com/integra/fhir/oauth2/token?provider=idx");
      const secondsAhead = (payload.exp ?? 0) - now / 1000;
      expect(secondsAhead).toBeGreaterThan(60);
      expect(secondsAhead).toBeLessThanOrEqual(300);
    },
  );

  it("each client assertion has another jti", async () => {
    const client = parseClientKey(secretText(ecKey("ec-1").privateJwk), noKms);
    const assertions = await Promise.all(
      Array.from({ length: 500 }, () => clientAssertion(client, audience, 1_700_000_000_000)),
    );
    const ids = assertions.map((assertion) => {
      const payload = JSON.parse(Buffer.from(assertion.split(".")[1] ?? "", "base64url").toString()) as { jti: string };
      return payload.jti;
    });
    expect(new Set(ids).size).toBe(500);
  });

  it("a client assertion is signed with the key in `current`, not with the one in `next`", async () => {
    const [current, next] = [ecKey("now"), ecKey("later")];
    const client = parseClientKey(secretText(current.privateJwk, { next: next.privateJwk }), noKms);
    expect(decodeProtectedHeader(await clientAssertion(client, audience, Date.now())).kid).toBe("now");
  });
});
