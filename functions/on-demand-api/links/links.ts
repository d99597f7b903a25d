import type { ApiHandler, ApiRequest } from "#on-demand-api/gateway/api.ts";
import type { ApiResponse } from "#on-demand-api/gateway/api-response.ts";
import type { LinkIds } from "#on-demand-api/gateway/link-ids.ts";
import { ApiProblem, notFound } from "#on-demand-api/language/api-problem.ts";
import type { ClosedRouteKey } from "#on-demand-api/language/api-routes.ts";
import { jsonAnswer } from "#on-demand-api/language/json-answer.ts";
import type { LinkView } from "#on-demand-api/language/link-messages.ts";
import { afterParameter, encodePlace, readPlace } from "#on-demand-api/language/list-places.ts";
import { keyInUse } from "#on-demand-api/language/posted-body.ts";
import { digestOf } from "#user-session/language/digest.ts";
import {
  type Launch,
  type LinkRecord,
  launchStateOf,
  newLink,
  type RevocationResult,
  unsettledFrom,
} from "#user-session/language/link.ts";
import { linkPlace } from "#user-session/language/link-id.ts";
import type { SmartSettings } from "#user-session/language/smart-settings.ts";
import type { SessionEnd } from "#user-session/language/user-session.ts";
import type { LinkRecords, StoredLink } from "#user-session/links/link-records.ts";
import { type LinkPost, readLinkPost } from "./link-post.ts";
import { linkViewOf } from "./link-view.ts";

export interface LinksApiPorts {
  records: LinkRecords;
  ids: LinkIds;
  settings: Pick<SmartSettings, "scopes" | "returnUrls" | "linkMinutes">;
  /** Carries on what the link has begun, and publishes what was not published (`reportLink`). Returns false if that failed. */
  settle: (linkId: string) => Promise<boolean>;
  /** Removes the link and its session here, and asks the server to revoke the session. */
  remove: (linkId: string) => Promise<RevocationResult>;
  /** Reads whether and how a session has ended. */
  findEnd: (sessionId: string) => Promise<SessionEnd | undefined>;
  /** The URL of the API, without a slash at its end. */
  apiUrl: string;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Each is read by itself. */
const linksOfPage = 25;
/** The query parameter of a further page. */

/**
 * Serves the routes below /links. The link of another caller looks like one that does not exist.
 * @throws ApiProblem if a call is wrong, or if its link does not exist
 */
export const serveLinks =
  (ports: LinksApiPorts): ApiHandler =>
  async (request) => {
    // API Gateway passes on only the routes that it has.
    switch (request.route as ClosedRouteKey) {
      case "POST /links":
        return await createLink(ports, request);
      case "GET /links":
        return await listLinks(ports, request);
      case "GET /links/{id}": {
        const { record } = await findOwn(ports, request.caller, request.path["id"] ?? "");
        const settled = await settleIfDue(ports, record);
        return answer(200, await viewOf(ports, settled), record.linkId);
      }
      case "DELETE /links/{id}":
        return await removeLink(ports, request);
      default:
        throw notFound("There is no such route");
    }
  };

async function createLink(ports: LinksApiPorts, request: ApiRequest): Promise<ApiResponse> {
  const post = readLinkPost(request, ports.settings);
  const { reconnect } = post.body;
  const record =
    reconnect === undefined
      ? await storeLink(ports, request.caller, post)
      : await launchAgain(ports, await findOwn(ports, request.caller, reconnect), post);
  const { linkId, launch } = record;
  const self = `${ports.apiUrl}/links/${linkId}`;
  const url = `${ports.apiUrl}/connect/${linkId}.${await ports.ids.token(linkId, launch.createdAt)}`;
  return answer(201, { ...(await viewOf(ports, record)), url }, linkId, { location: self });
}

/** A new link, or the one that the same call made before. */
async function storeLink(ports: LinksApiPorts, caller: string, post: LinkPost): Promise<LinkRecord> {
  const linkId = post.key === undefined ? ports.ids.random() : await ports.ids.repeatable(caller, post.key);
  const createdAt = ports.now();
  const launch = await newLaunch(ports, linkId, post, createdAt);
  const { reference = null } = post.body;
  const record = await ports.records.create(newLink({ linkId, caller, reference, createdAt, launch }));
  const isSame = record.launch.callDigest === launch.callDigest && record.caller === caller;
  if (isSame && record.removal === null) return record;
  throw keyInUse(
    "This Idempotency-Key was used before, with a different body, or its link was launched again or removed since. Send the same body, or use another key.",
  );
}

/**
 * A new launch of a link that exists. The URL and the login of its launch before are worth nothing from then on. A session that the
 * link has stays until the new launch gives another.
 */
async function launchAgain(ports: LinksApiPorts, stored: StoredLink, post: LinkPost): Promise<LinkRecord> {
  const { record } = stored;
  if (record.removal !== null) throw removedBefore();
  if (post.callDigest !== null && record.launch.callDigest === post.callDigest) return record;
  const { login, end } = record.launch;
  if (login?.exchange && end === null && launchStateOf(record.launch, ports.now()).state === "pending")
    throw busy("Its user is signing in at this moment.");
  await publishEnd(ports, record);
  // Each launch of a link has a time of its own, from which the token of its URL is derived.
  const launchedAt = Math.max(ports.now(), record.launch.createdAt + 1);
  const newest = (await ports.records.find(record.linkId)) ?? stored;
  const isSame = newest.record.launch.createdAt === record.launch.createdAt && newest.record.removal === null;
  if (!isSame) throw busy("Another call launched it again, or removed it.");
  const launch = await newLaunch(ports, record.linkId, post, launchedAt);
  const relaunched = { ...newest.record, launch };
  if (await ports.records.replace(newest, relaunched)) return relaunched;
  throw busy("Another call changed it.");
}

async function newLaunch(ports: LinksApiPorts, linkId: string, post: LinkPost, createdAt: number): Promise<Launch> {
  return {
    kind: "standalone",
    scopes: post.scopes,
    returnUrl: post.body.returnUrl ?? null,
    tokenDigest: digestOf(await ports.ids.token(linkId, createdAt)),
    callDigest: post.callDigest,
    createdAt,
    expiresAt: createdAt + ports.settings.linkMinutes * 60_000,
    login: null,
    end: null,
    published: false,
  };
}

async function listLinks(ports: LinksApiPorts, { caller, queryString }: ApiRequest): Promise<ApiResponse> {
  const after = readPlace(new URLSearchParams(queryString).get(afterParameter), linkPlace);
  const { links, next } = await ports.records.list(caller, { limit: linksOfPage, after });
  const views = await Promise.all(links.map((record) => viewOf(ports, record)));
  const place = next && encodePlace(next);
  const content = { links: views, ...(place && { next: `${ports.apiUrl}/links?${afterParameter}=${place}` }) };
  return answer(200, content);
}

async function removeLink(ports: LinksApiPorts, { caller, path }: ApiRequest): Promise<ApiResponse> {
  const { record } = await findOwn(ports, caller, path["id"] ?? "");
  const { linkId } = record;
  return answer(200, { id: linkId, atServer: await ports.remove(linkId) }, linkId);
}

async function findOwn({ records }: LinksApiPorts, caller: string, id: string): Promise<StoredLink> {
  const stored = await records.find(id);
  if (stored?.record.caller === caller) return stored;
  throw notFound("There is no such link");
}

/** The link as its caller sees it. An end of its session is in the session's own record. */
async function viewOf({ findEnd, now }: LinksApiPorts, record: LinkRecord): Promise<LinkView> {
  const { linked } = record;
  return linkViewOf(record, linked === null ? undefined : await findEnd(linked.sessionId), now());
}

/** Settles a link that no process carries on. A GET is answered all the same if that fails: the next sweep settles it. */
async function settleIfDue({ records, settle, now }: LinksApiPorts, record: LinkRecord): Promise<LinkRecord> {
  if ((unsettledFrom(record) ?? Infinity) > now()) return record;
  const { linkId } = record;
  await settle(linkId);
  return (await records.find(linkId))?.record ?? record;
}

/**
 * Publishes the end of the newest launch before another launch replaces it.
 * @throws ApiProblem (409) if that fails
 */
async function publishEnd({ settle, now }: LinksApiPorts, { linkId, launch }: LinkRecord): Promise<void> {
  if (launch.published || launchStateOf(launch, now()).state === "pending") return;
  if (!(await settle(linkId))) throw busy("The end of its last sign-in could not be published yet.");
}

function answer(status: number, content: object, linkId?: string, headers: Record<string, string> = {}): ApiResponse {
  return { ...jsonAnswer(status, content, headers), ...(linkId !== undefined && { linkId }) };
}

const removedBefore = (): ApiProblem =>
  new ApiProblem("The link was removed", {
    status: 409,
    issue: "invalid",
    detail: "You removed this link, so it cannot be connected again. Make a new link.",
  });

const busy = (cause: string): ApiProblem =>
  new ApiProblem("The link is busy", {
    status: 409,
    issue: "transient",
    detail: `${cause} Read the link, and send the request again.`,
    retryAfterMs: 2_000,
  });
