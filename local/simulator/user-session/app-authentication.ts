import { AssertionRefused } from "#local/simulator/oauth/client-assertion.ts";
import { isSameSecret } from "#local/simulator/oauth/secret-comparison.ts";
import type { SimulatorState } from "#local/simulator/simulator-state.ts";
import type { RegisteredApp } from "#local/simulator/user-api-options.ts";

/** The authenticated app, or the OAuth error with the reason of the refusal. */
export type AppCheck =
  | { readonly app: RegisteredApp }
  | { readonly error: "invalid_client" | "invalid_request"; readonly refusal: string };

/** What a check of an app needs of the simulator. */
type Registrations = Pick<SimulatorState, "apps" | "appAssertions" | "settings" | "secrets">;

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/**
 * Authenticates the app of a request by its registered method (guide: "SMART on FHIR"): client_secret_basic,
 * client_secret_post (RFC 6749 2.3.1), private_key_jwt (SMART "Authenticating to the Token endpoint"), or none. `audiences`: the
 * URLs that an assertion may be made for.
 */
export async function authenticateApp(
  registrations: Registrations,
  authorization: string | undefined,
  form: URLSearchParams,
  audiences: readonly string[],
): Promise<AppCheck> {
  const { apps, settings } = registrations;
  const basic = authorization === undefined ? null : basicCredentials(authorization, settings.basicCredentials);
  if (authorization !== undefined && basic === null) {
    return { error: "invalid_client", refusal: "the Authorization header is not Basic with an id and a secret" };
  }
  const hasAssertion = form.has("client_assertion") || form.has("client_assertion_type");
  if ([basic !== null, form.has("client_secret"), hasAssertion].filter(Boolean).length > 1) {
    return { error: "invalid_request", refusal: "the client authenticates in two ways at once" };
  }
  if (hasAssertion) return checkAssertion(registrations, form, audiences);
  const clientId = basic?.id ?? form.get("client_id");
  if (clientId === null) return { error: "invalid_client", refusal: "there is no client id" };
  if (basic !== null && (form.get("client_id") ?? clientId) !== clientId) {
    return { error: "invalid_request", refusal: "client_id is not the one of the Authorization header" };
  }
  const app = apps.get(clientId);
  if (app === undefined) return { error: "invalid_client", refusal: "the client is not registered" };
  const method = basic !== null ? "client_secret_basic" : form.has("client_secret") ? "client_secret_post" : "none";
  if (method !== app.authMethod) return wrongMethod(method, app);
  const secret = basic?.secret ?? form.get("client_secret") ?? "";
  if (method !== "none" && !isSameSecret(secret, app.clientSecret ?? "")) {
    return { error: "invalid_client", refusal: "the client secret is wrong" };
  }
  return { app };
}

async function checkAssertion(
  { appAssertions, secrets }: Registrations,
  form: URLSearchParams,
  audiences: readonly string[],
): Promise<AppCheck> {
  const assertion = form.get("client_assertion") ?? "";
  secrets.assertions.push(assertion);
  if (form.get("client_assertion_type") !== ASSERTION_TYPE) {
    return { error: "invalid_client", refusal: `client_assertion_type is not ${ASSERTION_TYPE}` };
  }
  try {
    const app = await appAssertions.verify(assertion, ...audiences);
    if (app.authMethod !== "private_key_jwt") return wrongMethod("private_key_jwt", app);
    if ((form.get("client_id") ?? app.clientId) === app.clientId) return { app };
    return { error: "invalid_client", refusal: "client_id is not the iss of the assertion" };
  } catch (error) {
    if (!(error instanceof AssertionRefused)) throw error;
    return { error: "invalid_client", refusal: error.message };
  }
}

function wrongMethod(method: string, { authMethod }: RegisteredApp): AppCheck {
  return { error: "invalid_client", refusal: `the client used ${method}, but is registered for ${authMethod}` };
}

/** Id and secret are form-encoded each before they are joined and encoded in Base64 (RFC 6749 2.3.1), unless they are raw. */
function basicCredentials(authorization: string, form: "form-encoded" | "raw"): { id: string; secret: string } | null {
  const encoded = /^Basic +(\S+) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon === -1) return null;
  const [id, secret] = [text.slice(0, colon), text.slice(colon + 1)];
  return form === "raw" ? { id, secret } : { id: formDecoded(id), secret: formDecoded(secret) };
}

function formDecoded(text: string): string {
  return new URLSearchParams(`value=${text.replaceAll("&", "%26")}`).get("value") ?? "";
}
