import * as oauth from "oauth4webapi";
import type { ConsoleConfig } from "../../config.ts";

/** A token for the API, and what the console shows about its user. It is only ever in memory. */
export interface SignedIn {
  accessToken: string;
  /** Milliseconds since the epoch; undefined if the issuer does not say. */
  expiresAt: number | undefined;
  /** A name of the user, if the issuer says one. */
  user: string | undefined;
}

/** What a sign-in must remember while the browser is at the issuer. It has no token and no data of a patient. */
interface Begun {
  verifier: string;
  state: string;
  nonce: string;
  /** The place in the console to come back to. */
  place: string;
}

const storageKey = "integra-bridge-sign-in";

/** The console's own address, to which the issuer sends the browser back. Register it with the issuer. */
const redirectUri = (): string => `${location.origin}/`;

/** A local issuer has no TLS. On AWS the stage's settings and the Content-Security-Policy allow https only. */
const transport = ({ issuer }: ConsoleConfig) => ({ [oauth.allowInsecureRequests]: issuer.startsWith("http:") });

async function discover(config: ConsoleConfig): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(config.issuer);
  return await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, transport(config)));
}

/**
 * Sends the browser to the issuer: authorization code with PKCE (RFC 7636; OpenID Connect Core 1.0, 3.1).
 * @param place where the user comes back to in the console
 */
export async function beginSignIn(config: ConsoleConfig, place: string): Promise<void> {
  const server = await discover(config);
  if (server.authorization_endpoint === undefined) throw new Error("the issuer names no authorization endpoint");
  const begun: Begun = {
    verifier: oauth.generateRandomCodeVerifier(),
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    place,
  };
  const url = new URL(server.authorization_endpoint);
  const parameters = {
    ...config.parameters,
    response_type: "code",
    client_id: config.clientId,
    redirect_uri: redirectUri(),
    scope: config.scopes.join(" "),
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(begun.verifier),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  sessionStorage.setItem(storageKey, JSON.stringify(begun));
  location.assign(url);
}

/** Whether the browser has just come back from the issuer. */
export const cameBack = (): boolean => /[?&](code|error)=/.test(location.search);

/**
 * Exchanges the code with which the browser came back. The address then has neither the code nor an error any more.
 * @throws Error if this browser did not begin the sign-in, the user or the issuer refused it, or the answer is not valid
 */
export async function finishSignIn(config: ConsoleConfig): Promise<SignedIn> {
  const answer = new URL(location.href);
  const begun = takeBegun();
  history.replaceState(null, "", `/${begun?.place ?? ""}`);
  if (begun === undefined) throw new Error("This browser did not begin the sign-in.");
  const server = await discover(config);
  const client: oauth.Client = { client_id: config.clientId };
  const callback = oauth.validateAuthResponse(server, client, answer, begun.state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    callback,
    redirectUri(),
    begun.verifier,
    transport(config),
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: begun.nonce,
    requireIdToken: config.scopes.includes("openid"),
  });
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  const user = [claims?.["name"], claims?.["preferred_username"], claims?.["email"], claims?.sub].find(isText);
  return {
    accessToken: tokens.access_token,
    expiresAt: tokens.expires_in === undefined ? undefined : Date.now() + tokens.expires_in * 1000,
    user,
  };
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

/** Each sign-in can be finished once. */
function takeBegun(): Begun | undefined {
  const stored = sessionStorage.getItem(storageKey);
  sessionStorage.removeItem(storageKey);
  return stored === null ? undefined : (JSON.parse(stored) as Begun);
}
