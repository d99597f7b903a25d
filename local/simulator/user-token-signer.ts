import { randomUUID } from "node:crypto";
import { type CryptoKey, generateKeyPair, SignJWT } from "jose";
import type { UserSession } from "#local/simulator/user-sessions.ts";

/** The tokens of a token answer that are JWTs. */
export interface SignedTokens {
  readonly accessToken: string;
  readonly idToken: string;
}

/** Signs users' tokens as those of the guide's samples: RS256 with a key id that begins with "public:". */
export class UserTokenSigner {
  readonly #issuer: string;
  readonly #keyId = `public:${randomUUID()}`;
  #key: Promise<CryptoKey> | null = null;

  constructor(issuer: string) {
    this.#issuer = issuer;
  }

  /** Makes an access token and an id token (OpenID Connect Core 2) for the session. */
  async sign({ userId, clientId }: UserSession, lifetimeSeconds: number): Promise<SignedTokens> {
    const jwt = (claims: Record<string, unknown>): SignJWT =>
      new SignJWT({ sub: userId, jti: randomUUID(), ...claims })
        .setProtectedHeader({ alg: "RS256", kid: this.#keyId, typ: "JWT" })
        .setIssuer(this.#issuer)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + lifetimeSeconds);
    const key = await this.#privateKey();
    return {
      accessToken: await jwt({ client_id: clientId, scp: ["openid", "offline"] }).sign(key),
      idToken: await jwt({ aud: [clientId], auth_time: Math.floor(Date.now() / 1000) }).sign(key),
    };
  }

  /** A key takes a tenth of a second to make: runs without users do without. */
  #privateKey(): Promise<CryptoKey> {
    this.#key ??= generateKeyPair("RS256").then(({ privateKey }) => privateKey);
    return this.#key;
  }
}
