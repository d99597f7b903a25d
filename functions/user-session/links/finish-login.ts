import type { Log } from "#platform/lambda/log.ts";
import { isDigestOf } from "#user-session/language/digest.ts";
import { LaunchFailed } from "#user-session/language/launch-faults.ts";
import {
  giveUp,
  type LaunchEnd,
  type LinkedPerson,
  type LinkRecord,
  sessionIdOf,
} from "#user-session/language/link.ts";
import { linkId } from "#user-session/language/link-id.ts";
import type { SessionLogCode } from "#user-session/language/log-codes.ts";
import { type Callback, isFromIssuer } from "../smart/callback.ts";
import type { LaunchOutcome, LaunchResult } from "../smart/exchange-launch-code.ts";
import { changeLink } from "./change-link.ts";
import type { GiveUpPorts } from "./give-up-sessions.ts";
import type { StoredLink } from "./link-records.ts";
import { reportLink, type SettleLinkPorts } from "./settle-link.ts";

export interface CallbackPorts extends SettleLinkPorts {
  sessions: GiveUpPorts["sessions"] & {
    /** Stores a new session with its first refresh token. */
    begin(sessionId: string, refreshToken: string): Promise<void>;
  };
  exchange: (login: Pick<LinkRecord, "launch"> & { code: string }) => Promise<LaunchOutcome>;
  log: Log<SessionLogCode>;
  /** Returns a new id at each call. */
  newId: () => string;
}

/**
 * Why a callback ended nothing. `no-cookie`: this browser did not begin the login, or shows it in a frame that gets no cookies.
 * `used`: the state was spent before.
 */
export type UnusableCallback = "malformed" | "unknown" | "no-cookie" | "used" | "expired" | "other-server";

export type FinishedLogin =
  | { kind: "ended"; record: LinkRecord; end: LaunchEnd }
  | { kind: "unusable"; fault: UnusableCallback };

/**
 * Finishes a login with what the server sent by the browser. The callback has to come from the browser that began the login, to the
 * same state, in time, and from the same server. The state is spent before the code is exchanged, so a code is sent once.
 *
 * Source: SMART App Launch, "Obtain access token"; RFC 6749, 4.1.2 and 10.12; RFC 9207, 2.4.
 * @param cookie the value of the login's own cookie; undefined if the browser sent none
 */
export async function finishLogin(
  ports: CallbackPorts,
  callback: Callback,
  cookie: (linkId: string) => string | undefined,
): Promise<FinishedLogin> {
  if (callback.kind === "unusable") return { kind: "unusable", fault: "malformed" };
  const stored = await findLogin(ports, callback.state);
  const fault = stored === undefined ? "unknown" : faultOf(stored.record, callback, cookie, ports.now());
  if (stored === undefined || fault !== undefined) return { kind: "unusable", fault: fault ?? "unknown" };
  const spent = await spendState(ports, stored);
  if (spent === undefined) return { kind: "unusable", fault: "used" };
  if (callback.kind === "error") return await endLaunch(ports, spent, endOfError(callback.error, ports.now()));
  const outcome = await ports.exchange({ launch: spent.launch, code: callback.code });
  if (outcome.kind === "session") return await storeSession(ports, spent, outcome.result);
  return await failLaunch(ports, spent, outcome.failure, outcome.issued);
}

/** The link whose newest launch has this state. */
async function findLogin({ records }: CallbackPorts, state: string): Promise<StoredLink | undefined> {
  const id = linkId.safeParse(state.split(".", 1)[0]);
  const stored = id.success ? await records.find(id.data) : undefined;
  const begun = stored?.record.launch.login;
  return begun && isDigestOf(begun.stateDigest, state) ? stored : undefined;
}

function faultOf(
  { linkId: id, launch, removal }: LinkRecord,
  callback: Exclude<Callback, { kind: "unusable" }>,
  cookieOf: (linkId: string) => string | undefined,
  now: number,
): UnusableCallback | undefined {
  const { login } = launch;
  if (login === null || removal !== null) return "unknown";
  const cookie = cookieOf(id);
  if (cookie === undefined || !isDigestOf(login.cookieDigest, cookie)) return "no-cookie";
  if (login.exchange !== null || launch.end !== null) return "used";
  if (now >= login.until) return "expired";
  return isFromIssuer(callback, login.configuration) ? undefined : "other-server";
}

/** Marks the login's state as spent. Undefined if another request spent it first. */
async function spendState({ records, newId, now }: CallbackPorts, stored: StoredLink): Promise<LinkRecord | undefined> {
  const { record } = stored;
  if (record.launch.login === null) return undefined;
  const login = { ...record.launch.login, exchange: { id: newId(), at: now() } };
  const spent = { ...record, launch: { ...record.launch, login } };
  return (await records.replace(stored, spent)) ? spent : undefined;
}

const serverErrors: ReadonlySet<string> = new Set(["server_error", "temporarily_unavailable"]);

function endOfError(error: Extract<Callback, { kind: "error" }>["error"], at: number): LaunchEnd {
  if (error === "access_denied") return { state: "denied", at };
  const reason = serverErrors.has(error) ? "server-unavailable" : "authorization-refused";
  const message = `The server ended the sign-in with the error ${error}. ${
    reason === "server-unavailable"
      ? "Start the link again later"
      : "Check the client's registration and the link's scopes, then start the link again"
  }`;
  return { state: "failed", at, reason, message };
}

/**
 * Stores the session, and then the link. The session has an id of its own: until the link names it, nobody uses it, and after a crash
 * in between a sweep ends it (`settle-link.ts`). A session that the link had before is given up by the same write.
 */
async function storeSession(ports: CallbackPorts, spent: LinkRecord, result: LaunchResult): Promise<FinishedLogin> {
  const { person, patient, tokens, grantedScope } = result;
  const { linked: previous, launch } = spent;
  const { login } = launch;
  if (!login?.exchange) throw new Error(`the login of ${spent.linkId} is gone`);
  if (previous !== null && (previous.issuer !== person.issuer || previous.subject !== person.subject)) {
    const message = "Another person signed in than the one whom this link belongs to. Use a link of their own";
    return await failLaunch(ports, spent, new LaunchFailed(message, { reason: "other-person" }), tokens.refreshToken);
  }
  const sessionId = sessionIdOf(spent.linkId, login.exchange);
  await ports.sessions.begin(sessionId, tokens.refreshToken);
  const { tokenUrl, revocationUrl } = login.configuration;
  const at = ports.now();
  const finished = await endLaunch(
    ports,
    spent,
    { state: "linked", at },
    {
      sessionId,
      issuer: person.issuer,
      subject: person.subject,
      patient: patient ?? null,
      scope: grantedScope ?? null,
      tokenUrl,
      revocationUrl,
      linkedAt: at,
    },
  );
  if (finished.kind === "ended") return finished;
  await ports.revoke(login.configuration, tokens.refreshToken);
  await ports.sessions.remove(sessionId);
  return finished;
}

/**
 * Ends a launch that gave tokens for nothing: the server is asked to revoke them. It is not asked if that may end the session that the link
 * keeps (`give-up-sessions.ts`).
 */
async function failLaunch(
  ports: CallbackPorts,
  spent: LinkRecord,
  { reason, message }: LaunchFailed,
  issued: string | undefined,
): Promise<FinishedLogin> {
  const { linked, launch } = spent;
  const isOthers = linked === null || reason === "other-person";
  if (issued !== undefined && launch.login !== null && isOthers) await ports.revoke(launch.login.configuration, issued);
  return await endLaunch(ports, spent, { state: "failed", at: ports.now(), reason, message });
}

/**
 * Ends the launch whose state this request has spent. A link that was removed or launched anew meanwhile stays as it is, and so does a
 * launch that a sweep has ended as interrupted.
 * @param linked who signed in, if the launch gave a session
 */
async function endLaunch(
  ports: CallbackPorts,
  { linkId: id, launch: spent }: LinkRecord,
  end: LaunchEnd,
  linked?: LinkedPerson,
): Promise<FinishedLogin> {
  const ended = await changeLink(ports.records, id, (record) => {
    const { launch, linked: previous, givenUp } = record;
    const isOurs = launch.login?.exchange?.id === spent.login?.exchange?.id;
    if (!isOurs || launch.end !== null || record.removal !== null) return undefined;
    const changed = { ...record, launch: { ...launch, end } };
    if (linked === undefined) return changed;
    const replaced = previous === null ? [] : [giveUp(previous, "replaced", end.at)];
    return { ...changed, linked, givenUp: [...givenUp, ...replaced] };
  });
  if (ended === undefined) return { kind: "unusable", fault: "unknown" };
  await reportLink(ports, id);
  return { kind: "ended", record: ended, end };
}
