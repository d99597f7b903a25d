import { randomUUID } from "node:crypto";
import { assertionSeconds } from "./key-lifetimes.ts";
import type { SigningKey } from "./signing-key.ts";

/** Who signs, and with what. */
export interface AssertingClient {
  clientId: string;
  signing: SigningKey;
}

/**
 * Signs a client assertion that is used once: a JWT with `iss` = `sub` = the client id, `aud` = `audience`, and a new `jti`
 * (SMART App Launch, client-confidential-asymmetric; RFC 7523, 3; RFC 7515, 7.1). It serves SMART Backend Services and
 * `private_key_jwt` alike.
 * @param now milliseconds since the epoch
 */
export async function clientAssertion(client: AssertingClient, audience: string, now: number): Promise<string> {
  const { clientId, signing } = client;
  const iat = Math.floor(now / 1000);
  const header = { alg: signing.algorithm, kid: signing.kid, typ: "JWT" };
  const exp = iat + assertionSeconds;
  const claims = { iss: clientId, sub: clientId, aud: audience, iat, exp, jti: randomUUID() };
  const input = `${encoded(header)}.${encoded(claims)}`;
  const signature = await signing.sign(Buffer.from(input));
  return `${input}.${Buffer.from(signature).toString("base64url")}`;
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
