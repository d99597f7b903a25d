import { accessDenied, badRequest, type Reply, tomcatPage } from "#local/simulator/http/http-reply.ts";
import type { RequestContext } from "#local/simulator/simulator-state.ts";
import { checkUserToken, type UserAccess } from "#local/simulator/user-session/user-authorization.ts";

const DEVICE_HEADERS = [
  "deviceBrand",
  "deviceModel",
  "deviceScreenResolution",
  "deviceOs",
  "deviceOsVersion",
  "deviceNetworkProvider",
  "deviceNetworkType",
] as const;

/** The guide has both spellings: with an i in "Kick-off Request", without it in "Generate a nonce token". */
export type VersionHeader = "appVersion" | "appVerson";

/** The access and the JSON object of a request, or the reply that refuses it. */
export type PortalRequest =
  | { readonly access: UserAccess; readonly body: Readonly<Record<string, unknown>> }
  | { readonly reply: Reply };

/** Reads the common parts of the guide's two POST requests: method, token, headers and a JSON object. */
export function readPortalRequest(context: RequestContext, versionHeader: VersionHeader): PortalRequest {
  const { state, request } = context;
  if (request.method !== "POST") {
    return { reply: tomcatPage(405, "Method Not Allowed", "Use POST.", "not a POST") };
  }
  const check = checkUserToken(context);
  if ("refusal" in check) return { reply: accessDenied(check.refusal) };
  if (state.settings.ccdHeaders === "as-printed") {
    const wrong = wrongHeader(context, versionHeader);
    if (wrong !== null) return { reply: badRequest(wrong) };
  }
  const body = jsonObject(context.body);
  return body === null ? { reply: badRequest("the body is not a JSON object") } : { access: check, body };
}

function wrongHeader({ request: { headers } }: RequestContext, versionHeader: VersionHeader): string | null {
  if (!/^application\/json *(;|$)/i.test(headers["content-type"] ?? "")) return "content-type is not application/json";
  if (headers["api-info"] !== "V1") return "api-info is not V1";
  const missing = [versionHeader, ...DEVICE_HEADERS].filter((name) => !headers[name.toLowerCase()]);
  return missing.length === 0 ? null : `missing headers: ${missing.join(", ")}`;
}

function jsonObject(body: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
