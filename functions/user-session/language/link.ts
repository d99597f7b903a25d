import * as z from "zod";
import { launchFailures } from "./launch-faults.ts";
import { linkId } from "./link-id.ts";

/** What became of a session's refresh token at the server (RFC 7009). `not-asked`: the link has another session of the same person. */
export const revocationResult = z.enum(["revoked", "not-offered", "failed", "nothing-to-revoke", "not-asked"]);

export type RevocationResult = z.infer<typeof revocationResult>;

/** How a link begins: by the person at the caller's application, or in an EHR (SMART App Launch, "Launch App"). */
export const launchKinds = ["standalone", "ehr"] as const;

/** How a launch ended. `denied`: the person or the server said no. */
export const launchEnd = z.discriminatedUnion("state", [
  z.strictObject({
    state: z.literal("linked"),
    at: z.number(),
    /** What became of the session that this launch replaced, at the server. Absent if it replaced none, or until that is known. */
    earlierSession: revocationResult.optional(),
  }),
  z.strictObject({ state: z.literal("denied"), at: z.number() }),
  z.strictObject({
    state: z.literal("failed"),
    at: z.number(),
    reason: z.enum(launchFailures),
    /** For people: what happened and what to do. */
    message: z.string(),
  }),
]);

export type LaunchEnd = z.infer<typeof launchEnd>;

/** A login at the server that has begun. Secrets are stored as SHA-256 digests; only the code verifier is needed as it is. */
export const login = z.strictObject({
  stateDigest: z.string(),
  nonceDigest: z.string(),
  cookieDigest: z.string(),
  codeVerifier: z.string(),
  /** What the server said of itself when the login began. The code goes to this token endpoint only. */
  configuration: z.strictObject({
    issuer: z.string(),
    tokenUrl: z.url(),
    jwksUrl: z.url(),
    revocationUrl: z.url().nullable(),
    namesIssuer: z.boolean(),
  }),
  /** Milliseconds since the epoch. The callback has to come before. */
  until: z.number(),
  /** The exchange of the code, from the moment that the state was spent. The id is unique, so its writer recognises its own write. */
  exchange: z.strictObject({ id: z.string(), at: z.number() }).nullable(),
});

export type Login = z.infer<typeof login>;

/** One try to sign a person in. Times are milliseconds since the epoch. */
export const launch = z.strictObject({
  kind: z.enum(launchKinds),
  scopes: z.array(z.string()),
  /** Where the browser goes at the end; null if it stays on the bridge's page. */
  returnUrl: z.string().nullable(),
  /** The digest of the one-time URL's token; null for an EHR launch, and once the login has begun. */
  tokenDigest: z.string().nullable(),
  /** The digest of the call that asked for this launch, by which a repeated call is recognised; null if it cannot be repeated. */
  callDigest: z.string().nullable(),
  createdAt: z.number(),
  expiresAt: z.number(),
  login: login.nullable(),
  end: launchEnd.nullable(),
  /** Whether the event of this end was published. */
  published: z.boolean(),
});

export type Launch = z.infer<typeof launch>;

/** What a link has since a person signed in. */
export const linkedPerson = z.strictObject({
  /** The session in the ledger. Each launch begins a session of its own, so a new one never damages the old one half-way. */
  sessionId: z.string(),
  issuer: z.string(),
  /** The person at the issuer. Another person never replaces them. */
  subject: z.string(),
  /** The bare id of the patient that the session is about; null if the server named none. */
  patient: z.string().nullable(),
  scope: z.string().nullable(),
  tokenUrl: z.url(),
  revocationUrl: z.url().nullable(),
  /** Milliseconds since the epoch. */
  linkedAt: z.number(),
});

export type LinkedPerson = z.infer<typeof linkedPerson>;

/**
 * A session that its link has given up. It is stored here first. Then the server is asked to revoke it, its tokens are deleted, and the
 * result is published. Whoever finds a session here carries on where another process stopped (`settle-link.ts`).
 */
export const givenUpSession = z.strictObject({
  sessionId: z.string(),
  /** `removed`: with its link. `replaced`: by a newer launch. `interrupted`: the link may never have had it. */
  why: z.enum(["removed", "replaced", "interrupted"]),
  tokenUrl: z.url(),
  revocationUrl: z.url().nullable(),
  /** From then on nobody else writes the session, in milliseconds since the epoch. */
  from: z.number(),
  /** Null until the server was asked. */
  atServer: revocationResult.nullable(),
});

export type GivenUpSession = z.infer<typeof givenUpSession>;

/** A session as it is stored when its link gives it up. */
export const giveUp = (
  { sessionId, tokenUrl, revocationUrl }: Pick<GivenUpSession, "sessionId" | "tokenUrl" | "revocationUrl">,
  why: GivenUpSession["why"],
  from: number,
): GivenUpSession => ({ sessionId, why, tokenUrl, revocationUrl, from, atServer: null });

/** The removal of a link by its caller. The record stays for a month, so that the caller can read what came of it. */
export const linkRemoval = z.strictObject({
  /** Milliseconds since the epoch. */
  at: z.number(),
  /** Null until the server was asked. */
  atServer: revocationResult.nullable(),
  /** Whether the event was published. */
  published: z.boolean(),
});

/** A link: a caller's user, and the session that the bridge keeps for them. */
export const linkRecord = z.strictObject({
  linkId,
  caller: z.string(),
  /** The caller's own id of the user; null if the caller gave none. */
  reference: z.string().nullable(),
  /** Milliseconds since the epoch. */
  createdAt: z.number(),
  /** The newest launch. A link that was linked before keeps its session until this launch gives another. */
  launch,
  /** Null until a person has signed in. */
  linked: linkedPerson.nullable(),
  /** Sessions whose tokens are not deleted yet. */
  givenUp: z.array(givenUpSession).default([]),
  /** Null until the caller removes the link. */
  removal: linkRemoval.nullable().default(null),
});

export type LinkRecord = z.infer<typeof linkRecord>;

/** The record of a link whose first launch begins. */
export const newLink = (
  link: Pick<LinkRecord, "linkId" | "caller" | "reference" | "createdAt" | "launch">,
): LinkRecord => ({ ...link, linked: null, givenUp: [], removal: null });

/** A launch whose exchange takes longer was interrupted: the token request and the proofs are bounded to a third of it. */
const longestExchangeMs = 60_000;

/** The state of a launch. */
export type LaunchState = LaunchEnd | { state: "pending" } | { state: "expired" };

/** The state of a link, apart from the end of its session, which only the session's own record has. */
export type LinkState = LaunchState | { state: "revoked"; at: number };

/**
 * The state of a link. While a newer launch is pending, so is the link. A launch that came to nothing leaves an earlier session as it
 * is, and the link linked.
 */
export function linkStateOf(
  { launch: newest, linked, removal }: Pick<LinkRecord, "launch" | "linked" | "removal">,
  now: number,
): LinkState {
  if (removal !== null) return { state: "revoked", at: removal.at };
  const outcome = launchStateOf(newest, now);
  return linked === null || outcome.state === "pending" ? outcome : { state: "linked", at: linked.linkedAt };
}

/**
 * The state of a launch. A launch that nobody finished in time has expired. One that stopped between the exchange of its code and the
 * storing of the session has failed.
 */
export function launchStateOf({ end, login: begun, expiresAt }: Launch, now: number): LaunchState {
  if (end !== null) return end;
  if (begun === null) return { state: now < expiresAt ? "pending" : "expired" };
  if (begun.exchange === null) return { state: now < begun.until ? "pending" : "expired" };
  const interruptedAt = interruptionOf(begun.exchange);
  if (now < interruptedAt) return { state: "pending" };
  const message =
    "The bridge stopped between the exchange of the code and the storing of the session. Start the link again";
  return { state: "failed", at: interruptedAt, reason: "interrupted", message };
}

/** From when on an exchange without a result counts as interrupted, in milliseconds since the epoch. */
export const interruptionOf = ({ at }: NonNullable<Login["exchange"]>): number => at + longestExchangeMs;

/** How long the process that changed a link has, to publish that as well. Later it counts as stopped. */
const publishingMs = 60_000;

/**
 * From when on the link has something that no process carries on, in milliseconds since the epoch; undefined if all that happened to it
 * was published and its tokens are deleted. A pending launch has its expiry there.
 */
export function unsettledFrom({ launch: newest, givenUp, removal }: LinkRecord): number | undefined {
  const times = givenUp.map(({ from }) => from + publishingMs);
  if (removal !== null && !removal.published) times.push(removal.at + publishingMs);
  // A launch that was pending when its link was removed has ended by the removal.
  const endsByItself = removal === null || launchStateOf(newest, removal.at).state !== "pending";
  if (!newest.published && endsByItself) times.push(launchUnsettledFrom(newest));
  return times.length === 0 ? undefined : Math.min(...times);
}

function launchUnsettledFrom({ end, login: begun, expiresAt }: Launch): number {
  if (end !== null) return end.at + publishingMs;
  if (begun === null) return expiresAt;
  return begun.exchange === null ? begun.until : interruptionOf(begun.exchange);
}

/** The id of the session that an exchange gives. It is known before the exchange, so a session without a link is found. */
export const sessionIdOf = (id: string, exchange: NonNullable<Login["exchange"]>): string => `${id}.${exchange.id}`;
