import { randomUUID } from "node:crypto";
import {
  type CryptoKey,
  exportJWK,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JSONWebKeySet,
  SignJWT,
} from "jose";
import type { IdTokenForm } from "#local/simulator/faults/smart-fault-schema.ts";
import { alteredIdToken } from "#local/simulator/user-session/altered-id-token.ts";
import type { UserSession } from "#local/simulator/user-session/user-sessions.ts";

/** The JWTs of a token answer. */
export interface SignedTokens {
  readonly accessToken: string;
  /** Null without the scope `openid`. */
  readonly idToken: string | null;
}

/** The tokens to sign. */
export interface TokenOrder {
  readonly session: UserSession;
  readonly scopes: readonly string[];
  /** The user's FHIR resource, such as "Patient/123". */
  readonly fhirUser: string | undefined;
  /** True for the answer to a code. Only its id token has the `nonce`. */
  readonly isNew: boolean;
  /** The form of an altered id token; null for a proper one. */
  readonly form: IdTokenForm | null;
}

/** Shared by all servers of a process and made at their first use, because a new key takes a tenth of a second. */
const keyPairs: Promise<GenerateKeyPairResult>[] = [];

function keyPair(index: number): Promise<GenerateKeyPairResult> {
  return (keyPairs[index] ??= generateKeyPair("RS256"));
}

/** Signs users' tokens like those of the guide's samples: by RS256, with a key id that begins with "public:". */
export class UserTokenSigner {
  readonly #issuer: string;
  readonly #fhirBase: string;
  #current = { kid: newKeyId(), index: 0 };
  /** Keys that sign no more, but are still published. */
  #old: { readonly kid: string; readonly index: number }[] = [];

  constructor(issuer: string, fhirBase: string) {
    this.#issuer = issuer;
    this.#fhirBase = fhirBase;
  }

  /** Signs with a new key from now on. The old ones stay published, unless they are to be forgotten. */
  rotate({ forgetOld }: { readonly forgetOld: boolean }): void {
    this.#old = forgetOld ? [] : [...this.#old, this.#current];
    this.#current = { kid: newKeyId(), index: this.#current.index + 1 };
  }

  /** The published keys (RFC 7517 5). */
  async publicKeys(): Promise<JSONWebKeySet> {
    const keys = [...this.#old, this.#current].map(async ({ kid, index }) => ({
      ...(await exportJWK((await keyPair(index)).publicKey)),
      kid,
      use: "sig",
      alg: "RS256",
    }));
    return { keys: await Promise.all(keys) };
  }

  /** Makes an access token and, with the scope `openid`, an id token (OpenID Connect Core 2). */
  async sign(order: TokenOrder, lifetimeSeconds: number): Promise<SignedTokens> {
    const { session, scopes, form } = order;
    const { kid, index } = this.#current;
    const { privateKey, publicKey } = await keyPair(index);
    const issuedAt = Math.floor(Date.now() / 1000);
    const common = {
      iss: this.#issuer,
      sub: session.userId,
      iat: issuedAt,
      exp: issuedAt + lifetimeSeconds,
    };
    const accessToken = await signed(privateKey, kid, { ...common, client_id: session.clientId, scp: scopes });
    if (!scopes.includes("openid")) return { accessToken, idToken: null };
    const claims = { ...common, ...this.#identityClaims(order) };
    if (form === null) return { accessToken, idToken: await signed(privateKey, kid, claims) };
    return { accessToken, idToken: await alteredIdToken(form, claims, { kid, privateKey, publicKey }) };
  }

  #identityClaims({ session, scopes, fhirUser, isNew }: TokenOrder): Record<string, unknown> {
    const isNamed = scopes.includes("fhirUser") && fhirUser !== undefined;
    return {
      aud: [session.clientId],
      auth_time: Math.floor(Math.min(session.signedInAt, Date.now()) / 1000),
      ...(isNew && session.nonce !== null ? { nonce: session.nonce } : {}),
      ...(isNamed ? { fhirUser: `${this.#fhirBase}/${fhirUser}` } : {}),
    };
  }
}

function newKeyId(): string {
  return `public:${randomUUID()}`;
}

function signed(key: CryptoKey, kid: string, claims: Record<string, unknown>): Promise<string> {
  return new SignJWT({ jti: randomUUID(), ...claims }).setProtectedHeader({ alg: "RS256", kid, typ: "JWT" }).sign(key);
}
