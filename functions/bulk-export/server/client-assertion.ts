import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type { ClientKey } from "./client-key.ts";

/** Well below the five minutes that the specification allows, so that a server whose clock is slow accepts it as well. */
const lifetimeSeconds = 240;

/**
 * Signs a client assertion that is used once: a JWT with `iss` = `sub` = the client id, `aud` = `audience`, and a new `jti`
 * (SMART App Launch, client-confidential-asymmetric; RFC 7523, 3).
 * @param now milliseconds since the epoch
 */
export async function clientAssertion(client: ClientKey, audience: string, now: number): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  return await new SignJWT()
    .setProtectedHeader({ alg: client.signing.algorithm, kid: client.signing.kid, typ: "JWT" })
    .setIssuer(client.clientId)
    .setSubject(client.clientId)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + lifetimeSeconds)
    .setJti(randomUUID())
    .sign(client.signing.key);
}
