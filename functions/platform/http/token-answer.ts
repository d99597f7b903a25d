import { type HttpAnswer, type Refusal, readBody, refusalOf } from "./http.ts";
import { readJsonObject } from "./reading/json.ts";
import { readNumber } from "./reading/lenient-values.ts";

/** A token endpoint's answer, read as well as possible (RFC 6749, 5.1 and 5.2). */
export interface TokenAnswer {
  /** Undefined if the answer has no 2xx status, or no access token that can be sent in a header. */
  accessToken: string | undefined;
  /** Undefined if the answer has none. It is read from an answer of any status: it may be the only one that continues a session. */
  refreshToken: string | undefined;
  /** How long the access token counts as valid, in seconds, from 1 to a day. Undefined if the answer does not say. */
  lifetimeSeconds: number | undefined;
  scope: string | undefined;
  /** All members of a 2xx, as received: id_token and launch context (SMART App Launch). Empty if the body is no JSON object. */
  members: Readonly<Record<string, unknown>>;
  /** The members that say something that cannot be read. They count as unsaid, and the caller logs their names. */
  unreadable: string[];
  /** The answer as a refusal, for an answer without an access token. */
  refusal: Refusal;
  /** What an OAuth error refuses for good, whatever the status: the client or its request, or the grant. Undefined if nothing. */
  refused: "client" | "grant" | undefined;
}

const bodyLimit = 1024 * 1024;

/** The recommended lifetime (SMART Backend Services, "Issue Access Token"), for a lifetime that cannot be read or is not positive. */
const shortLifetimeSeconds = 300;
/** A token that is refused earlier is renewed then. */
const longestLifetimeSeconds = 86_400;

/** The final errors of RFC 6749, 5.2 and 4.1.2.1. Any other error is judged by the answer's status. */
const refusedBy = new Map<string | undefined, "client" | "grant">([
  ["invalid_client", "client"],
  ["unauthorized_client", "client"],
  ["invalid_request", "client"],
  ["unsupported_grant_type", "client"],
  ["invalid_scope", "client"],
  ["invalid_grant", "grant"],
  ["access_denied", "grant"],
]);

/** OAuth errors about the server's state, not about the request (RFC 6749, 4.1.2.1; token endpoints send them as well). */
export const temporaryErrors: ReadonlySet<string | undefined> = new Set([
  "server_error",
  "temporarily_unavailable",
  "slow_down",
]);

/**
 * Reads the answer of a token endpoint, with any status.
 * @param now the current time, in milliseconds since the epoch
 * @throws ServerUnavailable if the body of a 2xx cannot be read to its end
 */
export async function readTokenAnswer(answer: HttpAnswer, now: number): Promise<TokenAnswer> {
  const isSuccess = answer.status >= 200 && answer.status < 300;
  const body = await readBody(answer, bodyLimit).catch((error: unknown) => {
    if (isSuccess) throw error;
    return Buffer.alloc(0);
  });
  const json = readJsonObject(body) ?? {};
  const refusal = refusalOf(answer, body, now);
  const members = {
    access_token: headerToken(json["access_token"]),
    refresh_token: textOf(json["refresh_token"]),
    expires_in: wholeSeconds(json["expires_in"]),
    scope: scopeOf(json["scope"]),
  };
  return {
    accessToken: isSuccess ? members.access_token : undefined,
    refreshToken: members.refresh_token,
    lifetimeSeconds: json["expires_in"] === undefined ? undefined : (members.expires_in ?? shortLifetimeSeconds),
    scope: members.scope,
    unreadable: Object.entries(members)
      .filter(([name, value]) => value === undefined && (json[name] ?? undefined) !== undefined)
      .map(([name]) => name),
    members: isSuccess ? json : {},
    refusal,
    refused: refusedBy.get(refusal.oauthError),
  };
}

/** A text that says something. A list of one text stands for that text. */
function textOf(value: unknown): string | undefined {
  if (Array.isArray(value) && value.length === 1) return textOf(value[0]);
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

/** A token of printable ASCII characters (RFC 6749, A.12). No other text can stand in a header. */
function headerToken(value: unknown): string | undefined {
  const token = textOf(value)?.trim() ?? "";
  return /^[\x21-\x7e]+$/.test(token) ? token : undefined;
}

/** A lifetime of at least a second; undefined if there is none. */
function wholeSeconds(value: unknown): number | undefined {
  const seconds = Math.floor(readNumber(value) ?? 0);
  return seconds < 1 ? undefined : Math.min(seconds, longestLifetimeSeconds);
}

function scopeOf(value: unknown): string | undefined {
  if (!Array.isArray(value)) return textOf(value);
  return textOf(value.filter((word) => typeof word === "string").join(" "));
}
