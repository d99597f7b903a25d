import { createHmac, randomUUID } from "node:crypto";
import { type CryptoKey, exportSPKI, generateKeyPair, type JWTHeaderParameters, SignJWT, UnsecuredJWT } from "jose";
import type { IdTokenForm } from "#local/simulator/faults/smart-fault-schema.ts";

type Claims = Readonly<Record<string, unknown>>;

/** The server's key that a proper id token is signed with. */
export interface ProperKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

const STRANGER = "someone-else";
const HOUR = 3600;

/** Changes of claims, under a valid signature. `undefined` removes a claim. */
const CLAIMS: Partial<Record<IdTokenForm, (claims: Claims) => Claims>> = {
  "foreign-issuer": () => ({ iss: "https://issuer.example" }),
  "wrong-audience": () => ({ aud: STRANGER }),
  "no-audience": () => ({ aud: undefined }),
  "wrong-azp": ({ aud }) => ({ aud: [aud, STRANGER].flat(), azp: STRANGER }),
  "wrong-nonce": () => ({ nonce: randomUUID() }),
  "no-nonce": () => ({ nonce: undefined }),
  "other-subject": () => ({ sub: STRANGER }),
  "no-subject": () => ({ sub: undefined }),
  expired: ({ iat }) => ({ iat: Number(iat) - 2 * HOUR, exp: Number(iat) - HOUR }),
  "no-expiry": () => ({ exp: undefined }),
  "not-yet-valid": ({ iat }) => ({ iat: Number(iat) + HOUR, nbf: Number(iat) + HOUR, exp: Number(iat) + 2 * HOUR }),
};

let attackersKey: Promise<CryptoKey> | null = null;

/** An id token that a client must refuse (OpenID Connect Core 3.1.3.7). */
export async function alteredIdToken(form: IdTokenForm, proper: Claims, key: ProperKey): Promise<string> {
  const claims = { jti: randomUUID(), ...proper, ...CLAIMS[form]?.(proper) };
  const header: JWTHeaderParameters = { alg: "RS256", kid: key.kid, typ: "JWT" };
  switch (form) {
    case "alg-none":
      return new UnsecuredJWT(claims).encode();
    case "hs256":
      return signedByPublicKey(claims, key);
    case "bad-signature":
      return new SignJWT(claims).setProtectedHeader(header).sign(await foreignKey());
    case "unknown-kid":
      return new SignJWT(claims).setProtectedHeader({ ...header, kid: randomUUID() }).sign(await foreignKey());
    case "no-kid":
      return new SignJWT(claims).setProtectedHeader({ alg: "RS256", typ: "JWT" }).sign(key.privateKey);
    case "not-a-jwt":
      return "not.a-jwt";
    default:
      return new SignJWT(claims).setProtectedHeader(header).sign(key.privateKey);
  }
}

function foreignKey(): Promise<CryptoKey> {
  attackersKey ??= generateKeyPair("RS256").then(({ privateKey }) => privateKey);
  return attackersKey;
}

/** HS256 with the server's public key as the secret (RFC 8725 2.1). */
async function signedByPublicKey(claims: Claims, { kid, publicKey }: ProperKey): Promise<string> {
  const text = [{ alg: "HS256", kid, typ: "JWT" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const hmac = createHmac("sha256", await exportSPKI(publicKey));
  return `${text}.${hmac.update(text).digest("base64url")}`;
}
