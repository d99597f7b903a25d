import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type { ClientKey } from "./client-key.ts";

/** Well below the five minutes that the specification allows, so that a server whose clock is behind still takes it. */
const lifetimeSeconds = 240;

/**
 * A one-time client assertion: a JWT signed with the client's key, `iss` = `sub` = the client id, `aud` = the token URL,
 * a new `jti` at each call (SMART App Launch, client-confidential-asymmetric; RFC 7523, 3).
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
