import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { RequestLogEntry } from "#local/simulator/http/request-log.ts";

/** The rights of an access token. */
export interface TokenGrant {
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** The grant of a valid token, or the reason of its refusal. */
export type TokenCheck = { readonly grant: TokenGrant } | { readonly refusal: string };

/** The issued tokens. */
export class AccessTokens {
  readonly #grants = new Map<string, TokenGrant>();

  /** Issues an opaque token. */
  issue(clientId: string, scopes: readonly string[], lifetimeSeconds: number): string {
    const token = randomBytes(48).toString("base64url");
    this.#grants.set(token, { clientId, scopes, expiresAt: Date.now() + lifetimeSeconds * 1000 });
    return token;
  }

  /** Makes every issued token invalid. */
  revokeAll(): void {
    this.#grants.clear();
  }

  /** Looks up a bare token. */
  check(token: string): TokenCheck {
    const grant = this.#grants.get(token);
    if (grant === undefined) return { refusal: "the access token is unknown or was revoked" };
    if (grant.expiresAt <= Date.now()) return { refusal: "the access token has expired" };
    return { grant };
  }
}

/** Reads the token of "Authorization: Bearer" (RFC 6750 2.1). Without one it returns the reason of the refusal. */
export function bearerToken({ authorization }: IncomingHttpHeaders): { token: string } | { refusal: string } {
  if (authorization === undefined) return { refusal: "there is no Authorization header" };
  const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  return token === undefined ? { refusal: "the Authorization header is not a Bearer token" } : { token };
}

/** Checks "Authorization: Bearer" and notes the result in the log entry. */
export function checkAuthorization(
  tokens: AccessTokens,
  headers: IncomingHttpHeaders,
  entry: RequestLogEntry,
): TokenCheck {
  const bearer = bearerToken(headers);
  return "refusal" in bearer ? bearer : noteResult(tokens.check(bearer.token), entry, "authorization");
}

/**
 * Checks the credentials of a download: the raw token in x-auth-token (guide: "Download the ndjson file"),
 * "Authorization: Bearer", or both, in which case both must be valid.
 */
export function checkDownloadCredentials(
  tokens: AccessTokens,
  headers: IncomingHttpHeaders,
  entry: RequestLogEntry,
): TokenCheck {
  const raw = headers["x-auth-token"];
  const bearer = headers.authorization === undefined ? undefined : checkAuthorization(tokens, headers, entry);
  if (raw === undefined) return bearer ?? { refusal: "there is neither an x-auth-token nor an Authorization header" };
  const own = noteResult(tokens.check(String(raw)), entry, "xAuthToken");
  if ("refusal" in own) return { refusal: `x-auth-token: ${own.refusal}` };
  if (bearer !== undefined && "refusal" in bearer) return bearer;
  return own;
}

function noteResult(check: TokenCheck, entry: RequestLogEntry, header: "authorization" | "xAuthToken"): TokenCheck {
  if ("grant" in check) {
    entry[header].accepted = true;
    entry.clientId = check.grant.clientId;
  }
  return check;
}
