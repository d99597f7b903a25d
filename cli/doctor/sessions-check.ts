import { type LinkRecord, linkStateOf } from "#user-session/language/link.ts";
import type { SessionRefusal } from "#user-session/language/session-faults.ts";
import type { SessionRecord } from "#user-session/language/user-session.ts";
import { type Finding, failed, firstOf, ok, warning } from "../checks/findings.ts";

/*
 * The stage's own session and those of links, as the bridge knows them. No session is refreshed: that would rotate its refresh token. So
 * what the server has ended since the last refresh is not known yet.
 */

/** A link, and its session if a person signed in. */
export interface ExaminedLink {
  link: LinkRecord;
  /** Undefined if the link has no session, or its session was removed. */
  session: SessionRecord | undefined;
}

export interface ServiceSessionPorts {
  stage: string;
  /** The setting `api.serviceSession`. */
  serviceSession: boolean;
  /** The stage's own session; undefined if its first use is to come. */
  readServiceSession: () => Promise<SessionRecord | undefined>;
  now: () => number;
}

export interface LinksPorts {
  /** The stage's links, at most `mostLinks`. */
  readLinks: () => Promise<readonly ExaminedLink[]>;
  now: () => number;
}

/** How many links are examined. */
export const mostLinks = 1_000;

/** After so many refreshes without a result, one after the other, the token endpoint has failed for minutes. */
const manyAttempts = 5;

/** The stage's own session lives. */
export const checkServiceSession =
  ({ stage, serviceSession, readServiceSession, now }: ServiceSessionPorts) =>
  async (): Promise<Finding> => {
    const session = await readServiceSession();
    const name = "the stage's own session";
    if (session === undefined) return ok(`${name} has not been used yet: its first use refreshes it`);
    if (session.end === undefined) return aliveFinding(name, session, now());
    const seen = `${name} ended ${timeOf(session.end.at)} (${session.end.refusal})`;
    const remedy =
      session.end.refusal === "client-refused"
        ? `correct the client in integra-bridge/${stage}/user-session`
        : `sign in as its user, and run npm run session -- add --stage ${stage}`;
    return serviceSession
      ? failed(seen, remedy)
      : warning(seen, `calls without a link do not use it. To renew it, ${remedy}`);
  };

function aliveFinding(name: string, { access, attempts, retryAt }: SessionRecord, now: number): Finding {
  const refreshed = access === undefined ? "has no access token yet" : `was last refreshed ${timeOf(access.issuedAt)}`;
  if (attempts >= manyAttempts && retryAt !== undefined)
    return warning(
      `${name} ${refreshed}, and ${attempts} refreshes since then had no result. The next one is due ${timeOf(Math.max(retryAt, now))}`,
      "check the line server, and wait: the session is not lost",
    );
  return ok(`${name} lives, and ${refreshed}`);
}

/** The sessions of links: how many live, and which links their users must connect again. */
export const checkLinks =
  ({ readLinks, now }: LinksPorts) =>
  async (): Promise<Finding[]> => {
    const links = await readLinks();
    if (links.length === 0) return [ok("there are no links")];
    const linked = links.filter(({ link }) => link.linked !== null);
    const endedBy = (refusal: SessionRefusal) => linked.filter(({ session }) => session?.end?.refusal === refusal);
    const reconnect = 'let these users connect again: POST /links with {"launch":"standalone","reconnect":"<link>"}';
    return [
      ok(describe(links, now())),
      ...about(endedBy("client-refused"), (ids) =>
        failed(
          `the server refused the client of these links: ${ids}`,
          `correct the secret smart-client (npm run session -- add-client), then ${reconnect}`,
        ),
      ),
      ...about(endedBy("grant-refused"), (ids) => warning(`the sessions of these links have ended: ${ids}`, reconnect)),
      ...about(
        linked.filter(({ session }) => session === undefined),
        (ids) => warning(`these links have no session any more: ${ids}`, reconnect),
      ),
    ];
  };

/** One finding about some links; none if there are none. */
function about(links: readonly ExaminedLink[], find: (ids: string) => Finding): Finding[] {
  return links.length === 0 ? [] : [find(firstOf(links.map(({ link }) => link.linkId)))];
}

/** How many links are in which state, and when one of their sessions was last refreshed. */
function describe(links: readonly ExaminedLink[], now: number): string {
  const states = Map.groupBy(links, ({ link }) => linkStateOf(link, now).state);
  const counts = [...states].map(([state, some]) => `${some.length} ${state}`).join(", ");
  const refreshes = links.flatMap(({ session }) => session?.access?.issuedAt ?? []);
  const last = refreshes.length === 0 ? "" : `. The last refresh was ${timeOf(Math.max(...refreshes))}`;
  const more = links.length < mostLinks ? "" : ` (the first ${mostLinks}; further ones were not examined)`;
  return `${links.length} links${more}: ${counts}${last}`;
}

const timeOf = (at: number): string => new Date(at).toISOString();
