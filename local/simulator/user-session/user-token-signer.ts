import { randomUUID } from "node:crypto";
import { type CryptoKey, generateKeyPair, SignJWT } from "jose";
import type { UserSession } from "#local/simulator/user-session/user-sessions.ts";

/** The JWTs of a token answer. */
export interface SignedTokens {
  readonly accessToken: string;
  readonly idToken: string;
}

/** Shared by all servers of a process and made at its first use, because a new key takes a tenth of a second. */
let signingKey: Promise<CryptoKey> | null = null;

function privateKey(): Promise<CryptoKey> {
  signingKey ??= generateKeyPair("RS256").then((pair) => pair.privateKey);
  return signingKey;
}

/** Signs users' tokens like those of the guide's samples: by RS256, with a key id that begins with "public:". */
export class UserTokenSigner {
  readonly #issuer: string;
  readonly #keyId = `public:${randomUUID()}`;

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
    const key = await privateKey();
    return {
      accessToken: await jwt({ client_id: clientId, scp: ["openid", "offline"] }).sign(key),
      idToken: await jwt({ aud: [clientId], auth_time: Math.floor(Date.now() / 1000) }).sign(key),
    };
  }
}
