import * as z from "zod";
import type { SessionRefusal } from "./session-faults.ts";

/** How a client authenticates at the token endpoint (guide, "SMART on FHIR"; RFC 6749, 2.3.1; OpenID Connect Core, 9). */
export const clientAuthMethods = ["client_secret_post", "client_secret_basic", "none"] as const;

/**
 * How the client of SMART launches does. With `private_key_jwt` it signs with the current key of the stage's client, whose public half
 * the server reads from `/.well-known/jwks.json` (SMART App Launch, "Client Authentication: Asymmetric").
 */
export const smartAuthMethods = [...clientAuthMethods, "private_key_jwt"] as const;

type SmartAuthMethod = (typeof smartAuthMethods)[number];

const text = z.string("must be a text, or is missing").min(1, "is empty");

const clientFields = <Method extends SmartAuthMethod>(methods: readonly Method[]) => ({
  client_id: text,
  client_secret: text.optional(),
  auth_method: z.enum(methods, `must be ${methods.join(", ")}, or is missing`),
});

function requireSecretOfMethod(
  { auth_method, client_secret }: { auth_method: SmartAuthMethod; client_secret?: string | undefined },
  context: z.RefinementCtx,
): void {
  const fault = (message: string) => context.addIssue({ code: "custom", message, path: ["client_secret"] });
  const needsSecret = auth_method === "client_secret_post" || auth_method === "client_secret_basic";
  if (needsSecret && client_secret === undefined) fault(`is missing, and ${auth_method} needs it`);
  if (!needsSecret && client_secret !== undefined) fault(`is present, but auth_method is ${auth_method}`);
}

/**
 * The secret that the operator puts into Secrets Manager for one user session. Further fields are allowed and ignored. The
 * messages of its faults contain no values.
 */
export const sessionSecret = z
  .looseObject({ refresh_token: text, ...clientFields(clientAuthMethods) }, "must be an object")
  .superRefine(requireSecretOfMethod);

/** The secret that the operator puts into Secrets Manager for SMART launches: the client by which the bridge is registered. */
export const smartClientSecret = z
  .looseObject(clientFields(smartAuthMethods), "must be an object")
  .superRefine(requireSecretOfMethod);

export type SmartClientSecret = z.infer<typeof smartClientSecret>;
export type SessionSecret = z.infer<typeof sessionSecret>;

/** A client of the token endpoint, as a session's secret describes it. */
export interface OAuthClient {
  id: string;
  authentication:
    | { method: "none" }
    | { method: "client_secret_post" | "client_secret_basic"; secret: string }
    /** Signs a new client assertion for each request (SMART App Launch, "Client Authentication: Asymmetric"; RFC 7523, 2.2). */
    | { method: "private_key_jwt"; signAssertion: (audience: URL) => Promise<string> };
}

/** The client of SMART launches, from its secret. */
export interface SmartClient extends OAuthClient {
  /** When this version of its secret was stored, in milliseconds since the epoch. */
  storedAt: number;
}

/** The tokens that the token endpoint issued (guide, "Generation of access token"; RFC 6749, 5.1). */
export interface UserTokens {
  /** Undefined if the answer has a refresh token only: the session continues with that one. */
  accessToken: string | undefined;
  /** The refresh token to use next: the rotated one, or the same one if the server did not rotate it. */
  refreshToken: string;
  expiresInSeconds: number;
  scope: string | undefined;
}

/** What a refresh gave: both tokens, or the refresh token alone and the time from which the session may be refreshed again. */
export type RefreshedSession =
  | { refreshToken: string; access: SessionAccess }
  | { refreshToken: string; access: undefined; retryAt: number };

/** A session's access token. Times are milliseconds since the epoch. */
export interface SessionAccess {
  token: string;
  issuedAt: number;
  /** From then on the token is refreshed before it is used. */
  renewAt: number;
}

/** A session as the ledger stores it. Times are milliseconds since the epoch. */
export interface SessionRecord {
  /** The digest of the secret's refresh token with which this chain began. A chain: a refresh token and its rotations. */
  seedDigest: string;
  /**
   * When that version of the secret was stored. An older version never replaces a newer one. A link's session has the time of its launch,
   * or of the version of the SMART client's secret with which it was refreshed, if that is newer.
   */
  secretPutAt: number;
  /** Counts the session's refreshes over all its chains. A refresh of one generation never changes another generation. */
  generation: number;
  /** The newest refresh token of the chain. */
  refreshToken: string;
  access: SessionAccess | undefined;
  /** The process that refreshes the session, and when its claim runs out. */
  claim: { id: string; until: number } | undefined;
  /** How many refreshes with this refresh token have begun. A stored success resets it to 0. */
  attempts: number;
  /** The session must not be refreshed before this time. */
  retryAt: number | undefined;
  /** Undefined while the session lives. */
  end: SessionEnd | undefined;
}

/** The end of a session: the token endpoint refused it permanently. */
export interface SessionEnd {
  /** Milliseconds since the epoch. */
  at: number;
  refusal: SessionRefusal;
  /** What happened and what to do, for people. */
  message: string;
  /** Whether the event was published. If not, the next process that finds the session ended publishes it. */
  published: boolean;
}

/** One refresh of one generation, by one process. */
export interface RefreshClaim {
  /** Unique. By this id a process recognises its own writes. */
  id: string;
  generation: number;
}

/** The secret's refresh token, with which a chain begins. */
export interface SessionSeed {
  /** SHA-256, in hexadecimal. */
  digest: string;
  /** When this version of the secret was stored, in milliseconds since the epoch. */
  putAt: number;
  refreshToken: string;
}

/**
 * The store of sessions. Each write is atomic and conditional. If a write is repeated because its answer was lost, the
 * repetition recognises the first write and returns the same result.
 */
export interface UserSessionStore {
  /** Reads the session consistently. Undefined if its first chain has not begun. */
  read(sessionId: string): Promise<SessionRecord | undefined>;
  /** Begins a new chain without a claim. Changes nothing if the chain of this version of the secret, or of a newer one, exists. */
  beginChain(sessionId: string, seed: SessionSeed): Promise<void>;
  /** Lets an ended chain continue with its newest refresh token. Changes nothing unless `seed` is a newer version of its own secret. */
  reopen(sessionId: string, seed: Pick<SessionSeed, "digest" | "putAt">): Promise<void>;
  /**
   * Claims the refresh of this generation, and counts the attempt. Returns false if another process has the claim, if the
   * generation has passed, if the session has ended, or if it must not be refreshed yet.
   */
  claimRefresh(
    sessionId: string,
    claim: RefreshClaim,
    times: { now: number; until: number; secretPutAt: number },
  ): Promise<boolean>;
  /**
   * Stores the access token and the refresh token of a refresh in one write. The condition is the generation, not the claim:
   * even if the claim has run out, these tokens are the only ones that continue the chain. Returns false if the generation
   * has passed. After an answer without an access token, only the refresh token is stored, with the time of the next refresh.
   */
  saveRefreshed(sessionId: string, claim: RefreshClaim, refreshed: RefreshedSession): Promise<boolean>;
  /** Releases the claim after a refresh without a result. Changes nothing if another process has the claim. */
  release(sessionId: string, claim: RefreshClaim, retryAt: number): Promise<void>;
  /** Ends the session. Returns false if another process has the claim, or if the generation has passed. */
  endSession(sessionId: string, claim: RefreshClaim, end: Omit<SessionEnd, "published">): Promise<boolean>;
  /** Stores that the event of this end was published. Changes nothing if the session lives again. */
  markEndPublished(sessionId: string, endedAt: number): Promise<void>;
  /**
   * Ends the session for good, without an event. A refresh that runs at this moment cannot store its tokens any more.
   * @returns its newest refresh token, so that it can be revoked at the server; undefined if there is no session
   */
  retire(sessionId: string, end: Pick<SessionEnd, "at" | "message">): Promise<string | undefined>;
  /** Deletes the session with its tokens. */
  remove(sessionId: string): Promise<void>;
}
