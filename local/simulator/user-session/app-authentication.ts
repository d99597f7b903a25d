import { timingSafeEqual } from "node:crypto";
import type { RegisteredApp } from "#local/simulator/user-api-options.ts";

/** The authenticated app, or the OAuth error with the reason of the refusal. */
export type AppCheck =
  | { readonly app: RegisteredApp }
  | { readonly error: "invalid_client" | "invalid_request"; readonly refusal: string };

/**
 * Authenticates the app of a token request by its registered method (guide: "SMART on FHIR"):
 * client_secret_basic, client_secret_post (RFC 6749 2.3.1), or none.
 */
export function authenticateApp(
  apps: ReadonlyMap<string, RegisteredApp>,
  authorization: string | undefined,
  form: URLSearchParams,
): AppCheck {
  const basic = authorization === undefined ? null : basicCredentials(authorization);
  if (authorization !== undefined && basic === null) {
    return { error: "invalid_client", refusal: "the Authorization header is not Basic with an id and a secret" };
  }
  if (basic !== null && form.has("client_secret")) {
    return { error: "invalid_request", refusal: "the client authenticates in two ways at once" };
  }
  const clientId = basic?.id ?? form.get("client_id");
  if (clientId === null) return { error: "invalid_client", refusal: "there is no client id" };
  if (basic !== null && (form.get("client_id") ?? clientId) !== clientId) {
    return { error: "invalid_request", refusal: "client_id is not the one of the Authorization header" };
  }
  const app = apps.get(clientId);
  if (app === undefined) return { error: "invalid_client", refusal: "the client is not registered" };
  const method = basic !== null ? "client_secret_basic" : form.has("client_secret") ? "client_secret_post" : "none";
  if (method !== app.authMethod) {
    return { error: "invalid_client", refusal: `the client used ${method}, but is registered for ${app.authMethod}` };
  }
  const secret = basic?.secret ?? form.get("client_secret") ?? "";
  if (method !== "none" && !isEqual(secret, app.clientSecret ?? "")) {
    return { error: "invalid_client", refusal: "the client secret is wrong" };
  }
  return { app };
}

/** Id and secret are form-encoded each before they are joined and encoded in Base64 (RFC 6749 2.3.1). */
function basicCredentials(authorization: string): { id: string; secret: string } | null {
  const encoded = /^Basic +(\S+) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon === -1) return null;
  return { id: formDecoded(text.slice(0, colon)), secret: formDecoded(text.slice(colon + 1)) };
}

function formDecoded(text: string): string {
  return new URLSearchParams(`value=${text.replaceAll("&", "%26")}`).get("value") ?? "";
}

function isEqual(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return expected !== "" && one.length === other.length && timingSafeEqual(one, other);
}
