import { createHash, randomBytes } from "node:crypto";
import * as z from "zod";
import type { SimulatorOptions } from "#local/simulator/options.ts";
import { type Simulator, startSimulator } from "#local/simulator/simulator.ts";
import { SYNTHETIC_PASSWORD } from "#local/simulator/smart/synthetic-users.ts";
import { choicesOf, SmallBrowser, type View } from "#local/small-browser.ts";

export const REDIRECT_URI = "https://app.example/callback?tenant=1";
export const LAUNCH_URL = "https://app.example/launch";
export const SCOPES = "openid fhirUser offline_access launch/patient patient/*.rs";
const common = { redirectUris: [REDIRECT_URI], launchUrl: LAUNCH_URL } as const;
export const POST_APP = {
  ...common,
  clientId: "post-app",
  authMethod: "client_secret_post",
  clientSecret: "s3cret",
} as const;
export const PUBLIC_APP = { ...common, clientId: "public-app", authMethod: "none" } as const;

const endpointsSchema = z.object({
  issuer: z.url(),
  jwks_uri: z.url(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  revocation_endpoint: z.url(),
});

/** The members of a token answer that tests read. */
export const tokensSchema = z.looseObject({
  access_token: z.string(),
  expires_in: z.number(),
  scope: z.string(),
  token_type: z.literal("bearer"),
  id_token: z.string().optional(),
  refresh_token: z.string().optional(),
  patient: z.string().optional(),
});
export type Tokens = z.infer<typeof tokensSchema>;

/** A launch in progress: its page or redirect, and the verifier of its authorization request. */
export interface Launch {
  readonly view: View;
  readonly verifier: string;
}

/** Starts a simulator with an app for each way of authentication that needs no key. */
export function startSmartSimulator(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  return startSimulator({ clients: [], patients: 10, apps: [POST_APP, PUBLIC_APP], ...options });
}

/** The endpoints of the discovery document. */
export async function discover(simulator: Simulator): Promise<z.infer<typeof endpointsSchema>> {
  const answer = await fetch(`${simulator.fhirBaseUrl}/.well-known/smart-configuration`);
  return endpointsSchema.parse(await answer.json());
}

/** The URL of an authorization request. `changes` replaces parameters, null removes them, a list repeats them. */
export async function authorizationUrl(
  simulator: Simulator,
  changes: Record<string, string | readonly string[] | null> = {},
  verifier = newVerifier(),
): Promise<URL> {
  const url = new URL((await discover(simulator)).authorization_endpoint);
  const parameters = {
    response_type: "code",
    client_id: POST_APP.clientId,
    redirect_uri: REDIRECT_URI,
    scope: SCOPES,
    state: "state-of-the-app",
    nonce: "nonce-of-the-app",
    aud: simulator.fhirBaseUrl,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...changes,
  };
  for (const [name, values] of Object.entries(parameters)) {
    for (const value of [values ?? []].flat()) url.searchParams.append(name, value);
  }
  return url;
}

/** Opens a URL without cookies, and follows no redirect. */
export const open = (url: string | URL, init?: RequestInit): Promise<View> => new SmallBrowser().open(url, init);

/** Fills in the page's form and submits it. `fields` replaces the values that the page sets; a list is a group of boxes. */
export const submit: SmallBrowser["submit"] = (view, fields) => new SmallBrowser().submit(view, fields);

/** Begins a standalone launch and signs the user in. The view is the next page. */
export async function signIn(
  simulator: Simulator,
  userId: string,
  changes: Record<string, string | null> = {},
): Promise<Launch> {
  const verifier = newVerifier();
  const page = await open(await authorizationUrl(simulator, changes, verifier));
  const view = await submit(page, { username: userId, password: SYNTHETIC_PASSWORD });
  return { view, verifier };
}

/** Goes on to the callback: chooses the first patient if there is a choice, and allows everything. */
export async function allow({ view, verifier }: Launch): Promise<Launch> {
  const [patient] = choicesOf(view, "patient");
  const consent = patient === undefined ? view : await submit(view, { patient });
  return { view: await submit(consent, { decision: "allow" }), verifier };
}

/** The form of a code exchange for POST_APP. */
export function exchangeForm({ view, verifier }: Launch): Record<string, string> {
  return {
    grant_type: "authorization_code",
    code: view.location?.searchParams.get("code") ?? "",
    redirect_uri: REDIRECT_URI,
    code_verifier: verifier,
    client_id: POST_APP.clientId,
    client_secret: POST_APP.clientSecret,
  };
}

/** Posts a form to the token endpoint. */
export async function postToken(
  simulator: Simulator,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const { token_endpoint } = await discover(simulator);
  const answer = await fetch(token_endpoint, { method: "POST", headers, body: new URLSearchParams(form) });
  return {
    status: answer.status,
    headers: answer.headers,
    body: z.record(z.string(), z.unknown()).parse(await answer.json()),
  };
}

/** A whole standalone launch of POST_APP by a user. */
export async function launch(
  simulator: Simulator,
  userId: string,
  changes: Record<string, string | null> = {},
): Promise<Tokens> {
  const allowed = await allow(await signIn(simulator, userId, changes));
  return tokensSchema.parse((await postToken(simulator, exchangeForm(allowed))).body);
}

/** The answer to a refresh by POST_APP. */
export function refresh(
  simulator: Simulator,
  refreshToken: string | undefined,
  more: Record<string, string> = {},
): ReturnType<typeof postToken> {
  return postToken(simulator, {
    grant_type: "refresh_token",
    refresh_token: refreshToken ?? "",
    client_id: POST_APP.clientId,
    client_secret: POST_APP.clientSecret,
    ...more,
  });
}

/** Status of a FHIR request, below the FHIR base. */
export async function fhirStatus(simulator: Simulator, token: string, target: string): Promise<number> {
  return (await fhir(simulator, token, target)).status;
}

/** A FHIR request, below the FHIR base. */
export function fhir(simulator: Simulator, token: string, target: string): Promise<Response> {
  return fetch(`${simulator.fhirBaseUrl}/${target}`, { headers: { authorization: `Bearer ${token}` } });
}

/** A fresh verifier of PKCE. */
export function newVerifier(): string {
  return randomBytes(32).toString("base64url");
}
