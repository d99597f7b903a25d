import { createHash, randomBytes } from "node:crypto";
import type { SimulatorSettings } from "#local/simulator/options.ts";
import type { RegisteredApp } from "#local/simulator/user-api-options.ts";

/** A user's log-in with one app, with its chain of refresh tokens and all their access tokens. */
export interface UserSession {
  readonly userId: string;
  readonly clientId: string;
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
}

/** The proof that a token request belongs to its authorization request. */
export interface CodeProof {
  readonly redirectUri: string | null;
  readonly codeVerifier: string | null;
}

/** A session with its present refresh token, or the reason why the grant is invalid. */
export type GrantResult =
  | { readonly session: UserSession; readonly refreshToken: string }
  | { readonly refusal: string };

/** The session of a valid access token, or the reason of its refusal. */
export type SessionCheck = { readonly session: UserSession } | { readonly refusal: string };

interface IssuedCode {
  readonly request: CodeRequest;
  readonly expiresAt: number;
  session: UserSession | null;
}

interface IssuedToken {
  readonly session: UserSession;
  readonly expiresAt: number;
  /** When a later token replaced it; null before. */
  replacedAt: number | null;
}

/** Sessions of users: authorization codes, chains of refresh tokens, and access tokens. */
export class UserSessions {
  readonly #settings: SimulatorSettings;
  readonly #codes = new Map<string, IssuedCode>();
  readonly #refreshTokens = new Map<string, IssuedToken>();
  readonly #accessTokens = new Map<string, IssuedToken>();

  constructor(settings: SimulatorSettings) {
    this.#settings = settings;
  }

  /** Issues a one-time authorization code. */
  issueCode(request: CodeRequest): string {
    const code = randomBytes(48).toString("base64url");
    this.#codes.set(code, {
      request,
      expiresAt: Date.now() + this.#settings.authorizationCodeLifetimeSeconds * 1000,
      session: null,
    });
    return code;
  }

  /** Begins a session. Returns its first refresh token. */
  open(userId: string, clientId: string): { session: UserSession; refreshToken: string } {
    const session = { userId, clientId, ended: false };
    return { session, refreshToken: this.#issueRefreshToken(session) };
  }

  /** Exchanges an authorization code. A code that is used twice ends the session that it began (RFC 6749 4.1.2). */
  redeemCode(code: string, app: RegisteredApp, proof: CodeProof): GrantResult {
    const issued = this.#codes.get(code);
    if (issued === undefined) return { refusal: "the authorization code is unknown" };
    const { request } = issued;
    if (request.clientId !== app.clientId) return { refusal: "the authorization code was issued to another client" };
    if (issued.session !== null) {
      issued.session.ended = true;
      return { refusal: "the authorization code was used before" };
    }
    if (issued.expiresAt <= Date.now()) return { refusal: "the authorization code has expired" };
    if (request.redirectUri !== undefined && request.redirectUri !== proof.redirectUri) {
      return { refusal: "redirect_uri is not that of the authorization request" };
    }
    if (request.codeChallenge !== undefined && request.codeChallenge !== challengeOf(proof.codeVerifier ?? "")) {
      return { refusal: "code_verifier does not match the code_challenge" };
    }
    const opened = this.open(request.userId, request.clientId);
    issued.session = opened.session;
    return opened;
  }

  /** Exchanges a refresh token for the next one of its chain. */
  refresh(token: string, app: RegisteredApp): GrantResult {
    const issued = this.#refreshTokens.get(token);
    if (issued === undefined) return { refusal: "the refresh token is unknown" };
    const { session } = issued;
    if (session.clientId !== app.clientId) return { refusal: "the refresh token was issued to another client" };
    if (session.ended) return { refusal: "the session has ended" };
    if (
      issued.replacedAt !== null &&
      Date.now() >= issued.replacedAt + this.#settings.refreshTokenGraceSeconds * 1000
    ) {
      if (this.#settings.refreshTokenReuseEndsSession) session.ended = true;
      return { refusal: "the refresh token was used before" };
    }
    if (issued.expiresAt <= Date.now()) return { refusal: "the refresh token has expired" };
    if (this.#settings.refreshEndsAccessTokens) this.#replaceAccessTokens(session);
    if (!this.#settings.refreshTokenRotation) return { session, refreshToken: token };
    issued.replacedAt ??= Date.now();
    return { session, refreshToken: this.#issueRefreshToken(session) };
  }

  /** Makes the token one of the session's access tokens. */
  addAccessToken(token: string, session: UserSession): void {
    const expiresAt = Date.now() + this.#settings.userTokenLifetimeSeconds * 1000;
    this.#accessTokens.set(token, { session, expiresAt, replacedAt: null });
  }

  /** Looks up a bare access token. */
  check(token: string): SessionCheck {
    const issued = this.#accessTokens.get(token);
    if (issued === undefined) return { refusal: "the access token is unknown or was revoked" };
    if (issued.session.ended) return { refusal: "the session has ended" };
    if (issued.replacedAt !== null) return { refusal: "a refresh has replaced the access token" };
    if (issued.expiresAt <= Date.now()) return { refusal: "the access token has expired" };
    return { session: issued.session };
  }

  /** Makes all access tokens invalid. The sessions go on. */
  revokeAccessTokens(): void {
    this.#accessTokens.clear();
  }

  /** Ends all sessions of a user: their access tokens and refresh tokens become invalid. */
  endSessions(userId: string): void {
    for (const { session } of this.#refreshTokens.values()) if (session.userId === userId) session.ended = true;
  }

  #issueRefreshToken(session: UserSession): string {
    const token = randomBytes(48).toString("base64url");
    const expiresAt = Date.now() + this.#settings.refreshTokenLifetimeSeconds * 1000;
    this.#refreshTokens.set(token, { session, expiresAt, replacedAt: null });
    return token;
  }

  #replaceAccessTokens(session: UserSession): void {
    for (const issued of this.#accessTokens.values()) if (issued.session === session) issued.replacedAt = Date.now();
  }
}

function challengeOf(verifier: string): string {
  return createHash("sha256").update(verifier).digest("base64url");
}
