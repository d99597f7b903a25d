import { compactVerify, decodeProtectedHeader, importJWK, type JWK, type ProtectedHeaderParameters } from "jose";
import * as z from "zod";
import type { ClientKeySets, KeySetRegistration } from "#local/simulator/oauth/client-key-sets.ts";

/** Client authentication failed, and the answer is `invalid_client`. The message gives the cause to a person. */
export class AssertionRefused extends Error {
  override readonly name = "AssertionRefused";
}

/** A client that may authenticate by an assertion. */
interface AssertionClient extends KeySetRegistration {
  readonly clientId: string;
}

const KEY_TYPES: Readonly<Record<string, string>> = { RS384: "RSA", ES384: "EC" };
const MAX_LIFETIME_SECONDS = 300;
const CLOCK_SKEW_SECONDS = 5;

const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  exp: z.number(),
  nbf: z.number().optional(),
  jti: z.string().min(1),
});

/** Verifies the authentication JWTs of registered clients and refuses a `jti` that was used before. */
export class AssertionVerifier<Client extends AssertionClient> {
  readonly #clients: ReadonlyMap<string, Client>;
  readonly #keySets: ClientKeySets;
  /** iss and jti, with the time in seconds at which the JWT is refused as expired anyway. */
  readonly #seen = new Map<string, number>();

  constructor(clients: ReadonlyMap<string, Client>, keySets: ClientKeySets) {
    this.#clients = clients;
    this.#keySets = keySets;
  }

  /**
   * Returns the client that the assertion authenticates. It follows SMART "Signature Verification" and RFC 7523 3, and
   * accepts only RS384 and ES384, as the guide says. `audiences`: the URLs that `aud` may have. Throws AssertionRefused.
   */
  async verify(assertion: string, ...audiences: readonly string[]): Promise<Client> {
    const header = readHeader(assertion);
    const keyType = KEY_TYPES[header.alg ?? ""];
    if (keyType === undefined) refuse(`alg is ${header.alg}, expected RS384 or ES384`);
    if (header.typ !== "JWT") refuse(`typ is ${header.typ}, expected JWT`);
    const claims = readClaims(assertion);
    const client = this.#clients.get(claims.iss);
    if (client === undefined) refuse(`iss is ${claims.iss}, which is not a registered client`);
    if (header["jku"] !== undefined && header["jku"] !== client.jwksUrl) refuse("jku is not the registered JWKS URL");
    const registered = await this.#keySets.keysOf(client);
    if ("refusal" in registered) refuse(registered.refusal);
    const key = selectKey(registered.keys, header.kid, keyType);
    await verifySignature(assertion, key, header.alg ?? "");
    checkClaims(claims, audiences);
    this.#refuseReplay(claims);
    return client;
  }

  #refuseReplay(claims: z.infer<typeof claimsSchema>): void {
    const now = Date.now() / 1000;
    for (const [id, until] of this.#seen) if (until < now) this.#seen.delete(id);
    const id = JSON.stringify([claims.iss, claims.jti]);
    if (this.#seen.has(id)) refuse(`jti ${claims.jti} was used before`);
    this.#seen.set(id, claims.exp + CLOCK_SKEW_SECONDS);
  }
}

function refuse(reason: string): never {
  throw new AssertionRefused(reason);
}

function readHeader(assertion: string): ProtectedHeaderParameters {
  try {
    return decodeProtectedHeader(assertion);
  } catch {
    return refuse("client_assertion is not a JWT in compact form");
  }
}

function readClaims(assertion: string): z.infer<typeof claimsSchema> {
  let payload: unknown;
  try {
    payload = JSON.parse(Buffer.from(assertion.split(".")[1] ?? "", "base64url").toString("utf8"));
  } catch {
    refuse("the payload of the client_assertion is not JSON");
  }
  const parsed = claimsSchema.safeParse(payload);
  if (parsed.success) return parsed.data;
  return refuse(
    `claims are missing or of the wrong type: ${parsed.error.issues.map(({ path }) => path[0]).join(", ")}`,
  );
}

function selectKey(registered: readonly JWK[], kid: string | undefined, keyType: string): JWK {
  if (kid === undefined) refuse("there is no kid in the header");
  const keys = registered.filter((key) => key.kid === kid && key.kty === keyType);
  const [key] = keys;
  if (key === undefined || keys.length > 1) {
    refuse(`${keys.length} registered keys have kid ${kid} and kty ${keyType}, expected exactly 1`);
  }
  return key;
}

async function verifySignature(assertion: string, key: JWK, algorithm: string): Promise<void> {
  try {
    await compactVerify(assertion, await importJWK(key, algorithm), { algorithms: [algorithm] });
  } catch (error) {
    refuse(`the signature does not verify: ${String(error)}`);
  }
}

function checkClaims(claims: z.infer<typeof claimsSchema>, audiences: readonly string[]): void {
  const now = Date.now() / 1000;
  if (claims.sub !== claims.iss) refuse(`sub is ${claims.sub}, expected ${claims.iss} as in iss`);
  const audience = [claims.aud].flat();
  if (!audience.some((one) => audiences.includes(one))) {
    refuse(`aud is ${audience.join(", ")}, expected ${audiences.join(" or ")}`);
  }
  const remaining = claims.exp - now;
  if (remaining < -CLOCK_SKEW_SECONDS) refuse(`exp is ${Math.ceil(-remaining)} s in the past`);
  if (remaining > MAX_LIFETIME_SECONDS + CLOCK_SKEW_SECONDS) {
    refuse(`exp is ${Math.floor(remaining)} s ahead, more than ${MAX_LIFETIME_SECONDS} s are not permitted`);
  }
  if (claims.nbf !== undefined && claims.nbf > now + CLOCK_SKEW_SECONDS) refuse("nbf is in the future");
}
