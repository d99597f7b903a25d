import { randomUUID } from "node:crypto";
import { AccessRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import type { AccessTokens } from "#platform/http/authorised-request.ts";
import { SessionDead, type SessionRefusal, SessionSecretUnusable } from "#user-session/language/session-faults.ts";
import type {
  OAuthClient,
  RefreshClaim,
  RefreshedSession,
  SessionAccess,
  SessionEnd,
  SessionRecord,
  UserSessionStore,
  UserTokens,
} from "#user-session/language/user-session.ts";
import type { SessionMaterial } from "./session-secret.ts";
import { tokenRequestMs } from "./token-endpoint.ts";

export interface SessionRefreshPorts {
  store: UserSessionStore;
  /** `refreshUserToken`: one request without retries, which ends within `tokenRequestMs`. */
  refresh: (client: OAuthClient, refreshToken: string) => Promise<UserTokens>;
  /** Milliseconds since the epoch. */
  now: () => number;
  sleep: (ms: number) => Promise<void>;
  /** Called each time that the session is found ended, by the server's answer or by the store. It never throws. */
  onEndedSession: (sessionId: string, end: SessionEnd) => Promise<void>;
}

/** A user session: its name in the ledger, and where its client and its first refresh token come from. */
export interface UserSession {
  id: string;
  /**
   * Reads the client, and the refresh token with which the newest chain begins.
   * @param record the session as the ledger has it; undefined if it has not begun
   */
  readMaterial: (record: SessionRecord | undefined) => Promise<SessionMaterial>;
  /** What a person has to do once the server has refused the session, as a sentence. */
  remedies: Readonly<Record<SessionRefusal, string>>;
}

/** Longer than a token request and the writes around it: a process that lives finishes within its claim. */
export const claimMs = 2 * tokenRequestMs;
const pollMs = 250;
/** How long a call waits for a refresh, its own or another process's. */
const longestWaitMs = 25_000;
/** Bounds the loop of one call. Twice as many reads of the session as its waiting time allows. */
const mostReads = (2 * longestWaitMs) / pollMs;
/** A call waits for a retry up to this long. If the retry comes later, the caller gets the time instead. */
const longestRetryDelayInCallMs = 2_000;
/** Delays after consecutive refreshes without a result. The last one repeats. */
const retryDelaysMs = [500, 2_000, 10_000, 30_000, 60_000, 300_000];
const longestRetryAfterMs = 3_600_000;
const largestMarginMs = 60_000;
/** If the server refuses a token of this age, the token is not refreshed: the server would refuse its successors as well. */
const refusedTooSoonMs = 10_000;
const saveRetryDelaysMs = [200, 1_000, 2_000];

/** The access tokens of a session, for `authorisedRequest`. Both functions throw the faults of `currentAccessToken`. */
export function sessionTokens(ports: SessionRefreshPorts, session: UserSession): AccessTokens {
  return {
    current: () => currentAccessToken(ports, session),
    replacement: (rejected) => currentAccessToken(ports, session, rejected),
  };
}

/**
 * Returns the session's access token: the stored one while it is valid, otherwise the result of one refresh, by this process
 * or by another. A process claims a refresh in the store before it sends the request, and stores the tokens before they are
 * used. docs/adr/0009-one-refresh-at-a-time.md gives the reasons, and says what happens after a crash.
 *
 * @param rejected an access token that the server has just answered with a 401; it is not returned again
 * @throws SessionDead if the server refused the refresh token or the client, now or earlier. No further request is sent
 *   until the operator stores a newer version of the secret
 * @throws SessionSecretUnusable if the secret is missing, malformed, or older than the session
 * @throws AccessRefused if `rejected` had just been issued
 * @throws ServerUnavailable if the token endpoint gave no clear answer, or if another process's refresh takes too long
 */
export async function currentAccessToken(
  ports: SessionRefreshPorts,
  session: UserSession,
  rejected?: string,
): Promise<string> {
  const giveUpAt = ports.now() + longestWaitMs;
  for (let reads = 0; reads < mostReads; reads += 1) {
    const record = await ports.store.read(session.id);
    const action = nextAction(record, rejected, ports.now());
    if (action.kind === "use") return action.token;
    if (ports.now() + action.waitMs > giveUpAt) break;
    if (action.kind === "wait") await ports.sleep(action.waitMs);
    else {
      const token = await renew(ports, session, record);
      if (token !== undefined) return token;
    }
  }
  const options = { retryAfterMs: longestRetryDelayInCallMs };
  throw new ServerUnavailable("another process's refresh of the user session takes too long: retry", options);
}

type Action = { kind: "use"; token: string } | { kind: "wait"; waitMs: number } | { kind: "renew"; waitMs: 0 };

/** Decides by the session's record what to do next. The store decides later whether this process may refresh. */
function nextAction(record: SessionRecord | undefined, rejected: string | undefined, now: number): Action {
  // If the session has ended or has not begun, the secret may hold a newer refresh token.
  if (record === undefined || record.end !== undefined) return { kind: "renew", waitMs: 0 };
  const { access, claim, retryAt } = record;
  if (access !== undefined && access.token !== rejected && now < access.renewAt)
    return { kind: "use", token: access.token };
  if (claim !== undefined && now < claim.until) return { kind: "wait", waitMs: Math.min(pollMs, claim.until - now) };
  if (retryAt !== undefined && now < retryAt) {
    if (retryAt - now <= longestRetryDelayInCallMs) return { kind: "wait", waitMs: retryAt - now };
    throw new ServerUnavailable(
      "the user session is not refreshed yet, after refreshes that gave no token: retry later",
      {
        retryAfterMs: retryAt - now,
      },
    );
  }
  if (access !== undefined && access.token === rejected && now < access.issuedAt + refusedTooSoonMs)
    throw new AccessRefused("the server refused an access token of the user session that it had just issued");
  return { kind: "renew", waitMs: 0 };
}

/**
 * Reads the secret, then refreshes the session. Returns undefined if the session must be read again: a new chain began, the
 * chain continues, or another process was faster.
 */
async function renew(
  ports: SessionRefreshPorts,
  session: UserSession,
  record: SessionRecord | undefined,
): Promise<string | undefined> {
  const { client, seed } = await session.readMaterial(record);
  if (record === undefined || (seed.digest !== record.seedDigest && seed.putAt > record.secretPutAt)) {
    await ports.store.beginChain(session.id, seed);
    return undefined;
  }
  if (record.end !== undefined) {
    const { message, refusal } = record.end;
    if (seed.putAt <= record.secretPutAt) {
      await ports.onEndedSession(session.id, record.end);
      throw new SessionDead(message, { refusal });
    }
    await ports.store.reopen(session.id, seed);
    return undefined;
  }
  if (seed.digest !== record.seedDigest)
    throw new SessionSecretUnusable(
      "the session's secret is an older version than the session uses: store the newest secret again",
    );
  return await refreshOnce(ports, session, record, { client, seed });
}

async function refreshOnce(
  ports: SessionRefreshPorts,
  session: UserSession,
  record: SessionRecord,
  { client, seed }: SessionMaterial,
): Promise<string | undefined> {
  const claim: RefreshClaim = { id: randomUUID(), generation: record.generation };
  const now = ports.now();
  const times = { now, until: now + claimMs, secretPutAt: seed.putAt };
  if (!(await ports.store.claimRefresh(session.id, claim, times))) return undefined;
  const requestedAt = ports.now();
  try {
    // If the claim took that long to write, it could run out during the refresh.
    if (requestedAt - now > claimMs / 4)
      throw new ServerUnavailable("the ledger is too slow for a refresh of the user session");
    const tokens = await ports.refresh(client, record.refreshToken);
    if (tokens.accessToken === undefined) return await keepRotatedToken(ports, session, record, claim, tokens);
    const access = accessOf(tokens.accessToken, tokens.expiresInSeconds, requestedAt);
    const saved = await saveTokens(ports, session, claim, { refreshToken: tokens.refreshToken, access });
    return saved ? access.token : undefined;
  } catch (error) {
    return await settleFailure(ports, session, record, claim, error);
  }
}

function accessOf(token: string, expiresInSeconds: number, requestedAt: number): SessionAccess {
  const lifeMs = expiresInSeconds * 1000;
  return { token, issuedAt: requestedAt, renewAt: requestedAt + lifeMs - Math.min(lifeMs / 5, largestMarginMs) };
}

/**
 * After an answer with a refresh token but no access token: stores the refresh token, which alone continues the chain, and sets the
 * time of the next refresh.
 * @throws ServerUnavailable each time
 */
async function keepRotatedToken(
  ports: SessionRefreshPorts,
  session: UserSession,
  { attempts }: SessionRecord,
  claim: RefreshClaim,
  { refreshToken }: UserTokens,
): Promise<never> {
  const retryAt = ports.now() + retryDelayMs(attempts, 0);
  await saveTokens(ports, session, claim, { refreshToken, access: undefined, retryAt });
  throw new ServerUnavailable(
    "the token endpoint gave a new refresh token, but no access token: the user session continues with it",
  );
}

/** Stores the new tokens, with retries. If this write is lost after the server rotated the refresh token, the chain is lost. */
async function saveTokens(
  ports: SessionRefreshPorts,
  session: UserSession,
  claim: RefreshClaim,
  refreshed: RefreshedSession,
): Promise<boolean> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ports.store.saveRefreshed(session.id, claim, refreshed);
    } catch (error) {
      const delay = saveRetryDelaysMs[attempt];
      if (delay === undefined) throw error;
      await ports.sleep(delay);
    }
  }
}

/**
 * After a refresh without a token: ends the session if the server refused it, otherwise releases the claim and sets the time
 * of the next retry. Returns if the session must be read again; throws otherwise.
 */
async function settleFailure(
  { store, now, onEndedSession }: SessionRefreshPorts,
  session: UserSession,
  record: SessionRecord,
  claim: RefreshClaim,
  error: unknown,
): Promise<undefined> {
  if (error instanceof SessionDead) {
    const end = { at: now(), refusal: error.refusal, message: endMessage(session, error, record.attempts) };
    if (!(await store.endSession(session.id, claim, end))) return;
    await onEndedSession(session.id, { ...end, published: false });
    throw new SessionDead(end.message, { refusal: error.refusal, cause: error });
  }
  const retryAfterMs = error instanceof ServerUnavailable ? (error.retryAfterMs ?? 0) : 0;
  const delayMs = retryDelayMs(record.attempts, retryAfterMs);
  // If the release fails, the claim runs out by itself. The caller needs the first error, not this one.
  await store.release(session.id, claim, now() + delayMs).catch(() => undefined);
  if (!(error instanceof ServerUnavailable)) throw error;
  if (delayMs > longestRetryDelayInCallMs)
    throw new ServerUnavailable(error.message, {
      retryAfterMs: delayMs,
      unexplained: error.unexplained,
      cause: error,
    });
}

/** @param attempts how often the refresh token was used before */
function retryDelayMs(attempts: number, retryAfterMs: number): number {
  const delayMs = retryDelaysMs[attempts] ?? retryDelaysMs.at(-1) ?? 0;
  return Math.max(delayMs, Math.min(retryAfterMs, longestRetryAfterMs));
}

function endMessage({ remedies }: UserSession, { message, refusal }: SessionDead, earlierAttempts: number): string {
  const doubt =
    earlierAttempts > 0
      ? ", after an earlier refresh with the same refresh token that ended without an answer: the token may have been rotated then"
      : "";
  return `${message}${doubt}. ${remedies[refusal]}`;
}
