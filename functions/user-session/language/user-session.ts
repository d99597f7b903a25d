import * as z from "zod";
import type { SessionRefusal } from "./session-faults.ts";

/** How a client proves who it is at the token endpoint (guide, "SMART on FHIR"; RFC 6749, 2.3.1; OpenID Connect Core, 9). */
export const clientAuthMethods = ["client_secret_post", "client_secret_basic", "none"] as const;

const text = z.string("must be a text, or is missing").min(1, "is empty");

/**
 * What the operator puts into Secrets Manager for one user session. Whatever else stands there is left alone. The faults'
 * words hold no value.
 */
export const sessionSecret = z
  .looseObject(
    {
      refresh_token: text,
      client_id: text,
      client_secret: text.optional(),
      auth_method: z.enum(clientAuthMethods, `must be ${clientAuthMethods.join(", ")}, or is missing`),
    },
    "must be an object",
  )
  .superRefine(({ auth_method, client_secret }, context) => {
    const fault = (message: string) => context.addIssue({ code: "custom", message, path: ["client_secret"] });
    if (auth_method !== "none" && client_secret === undefined) fault(`is missing, and ${auth_method} needs it`);
    if (auth_method === "none" && client_secret !== undefined) fault("is there, though auth_method is none");
  });

export type SessionSecret = z.infer<typeof sessionSecret>;

/** A client of the token endpoint, as a session's secret describes it. */
export interface OAuthClient {
  id: string;
  authentication: { method: "none" } | { method: "client_secret_post" | "client_secret_basic"; secret: string };
}

/** What the token endpoint gave (guide, "Generation of access token"; RFC 6749, 5.1). */
export interface UserTokens {
  accessToken: string;
  /** The one to use next: the rotated one, or the same again where the server did not rotate. */
  refreshToken: string;
  expiresInSeconds: number;
  scope: string | undefined;
}

/** A session's access token while it is good. Times are milliseconds since the epoch. */
export interface SessionAccess {
  token: string;
  issuedAt: number;
  /** From then on it is renewed before it is used. */
  renewAt: number;
}

/** A session as it is remembered between processes. Times are milliseconds since the epoch. */
export interface SessionRecord {
  /** Which refresh token of the secret this chain began with: its digest. */
  seedDigest: string;
  /** When that version of the secret was put; an older version never replaces a newer one. */
  secretPutAt: number;
  /** Counts the refreshes of the session, over all its chains: what was begun under one number never settles another. */
  generation: number;
  /** The newest refresh token of the chain. */
  refreshToken: string;
  access: SessionAccess | undefined;
  /** Who is refreshing, and until when it may take. */
  claim: { id: string; until: number } | undefined;
  /** How many refreshes with this refresh token were begun; a clear success sets it back to 0. */
  attempts: number;
  /** Not to be refreshed before that. */
  retryAt: number | undefined;
  /** Why the token endpoint refused the session for good. */
  death: SessionDeath | undefined;
}

export interface SessionDeath {
  at: number;
  refusal: SessionRefusal;
  /** What happened and what to do, for people. */
  words: string;
  /** Whether subscribers were told: whoever meets a death that was not told tells it. */
  told: boolean;
}

/** One refresh of one generation, by one process. */
export interface RefreshClaim {
  /** Unique: by it a process recognises its own writes. */
  id: string;
  generation: number;
}

/** The secret's refresh token as the ledger knows it. */
export interface SessionSeed {
  digest: string;
  putAt: number;
  refreshToken: string;
}

/**
 * Where sessions are remembered. Each write is atomic and conditional, and a write that is repeated, because its answer
 * was lost, recognises itself.
 */
export interface UserSessionStore {
  /** The session as it is now, never as it was. */
  read(sessionId: string): Promise<SessionRecord | undefined>;
  /** Begins a new chain, alive and unclaimed, unless a chain of this version of the secret, or of a newer one, is there. */
  beginChain(sessionId: string, seed: SessionSeed): Promise<void>;
  /** Lets a dead chain go on with its newest refresh token, where a newer version of its own secret was put. */
  revive(sessionId: string, seed: Pick<SessionSeed, "digest" | "putAt">): Promise<void>;
  /**
   * Takes the right to refresh this generation, and counts the attempt. Answers false where another process has it, where
   * the generation has passed, or where the session is dead or must rest.
   */
  claimRefresh(
    sessionId: string,
    claim: RefreshClaim,
    times: { now: number; until: number; secretPutAt: number },
  ): Promise<boolean>;
  /**
   * Stores the outcome of a refresh, access token and refresh token in one write. It goes by the generation, not by the
   * claim: an owner whose claim ran out still brings the only tokens that continue the chain. Answers false where the
   * generation has passed.
   */
  saveRefreshed(
    sessionId: string,
    claim: RefreshClaim,
    refreshed: { refreshToken: string; access: SessionAccess },
  ): Promise<boolean>;
  /** Gives the claim back after a refresh without a result. Changes nothing where another has it by now. */
  release(sessionId: string, claim: RefreshClaim, retryAt: number): Promise<void>;
  /** Marks the session dead. Answers false where another process has the claim or the generation has passed. */
  bury(sessionId: string, claim: RefreshClaim, death: Omit<SessionDeath, "told">): Promise<boolean>;
  /** Keeps that the subscribers were told of this death. Changes nothing where the session lives again. */
  markTold(sessionId: string, deadAt: number): Promise<void>;
}
