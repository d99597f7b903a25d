import type { ApiRequest } from "#on-demand-api/gateway/api.ts";
import { type LinkBody, linkBody } from "#on-demand-api/language/link-messages.ts";
import { badRequest, readBody, readIdempotencyKey } from "#on-demand-api/language/posted-body.ts";
import { digestOf } from "#user-session/language/digest.ts";
import type { SmartSettings } from "#user-session/language/smart-settings.ts";

/** A valid POST to /links. */
export interface LinkPost {
  body: LinkBody;
  scopes: string[];
  /** Undefined if the caller cannot repeat the POST. */
  key: string | undefined;
  /** By it a repeated POST is recognised; null if it cannot be repeated. */
  callDigest: string | null;
}

/**
 * Reads a POST to /links.
 * @throws ApiProblem (400) that names every fault of the body, or the fault of the Idempotency-Key
 */
export function readLinkPost(
  { headers, body: bytes }: Pick<ApiRequest, "headers" | "body">,
  settings: Pick<SmartSettings, "scopes" | "returnUrls">,
): LinkPost {
  const body = readBody(bytes, linkBody);
  const faults = settingsFaults(body, settings);
  if (faults.length > 0) throw badRequest("The body is invalid", faults);
  const scopes = body.scopes ?? settings.scopes;
  const key = readIdempotencyKey(headers);
  if (key === undefined) return { body, scopes, key, callDigest: null };
  return { body, scopes, key, callDigest: digestOf(JSON.stringify([key, body])) };
}

function settingsFaults(
  { scopes = [], returnUrl, reconnect, reference }: LinkBody,
  settings: Pick<SmartSettings, "scopes" | "returnUrls">,
): string[] {
  const foreign = scopes.filter((scope) => !settings.scopes.includes(scope));
  return [
    ...(foreign.length > 0 ? [`scopes has ${foreign.join(", ")}, which the setting smart.scopes does not have`] : []),
    ...(returnUrl !== undefined && !settings.returnUrls.includes(returnUrl)
      ? ["returnUrl is none of the setting smart.returnUrls, character by character"]
      : []),
    ...(reconnect !== undefined && reference !== undefined
      ? ["reference belongs to a new link: reconnect keeps it"]
      : []),
  ];
}
