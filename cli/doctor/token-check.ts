import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { AccessRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { type Finding, failed, ok, unchecked, warning } from "#platform/findings/findings.ts";
import { LaunchFailed } from "#user-session/language/launch-faults.ts";
import type { SmartConfiguration } from "#user-session/smart/smart-configuration.ts";

export interface BackendTokenPorts {
  stage: string;
  tokenUrl: URL;
  /** Requests an access token as an export does, and drops it. Throws what `BackendToken.current` throws. */
  requestToken: () => Promise<void>;
  /** Whether the stage calls the server from fixed addresses, which this machine does not have. */
  fixedEgress: boolean;
}

export interface SignInPorts {
  /** Reads how people sign in. Throws what `readSmartConfiguration` throws. */
  readSmartConfiguration: () => Promise<Pick<SmartConfiguration, "authorizationUrl" | "tokenUrl" | "revocationUrl">>;
  /** Whether the stage has a client of SMART launches. Without one, nobody signs in. */
  hasSmartClient: () => Promise<boolean>;
}

/** The server issues an access token for our client assertion. */
export const checkBackendToken =
  ({ stage, tokenUrl, requestToken, fixedEgress }: BackendTokenPorts) =>
  async (): Promise<Finding> => {
    const place = `${tokenUrl.origin}${tokenUrl.pathname}`;
    try {
      await requestToken();
      return ok(`${place} issued an access token for a client assertion`);
    } catch (error) {
      if (error instanceof AccessRefused)
        return failed(
          `${place}: ${error.message}`,
          `compare npm run keys -- list --stage ${stage} with the keys that Product Support sees, then the client id and the scope`,
        );
      if (error instanceof ClientKeyUnusable) return failed(error.message, "follow the lines secrets and keys");
      if (!(error instanceof ServerUnavailable)) throw error;
      if (fixedEgress)
        return unchecked(
          `${place} issued no token to this machine: ${error.message}`,
          `the server may admit the stage's own addresses only: run npm run smoke -- --stage ${stage} with --export`,
        );
      return failed(`${place}: ${error.message}`, "check the setting integra.tokenUrl, and the server's status");
    }
  };

/** The server says how people sign in, and its endpoints are where the settings allow them. */
export const checkSignIn =
  ({ readSmartConfiguration, hasSmartClient }: SignInPorts) =>
  async (): Promise<Finding> => {
    try {
      const { authorizationUrl, tokenUrl, revocationUrl } = await readSmartConfiguration();
      const revocation = revocationUrl === undefined ? "and offers no revocation" : "and revokes sessions";
      return ok(`people sign in at ${authorizationUrl.origin}; ${tokenUrl.origin} issues their tokens, ${revocation}`);
    } catch (error) {
      if (!(error instanceof LaunchFailed || error instanceof ServerUnavailable)) throw error;
      const action = "check the settings integra.fhirUrl and smart.authorizationOrigins, and ask Product Support";
      if (await hasSmartClient()) return failed(`nobody can be linked: ${error.message}`, action);
      return warning(`users could not be linked: ${error.message}`, `to link users, ${action}`);
    }
  };
