import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey, jwtVerify } from "jose";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import type { Http } from "#platform/http/http.ts";
import { LaunchFailed } from "#user-session/language/launch-faults.ts";
import { answerTime, type FetchOptions, fetchJsonObject } from "./fetch-json-object.ts";

export interface IdTokenPorts {
  http: Http;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** What an id_token has to prove. */
export interface ExpectedIdentity {
  issuer: string;
  jwksUrl: URL;
  clientId: string;
  /** Whether this is the nonce of the login. Only its digest is stored. */
  isNonce: (nonce: string) => boolean;
}

/** The person who signed in: `subject` is unique and never reassigned at its issuer (OpenID Connect Core, 2). */
export interface Person {
  issuer: string;
  subject: string;
  /** The person's own FHIR resource, as the server wrote it. It never says whose record the session may read. */
  fhirUser: string | undefined;
}

/** Signatures by a key pair. `none` and the HMACs prove nothing about the server. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const clockToleranceSeconds = 60;
/** A token for this login was issued within its last minutes. */
const oldestSeconds = 600;

/**
 * Verifies an id_token: its signature by the server's keys, its algorithm, issuer, audience, nonce and times. The keys are fetched for
 * each login, so a key that the server began to use a moment ago is known. If they do not come, or lack the token's key, they are fetched
 * once more: a cache may be older than the key, and the code of this login is spent.
 *
 * Source: OpenID Connect Core, 2 and 3.1.3.7; SMART App Launch, "Scopes for requesting identity data".
 * @throws LaunchFailed if the token is missing or any proof fails. The message names the proof, and nothing of the token
 * @throws ServerUnavailable if the keys cannot be fetched
 */
export async function verifyIdToken(
  ports: IdTokenPorts,
  idToken: unknown,
  expected: ExpectedIdentity,
): Promise<Person> {
  if (typeof idToken !== "string" || idToken === "") throw unproven("the token endpoint sent no id_token");
  const signal = answerTime();
  const claims = async (fresh: boolean): Promise<Record<string, unknown>> => {
    const keys = await fetchKeys(ports.http, expected.jwksUrl, { signal, fresh });
    return await verifiedClaims(idToken, createLocalJWKSet(keys), expected, ports.now());
  };
  const { sub, azp, nonce, fhirUser, profile, aud } = await claims(false).catch((error: unknown) => {
    if (isMissingKey(error) || error instanceof ServerUnavailable) return claims(true);
    throw error;
  });
  if (typeof sub !== "string" || sub === "" || sub.length > 255) throw unproven("the id_token has no usable sub");
  if (typeof nonce !== "string" || !expected.isNonce(nonce))
    throw unproven("the id_token does not have the nonce of this login");
  // Several audiences are allowed if the token says that it was issued to us (OpenID Connect Core, 3.1.3.7, 4 and 5).
  if ((azp !== undefined || (Array.isArray(aud) && aud.length > 1)) && azp !== expected.clientId)
    throw unproven("the id_token was issued to another client (azp)");
  const resource = [fhirUser, profile].find((claim) => typeof claim === "string" && claim !== "");
  return { issuer: expected.issuer, subject: sub, fhirUser: resource as string | undefined };
}

async function verifiedClaims(
  idToken: string,
  keys: JWTVerifyGetKey,
  { issuer, clientId: audience }: ExpectedIdentity,
  now: number,
): Promise<Record<string, unknown>> {
  const options = {
    algorithms,
    issuer,
    audience,
    requiredClaims: ["sub", "iat", "exp"],
    clockTolerance: clockToleranceSeconds,
    maxTokenAge: oldestSeconds,
    currentDate: new Date(now),
  };
  try {
    return (await jwtVerify(idToken, keys, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw unproven(proofOf(error), error);
    // A token without `kid` may be by any of the keys.
    for await (const key of error) {
      const verified = await jwtVerify(idToken, key, options).catch((fault: unknown) => {
        if (fault instanceof errors.JWSSignatureVerificationFailed) return undefined;
        throw unproven(proofOf(fault), fault);
      });
      if (verified !== undefined) return verified.payload;
    }
    throw unproven(proofOf(error), error);
  }
}

/** The name of what failed. jose's own message may quote a claim. */
function proofOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "the id_token has expired, or is too old";
  if (error instanceof errors.JWTClaimValidationFailed) return `the id_token's ${error.claim} is missing or wrong`;
  if (error instanceof errors.JOSEAlgNotAllowed) return "the id_token is signed with an algorithm that is not accepted";
  if (error instanceof errors.JWKSNoMatchingKey) return "no key of the server matches the id_token";
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSMultipleMatchingKeys)
    return "the id_token's signature is wrong";
  return "the id_token cannot be read";
}

const isMissingKey = (error: unknown): boolean =>
  error instanceof LaunchFailed && error.cause instanceof errors.JWKSNoMatchingKey;

async function fetchKeys(http: Http, url: URL, options: FetchOptions): Promise<JSONWebKeySet> {
  const keys = (await fetchJsonObject(http, url, "keys (jwks_uri)", options))?.["keys"];
  if (!Array.isArray(keys)) throw new ServerUnavailable("the server's keys (jwks_uri) are not a JWK Set");
  return { keys: keys.filter((key) => typeof key === "object" && key !== null) };
}

function unproven(message: string, cause?: unknown): LaunchFailed {
  return new LaunchFailed(message, { reason: "identity-unproven", cause });
}
