import type { LinkRecord } from "#user-session/language/link.ts";
import type { OAuthClient } from "#user-session/language/user-session.ts";
import { type Callback, readCallback } from "../smart/callback.ts";
import type { LaunchedLogin, LaunchOutcome } from "../smart/exchange-launch-code.ts";
import { isConfiguredServer } from "../smart/launch-context.ts";
import {
  type BegunLogin,
  beginEhrLogin,
  beginLogin,
  cookieNameOf,
  findInvitation,
  type LoginPorts,
  type UnusableUrl,
} from "./begin-login.ts";
import { type CallbackPorts, type FinishedLogin, finishLogin } from "./finish-login.ts";

export interface LoginsPorts
  extends Omit<LoginPorts, "clientId" | "records" | "now">,
    Omit<CallbackPorts, "exchange" | "records"> {
  records: LoginPorts["records"];
  /** The FHIR base URL, with a slash at its end. */
  fhirUrl: URL;
  /** @throws SessionSecretUnusable if the client's secret cannot be used */
  readClient: () => Promise<OAuthClient>;
  /** @param tokenUrl the token endpoint that the server named when the login began */
  exchange: (tokenUrl: URL, login: LaunchedLogin) => Promise<LaunchOutcome>;
}

/** The logins of a stage, for the pages that browsers see. */
export interface Logins {
  /** Looks a one-time URL up, and changes nothing. */
  find(linkId: string, token: string): Promise<LinkRecord | UnusableUrl>;
  /** @throws LaunchFailed, ServerUnavailable, SessionSecretUnusable. Nothing is spent then */
  begin(linkId: string, token: string): Promise<BegunLogin | UnusableUrl>;
  /** Whether an EHR's `iss` is the stage's own server. */
  isConfiguredServer(iss: string): boolean;
  /** @throws LaunchFailed, ServerUnavailable, SessionSecretUnusable */
  beginEhr(link: Parameters<typeof beginEhrLogin>[1], ehrLaunch: string): Promise<BegunLogin>;
  readCallback(query: string): Callback;
  /**
   * Finishes a login with the form of a callback.
   * @param cookie the value of a cookie; undefined if the browser sent none, or several of this name
   * @throws SessionSecretUnusable. Nothing is spent then
   */
  finish(form: string, cookie: (name: string) => string | undefined): Promise<FinishedLogin>;
  cookieName(linkId: string): string;
}

export function logins(ports: LoginsPorts): Logins {
  const { fhirUrl, redirectUrl, readClient } = ports;
  return {
    find: (linkId, token) => findInvitation(ports, linkId, token),
    begin: async (linkId, token) => {
      // A URL that cannot be used sends nothing to the server.
      const found = await findInvitation(ports, linkId, token);
      if (typeof found === "string") return found;
      const { id: clientId } = await readClient();
      return await beginLogin({ ...ports, clientId }, linkId, token);
    },
    isConfiguredServer: (iss) => isConfiguredServer(iss, fhirUrl),
    beginEhr: async (link, ehrLaunch) => {
      const { id: clientId } = await readClient();
      return await beginEhrLogin({ ...ports, clientId }, link, ehrLaunch);
    },
    readCallback,
    finish: async (form, cookie) => {
      const callback = readCallback(form);
      // If the client's secret cannot be used, the state must not be spent.
      const client = callback.kind === "code" ? await readClient() : undefined;
      const exchange: CallbackPorts["exchange"] = async ({ launch: { login, scopes }, code }) => {
        if (login === null || client === undefined) throw new Error("a code is exchanged for a login, by a client");
        const { issuer, jwksUrl, tokenUrl } = login.configuration;
        return await ports.exchange(new URL(tokenUrl), {
          client,
          code: { code, redirectUri: redirectUrl, codeVerifier: login.codeVerifier },
          configuration: { issuer, jwksUrl: new URL(jwksUrl) },
          fhirUrl,
          requestedScopes: scopes,
          nonceDigest: login.nonceDigest,
        });
      };
      return await finishLogin({ ...ports, exchange }, callback, (linkId) => cookie(cookieNameOf(linkId)));
    },
    cookieName: cookieNameOf,
  };
}
