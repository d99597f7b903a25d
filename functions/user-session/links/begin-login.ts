import { digestOf, isDigestOf } from "#user-session/language/digest.ts";
import { type Launch, type LinkRecord, type Login, newLink } from "#user-session/language/link.ts";
import { authorizationRequestUrl, type LoginSecrets } from "../smart/authorization-request.ts";
import type { SmartConfiguration } from "../smart/smart-configuration.ts";
import type { LinkRecords } from "./link-records.ts";

export interface LoginPorts {
  records: Pick<LinkRecords, "create" | "find" | "replace">;
  readConfiguration: () => Promise<SmartConfiguration>;
  newSecrets: () => LoginSecrets;
  /** The `client_id` that the server knows the bridge by. */
  clientId: string;
  /** The FHIR base URL, as it is configured. */
  audience: string;
  /** Where the server sends the browser back to. */
  redirectUrl: string;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** A login that has begun: where the browser goes, and the cookie that ties the callback to this browser. */
export interface BegunLogin {
  redirectTo: URL;
  cookie: { name: string; value: string; maxAgeSeconds: number };
}

/** Why a one-time URL cannot be used. */
export type UnusableUrl = "unknown" | "used" | "expired";

/** A person who signs in, chooses a patient and reads the consent needs minutes. */
const loginMs = 15 * 60_000;

/**
 * Looks a one-time URL up, and changes nothing: mail scanners and previews open links as well.
 * @returns the link, or why the URL cannot be used
 */
export async function findInvitation(
  { records, now }: Pick<LoginPorts, "records" | "now">,
  linkId: string,
  token: string,
): Promise<LinkRecord | UnusableUrl> {
  const stored = await records.find(linkId);
  return stored === undefined || stored.record.removal !== null
    ? "unknown"
    : (faultOf(stored.record.launch, token, now()) ?? stored.record);
}

/**
 * Begins the login of a standalone launch, and spends the one-time URL by that. The server is asked for its configuration first, so
 * a server that does not answer spends nothing.
 *
 * @throws LaunchFailed if the server's configuration cannot be used
 * @throws ServerUnavailable if the server does not answer
 */
export async function beginLogin(ports: LoginPorts, linkId: string, token: string): Promise<BegunLogin | UnusableUrl> {
  const configuration = await ports.readConfiguration();
  const stored = await ports.records.find(linkId);
  if (stored === undefined || stored.record.removal !== null) return "unknown";
  const { record } = stored;
  const fault = faultOf(record.launch, token, ports.now());
  if (fault !== undefined) return fault;
  const secrets = secretsFor(ports, linkId);
  const launch = { ...record.launch, tokenDigest: null, login: loginOf(ports, configuration, secrets) };
  if (!(await ports.records.replace(stored, { ...record, launch }))) return "used";
  return begunLogin(ports, configuration, { linkId, launch }, secrets);
}

/**
 * Begins the login of an EHR launch, as a new link whose login has begun.
 * @param ehrLaunch the value that the EHR gave; it is echoed
 * @throws LaunchFailed, ServerUnavailable as `beginLogin` does
 */
export async function beginEhrLogin(
  ports: LoginPorts,
  link: Pick<LinkRecord, "linkId" | "caller"> & Pick<Launch, "scopes" | "returnUrl">,
  ehrLaunch: string,
): Promise<BegunLogin> {
  const configuration = await ports.readConfiguration();
  const { linkId, caller, scopes, returnUrl } = link;
  const secrets = secretsFor(ports, linkId);
  const createdAt = ports.now();
  const launch: Launch = {
    kind: "ehr",
    scopes,
    returnUrl,
    tokenDigest: null,
    callDigest: null,
    createdAt,
    expiresAt: createdAt + loginMs,
    login: loginOf(ports, configuration, secrets),
    end: null,
    published: false,
  };
  await ports.records.create(newLink({ linkId, caller, reference: null, createdAt, launch }));
  return begunLogin(ports, configuration, { linkId, launch }, secrets, ehrLaunch);
}

function faultOf(launch: Launch, token: string, now: number): UnusableUrl | undefined {
  if (launch.kind !== "standalone") return "unknown";
  // The token of a spent URL is not known any more, so any token gets this answer.
  if (launch.tokenDigest === null) return "used";
  if (!isDigestOf(launch.tokenDigest, token)) return "unknown";
  return now < launch.expiresAt ? undefined : "expired";
}

/** The state begins with the link's id, by which the callback finds the link. */
function secretsFor({ newSecrets }: LoginPorts, linkId: string): LoginSecrets {
  const secrets = newSecrets();
  return { ...secrets, state: `${linkId}.${secrets.state}` };
}

function loginOf({ now }: LoginPorts, configuration: SmartConfiguration, secrets: LoginSecrets): Login {
  const { issuer, tokenUrl, jwksUrl, revocationUrl, namesIssuer } = configuration;
  return {
    stateDigest: digestOf(secrets.state),
    nonceDigest: digestOf(secrets.nonce),
    cookieDigest: digestOf(secrets.cookie),
    codeVerifier: secrets.codeVerifier,
    configuration: {
      issuer,
      tokenUrl: tokenUrl.href,
      jwksUrl: jwksUrl.href,
      revocationUrl: revocationUrl?.href ?? null,
      namesIssuer,
    },
    until: now() + loginMs,
    exchange: null,
  };
}

function begunLogin(
  { clientId, audience, redirectUrl }: LoginPorts,
  { authorizationUrl }: SmartConfiguration,
  { linkId, launch }: Pick<LinkRecord, "linkId" | "launch">,
  secrets: LoginSecrets,
  ehrLaunch?: string,
): BegunLogin {
  const { scopes } = launch;
  const request = { authorizationUrl, clientId, redirectUrl, scopes, audience, launch: ehrLaunch, secrets };
  const cookie = { name: cookieNameOf(linkId), value: secrets.cookie, maxAgeSeconds: loginMs / 1000 };
  return { redirectTo: authorizationRequestUrl(request), cookie };
}

/** Each login has a cookie of its own, so two logins in one browser do not disturb each other. */
export const cookieNameOf = (linkId: string): string => `__Host-${linkId}`;
