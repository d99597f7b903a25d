import { type Finding, failed, ok, warning } from "#platform/findings/findings.ts";
import { type LinkRecord, linkStateOf } from "#user-session/language/link.ts";
import type { SessionRefusal } from "#user-session/language/session-faults.ts";
import { serviceSessionFinding } from "#user-session/language/session-state.ts";
import type { SessionRecord } from "#user-session/language/user-session.ts";
import { firstOf } from "../checks/findings.ts";

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

/** The stage's own session lives. */
export const checkServiceSession =
  ({ stage, serviceSession, readServiceSession, now }: ServiceSessionPorts) =>
  async (): Promise<Finding> =>
    serviceSessionFinding({ stage, serviceSession, session: await readServiceSession(), now: now() });

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
          "correct the secret smart-client, or store it again (npm run session -- add-client). Their sessions then go on",
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
