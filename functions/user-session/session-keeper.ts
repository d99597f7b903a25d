import { randomUUID } from "node:crypto";
import { AccessRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import type { AccessTokens } from "#platform/http/authorised-request.ts";
import { SessionDead, SessionSecretUnusable } from "#user-session/language/session-faults.ts";
import type {
  OAuthClient,
  RefreshClaim,
  SessionDeath,
  SessionRecord,
  UserSessionStore,
  UserTokens,
} from "#user-session/language/user-session.ts";
import { parseSessionSecret, type SessionMaterial, type StoredSecret } from "./session-secret.ts";
import { tokenRequestMs } from "./user-token.ts";

export interface SessionKeeperPorts {
  store: UserSessionStore;
  /** `refreshUserToken`: one request, never repeated by itself, ended within `tokenRequestMs`. */
  refresh: (client: OAuthClient, refreshToken: string) => Promise<UserTokens>;
  /** Milliseconds since the epoch. */
  now: () => number;
  sleep: (ms: number) => Promise<void>;
  /** Called whenever the session is found dead, by the server's word or by the store's; never fails. */
  onDeath: (sessionId: string, death: SessionDeath) => Promise<void>;
}

/** A user session: its name in the ledger, and the secret that the operator keeps for it. */
export interface UserSession {
  id: string;
  readSecret: () => Promise<StoredSecret>;
}

/** Longer than a token request and the writes around it: whoever has a claim and lives ends within it. */
export const claimMs = 2 * tokenRequestMs;
const pollMs = 250;
/** How long a caller waits for a refresh, its own or another's. */
const patienceMs = 25_000;
/** As often as anybody has reason to look at a session in one call, and some more. */
const mostTurns = (2 * patienceMs) / pollMs;
/** A rest that is longer than that is the caller's to wait for. */
const longestRestMs = 2_000;
/** Rests after refreshes in a row that brought nothing; the last one again and again. */
const restsMs = [500, 2_000, 10_000, 30_000, 60_000, 300_000];
const longestAskedRestMs = 3_600_000;
const largestMarginMs = 60_000;
/** A token that is refused at this age is not refreshed: its successor would be refused as well, and so on. */
const refusedTooSoonMs = 10_000;
const savingPausesMs = [200, 1_000, 2_000];

/** The access tokens of a session, for `authorisedRequest`. Its calls throw what `currentAccessToken` throws. */
export function sessionTokens(ports: SessionKeeperPorts, session: UserSession): AccessTokens {
  return {
    current: () => currentAccessToken(ports, session),
    replacement: (rejected) => currentAccessToken(ports, session, rejected),
  };
}

/**
 * The session's access token: the one in the store while it is good, else the outcome of one refresh, ours or another
 * process's. Each refresh is claimed in the store before it is asked for, and stored before it is used. Why it is done in
 * this way, and what happens after a crash: docs/adr/0009-one-refresh-at-a-time.md.
 *
 * @param rejected an access token that the server has just answered with a 401: it is not given again
 * @throws SessionDead where the server refused the refresh token or the client, now or earlier: no request is made again
 *   until a newer version of the secret is put
 * @throws SessionSecretUnusable where the secret is missing, malformed, or older than the session
 * @throws AccessRefused where `rejected` was issued a moment ago
 * @throws ServerUnavailable where the token endpoint gave no clear answer, or another process's refresh takes too long
 */
export async function currentAccessToken(
  ports: SessionKeeperPorts,
  session: UserSession,
  rejected?: string,
): Promise<string> {
  const giveUpAt = ports.now() + patienceMs;
  for (let turn = 0; turn < mostTurns; turn += 1) {
    const record = await ports.store.read(session.id);
    const step = nextStep(record, rejected, ports.now());
    if (step.kind === "use") return step.token;
    if (ports.now() + step.waitMs > giveUpAt) break;
    if (step.kind === "wait") await ports.sleep(step.waitMs);
    else {
      const token = await renew(ports, session, record);
      if (token !== undefined) return token;
    }
  }
  const options = { retryAfterMs: longestRestMs };
  throw new ServerUnavailable("another process's refresh of the session takes too long", options);
}

type Step = { kind: "use"; token: string } | { kind: "wait"; waitMs: number } | { kind: "renew"; waitMs: 0 };

/** What the session calls for, as it was read. Whether a refresh is really ours to do, the store decides. */
function nextStep(record: SessionRecord | undefined, rejected: string | undefined, now: number): Step {
  // Of a session that is dead, or was never seen, the secret may know more.
  if (record === undefined || record.death !== undefined) return { kind: "renew", waitMs: 0 };
  const { access, claim, retryAt } = record;
  if (access !== undefined && access.token !== rejected && now < access.renewAt)
    return { kind: "use", token: access.token };
  if (claim !== undefined && now < claim.until) return { kind: "wait", waitMs: Math.min(pollMs, claim.until - now) };
  if (retryAt !== undefined && now < retryAt) {
    if (retryAt - now <= longestRestMs) return { kind: "wait", waitMs: retryAt - now };
    throw new ServerUnavailable("the session rests after refreshes that brought nothing", {
      retryAfterMs: retryAt - now,
    });
  }
  if (access !== undefined && access.token === rejected && now < access.issuedAt + refusedTooSoonMs)
    throw new AccessRefused("the server refused an access token of the session that it had just issued");
  return { kind: "renew", waitMs: 0 };
}

/**
 * Looks at the secret, then refreshes. Answers undefined where the session is to be looked at again: its chain was begun
 * anew, or another process was faster.
 */
async function renew(
  ports: SessionKeeperPorts,
  session: UserSession,
  record: SessionRecord | undefined,
): Promise<string | undefined> {
  const { client, seed } = parseSessionSecret(await session.readSecret());
  if (record === undefined || (seed.digest !== record.seedDigest && seed.putAt > record.secretPutAt)) {
    await ports.store.beginChain(session.id, seed);
    return undefined;
  }
  if (record.death !== undefined) {
    const { words, refusal } = record.death;
    if (seed.putAt <= record.secretPutAt) {
      await ports.onDeath(session.id, record.death);
      throw new SessionDead(words, { refusal });
    }
    await ports.store.revive(session.id, seed);
    return undefined;
  }
  if (seed.digest !== record.seedDigest)
    throw new SessionSecretUnusable("the session's secret is an older version than the session goes by: put it again");
  return await refreshOnce(ports, session, record, { client, seed });
}

async function refreshOnce(
  ports: SessionKeeperPorts,
  session: UserSession,
  record: SessionRecord,
  { client, seed }: SessionMaterial,
): Promise<string | undefined> {
  const claim: RefreshClaim = { id: randomUUID(), generation: record.generation };
  const now = ports.now();
  const times = { now, until: now + claimMs, secretPutAt: seed.putAt };
  if (!(await ports.store.claimRefresh(session.id, claim, times))) return undefined;
  const askedAt = ports.now();
  try {
    // A claim that was long in the making would run out under our hands.
    if (askedAt - now > claimMs / 4) throw new ServerUnavailable("the ledger is too slow for a refresh of the session");
    const tokens = await ports.refresh(client, record.refreshToken);
    return await save(ports, session, claim, tokens, askedAt);
  } catch (error) {
    return await settle(ports, session, record, claim, error);
  }
}

/** Nothing that comes after the server's answer is worth more than this write: without it the chain is lost. */
async function save(
  ports: SessionKeeperPorts,
  session: UserSession,
  claim: RefreshClaim,
  { accessToken, refreshToken, expiresInSeconds }: UserTokens,
  askedAt: number,
): Promise<string | undefined> {
  const lifeMs = expiresInSeconds * 1000;
  const renewAt = askedAt + lifeMs - Math.min(lifeMs / 5, largestMarginMs);
  const access = { token: accessToken, issuedAt: askedAt, renewAt };
  for (let attempt = 0; ; attempt += 1) {
    try {
      return (await ports.store.saveRefreshed(session.id, claim, { refreshToken, access })) ? accessToken : undefined;
    } catch (error) {
      const pause = savingPausesMs[attempt];
      if (pause === undefined) throw error;
      await ports.sleep(pause);
    }
  }
}

/** After a refresh that brought no token: bury the session, or let it rest, and say so. */
async function settle(
  { store, now, onDeath }: SessionKeeperPorts,
  session: UserSession,
  record: SessionRecord,
  claim: RefreshClaim,
  error: unknown,
): Promise<undefined> {
  if (error instanceof SessionDead) {
    const death = { at: now(), refusal: error.refusal, words: deathWords(error, record.attempts) };
    if (!(await store.bury(session.id, claim, death))) return;
    await onDeath(session.id, { ...death, told: false });
    throw new SessionDead(death.words, { refusal: error.refusal, cause: error });
  }
  const asked = error instanceof ServerUnavailable ? (error.retryAfterMs ?? 0) : 0;
  const restMs = Math.max(restsMs[record.attempts] ?? restsMs.at(-1) ?? 0, Math.min(asked, longestAskedRestMs));
  // Where even this fails the claim runs out by itself; the first error is the one to tell.
  await store.release(session.id, claim, now() + restMs).catch(() => undefined);
  if (!(error instanceof ServerUnavailable)) throw error;
  if (restMs > longestRestMs) throw new ServerUnavailable(error.message, { retryAfterMs: restMs, cause: error });
}

function deathWords({ message, refusal }: SessionDead, earlierAttempts: number): string {
  const doubt =
    earlierAttempts > 0
      ? ", after an earlier refresh with the same token that ended without an outcome: it may have been rotated then"
      : "";
  const remedy =
    refusal === "client-refused"
      ? "Check client_id, client_secret and auth_method in the session's secret, and put it again"
      : "Renew the session: sign in as its user, and put the new refresh token (npm run session -- add)";
  return `${message}${doubt}. ${remedy}`;
}
