import type { ApiRequest } from "#on-demand-api/gateway/api.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import { idempotencyKey } from "#on-demand-api/language/ccd-request-messages.ts";
import { type LinkBody, linkBody } from "#on-demand-api/language/link-messages.ts";
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
  const parsed = linkBody.safeParse(parseJson(bytes));
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => [path.join("."), message].filter(Boolean).join(" "));
    throw badRequest("The body is invalid", faults);
  }
  const body = parsed.data;
  const faults = settingsFaults(body, settings);
  if (faults.length > 0) throw badRequest("The body is invalid", faults);
  const scopes = body.scopes ?? settings.scopes;
  const key = headers["idempotency-key"];
  if (key === undefined) return { body, scopes, key, callDigest: null };
  if (!idempotencyKey.safeParse(key).success)
    throw badRequest("The Idempotency-Key is invalid", ["It must be 1 to 255 visible ASCII characters."]);
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

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    // The parser's message quotes the body.
    throw badRequest("The body is not JSON", ["Send a JSON object."]);
  }
}

const badRequest = (title: string, detail: readonly string[]): ApiProblem =>
  new ApiProblem(title, { status: 400, issue: "invalid", detail });
