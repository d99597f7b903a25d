import { createHash, randomBytes } from "node:crypto";
import type { SimulatorClock } from "#local/simulator/clock.ts";
import { isScopeCovered } from "#local/simulator/oauth/scopes.ts";
import type { SimulatorSettings } from "#local/simulator/options.ts";
import type { RegisteredApp } from "#local/simulator/user-api-options.ts";
import { isOffline, PORTAL_GRANT, type SessionGrant } from "#local/simulator/user-session/session-grant.ts";

/** A user's log-in with one app, with its chain of refresh tokens and all their access tokens. */
export interface UserSession extends SessionGrant {
  readonly userId: string;
  readonly clientId: string;
  /** Milliseconds since 1970, when the user signed in. */
  readonly signedInAt: number;
  ended: boolean;
}

/** The user and the app of an authorization code. */
export interface CodeRequest {
  readonly userId: string;
  readonly clientId: string;
  /** If given, the token request must repeat it (RFC 6749 4.1.3). */
  readonly redirectUri?: string;
  /** S256 challenge. If given, the token request must have its verifier (RFC 7636). */
  readonly codeChallenge?: string;
  /** Absent: PORTAL_GRANT. */
  readonly grant?: SessionGrant;
  /** Default: the option `authorizationCodeLifetimeSeconds`. */
  readonly lifetimeSeconds?: number;
}

/** The proof that a token request belongs to its authorization request. */
export interface CodeProof {
  readonly redirectUri: string | null;
  readonly codeVerifier: string | null;
}

/** A session with its present refresh token if it has one, or the reason why the grant is refused. */
export type GrantResult =
  | {
      readonly session: UserSession;
      readonly refreshToken: string | null;
      readonly scopes: readonly string[];
      /** True if a code began the session, false if a refresh continued it. */
      readonly isNew: boolean;
    }
  | { readonly refusal: string; readonly error?: "invalid_scope" };

/** The session of a valid access token and the token's scopes, or the reason of its refusal. */
export type SessionCheck =
  | { readonly session: UserSession; readonly scopes: readonly string[] }
  | { readonly refusal: string };

interface IssuedCode {
  readonly request: CodeRequest;
  readonly issuedAt: number;
  readonly expiresAt: number;
  session: UserSession | null;
}

interface IssuedToken {
  readonly session: UserSession;
  readonly scopes: readonly string[];
  readonly expiresAt: number;
  /** When a later token replaced it; null before. */
  replacedAt: number | null;
}

/** Sessions of users: authorization codes, chains of refresh tokens, and access tokens. */
export class UserSessions {
  readonly #settings: SimulatorSettings;
  readonly #clock: SimulatorClock;
  readonly #sessions: UserSession[] = [];
  readonly #codes = new Map<string, IssuedCode>();
  readonly #refreshTokens = new Map<string, IssuedToken>();
  readonly #accessTokens = new Map<string, IssuedToken>();

  constructor(settings: SimulatorSettings, clock: SimulatorClock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Issues a one-time authorization code. */
  issueCode(request: CodeRequest): string {
    const code = randomToken();
    const lifetime = request.lifetimeSeconds ?? this.#settings.authorizationCodeLifetimeSeconds;
    const issuedAt = this.#clock.now();
    this.#codes.set(code, { request, issuedAt, expiresAt: issuedAt + lifetime * 1000, session: null });
    return code;
  }

  /** Begins a session of the portal. Returns its first refresh token. */
  open(userId: string, clientId: string): string {
    const session = this.#begin(userId, clientId, PORTAL_GRANT, this.#clock.now());
    return this.#issueRefreshToken(session);
  }

  /**
   * Exchanges an authorization code, for the requested scopes or all that were granted. A code that is used twice ends the
   * session that it began (RFC 6749 4.1.2).
   */
  redeemCode(code: string, app: RegisteredApp, proof: CodeProof, requested: readonly string[]): GrantResult {
    const issued = this.#codes.get(code);
    if (issued === undefined) return { refusal: "the authorization code is unknown" };
    const { request } = issued;
    if (request.clientId !== app.clientId) return { refusal: "the authorization code was issued to another client" };
    if (issued.session !== null) {
      issued.session.ended = true;
      return { refusal: "the authorization code was used before" };
    }
    if (issued.expiresAt <= this.#clock.now()) return { refusal: "the authorization code has expired" };
    if (request.redirectUri !== undefined && request.redirectUri !== proof.redirectUri) {
      return { refusal: "redirect_uri is not that of the authorization request" };
    }
    if (request.codeChallenge !== undefined && request.codeChallenge !== challengeOf(proof.codeVerifier ?? "")) {
      return { refusal: "code_verifier does not match the code_challenge" };
    }
    const grant = request.grant ?? PORTAL_GRANT;
    const narrowed = narrowedScopes(grant.scopes, requested);
    if ("refusal" in narrowed) return narrowed;
    const session = this.#begin(request.userId, request.clientId, grant, issued.issuedAt);
    issued.session = session;
    const refreshToken = isOffline(grant.scopes) ? this.#issueRefreshToken(session) : null;
    return { session, refreshToken, scopes: narrowed.scopes, isNew: true };
  }

  /** Exchanges a refresh token for the next one of its chain, for the requested scopes or all that were granted. */
  refresh(token: string, app: RegisteredApp, requested: readonly string[]): GrantResult {
    const issued = this.#refreshTokens.get(token);
    if (issued === undefined) return { refusal: "the refresh token is unknown" };
    const { session } = issued;
    if (session.clientId !== app.clientId) return { refusal: "the refresh token was issued to another client" };
    if (session.ended) return { refusal: "the session has ended" };
    const now = this.#clock.now();
    if (issued.replacedAt !== null && now >= issued.replacedAt + this.#settings.refreshTokenGraceSeconds * 1000) {
      if (this.#settings.refreshTokenReuseEndsSession) session.ended = true;
      return { refusal: "the refresh token was used before" };
    }
    if (issued.expiresAt <= now) return { refusal: "the refresh token has expired" };
    const narrowed = narrowedScopes(session.scopes, requested);
    if ("refusal" in narrowed) return narrowed;
    if (this.#settings.refreshEndsAccessTokens) this.#replaceAccessTokens(session);
    const continued = { session, scopes: narrowed.scopes, isNew: false };
    if (!this.#settings.refreshTokenRotation) return { ...continued, refreshToken: token };
    issued.replacedAt ??= now;
    return { ...continued, refreshToken: this.#issueRefreshToken(session) };
  }

  /** Makes the token one of the session's access tokens. */
  addAccessToken(token: string, session: UserSession, scopes: readonly string[]): void {
    const expiresAt = this.#clock.now() + this.#settings.userTokenLifetimeSeconds * 1000;
    this.#accessTokens.set(token, { session, scopes, expiresAt, replacedAt: null });
  }

  /** Looks up a bare access token. */
  check(token: string): SessionCheck {
    const issued = this.#accessTokens.get(token);
    if (issued === undefined) return { refusal: "the access token is unknown or was revoked" };
    if (issued.session.ended) return { refusal: "the session has ended" };
    if (issued.replacedAt !== null) return { refusal: "a refresh has replaced the access token" };
    if (issued.expiresAt <= this.#clock.now()) return { refusal: "the access token has expired" };
    return issued;
  }

  /**
   * Revokes a token of the client (RFC 7009 2.1): a refresh token with its whole session, an access token alone. Returns false
   * if the token is another client's.
   */
  revoke(token: string, clientId: string): boolean {
    const refreshToken = this.#refreshTokens.get(token);
    const issued = refreshToken ?? this.#accessTokens.get(token);
    if (issued === undefined) return true;
    if (issued.session.clientId !== clientId) return false;
    if (refreshToken !== undefined) refreshToken.session.ended = true;
    this.#accessTokens.delete(token);
    return true;
  }

  /** Makes all access tokens invalid. The sessions go on. */
  revokeAccessTokens(): void {
    this.#accessTokens.clear();
  }

  /** Ends all sessions of a user, or only those with one app: their codes, access tokens and refresh tokens become invalid. */
  endSessions(userId: string, clientId?: string): void {
    const isMeant = (one: { userId: string; clientId: string }): boolean =>
      one.userId === userId && (clientId === undefined || one.clientId === clientId);
    for (const session of this.#sessions) if (isMeant(session)) session.ended = true;
    for (const [code, { request }] of this.#codes) if (isMeant(request)) this.#codes.delete(code);
  }

  #begin(userId: string, clientId: string, grant: SessionGrant, signedInAt: number): UserSession {
    const session = { ...grant, userId, clientId, signedInAt, ended: false };
    this.#sessions.push(session);
    return session;
  }

  #issueRefreshToken(session: UserSession): string {
    const token = randomToken();
    const expiresAt = this.#clock.now() + this.#settings.refreshTokenLifetimeSeconds * 1000;
    this.#refreshTokens.set(token, { session, scopes: session.scopes, expiresAt, replacedAt: null });
    return token;
  }

  #replaceAccessTokens(session: UserSession): void {
    const now = this.#clock.now();
    for (const issued of this.#accessTokens.values()) if (issued.session === session) issued.replacedAt = now;
  }
}

/** RFC 6749 6: the requested scopes must lie within the granted ones. None requested: all that were granted. */
function narrowedScopes(
  granted: readonly string[],
  requested: readonly string[],
): { scopes: readonly string[] } | { refusal: string; error: "invalid_scope" } {
  if (requested.length === 0) return { scopes: granted };
  const excess = requested.filter((scope) => !granted.includes(scope) && !isScopeCovered(scope, granted));
  if (excess.length === 0) return { scopes: requested };
  return { error: "invalid_scope", refusal: `the scope exceeds ${granted.join(" ")}` };
}

function randomToken(): string {
  return randomBytes(48).toString("base64url");
}

function challengeOf(verifier: string): string {
  return createHash("sha256").update(verifier).digest("base64url");
}
