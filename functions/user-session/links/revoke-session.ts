import { describeError } from "#platform/faults/describe-error.ts";
import { OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import type { Http } from "#platform/http/http.ts";
import { isOfOrigin, placeOf } from "#platform/http/trusted-origins.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { LinkedPerson, RevocationResult } from "#user-session/language/link.ts";
import type { SessionLogCode } from "#user-session/language/log-codes.ts";
import { SessionDead, SessionSecretUnusable } from "#user-session/language/session-faults.ts";
import type { OAuthClient } from "#user-session/language/user-session.ts";
import { revokeToken } from "../token-endpoint.ts";

export interface RevokeSessionPorts {
  http: Http;
  server: { signInOrigins: ReadonlySet<string> };
  /** @throws SessionSecretUnusable if the client's secret cannot be used */
  readClient: () => Promise<OAuthClient>;
  log: Log<SessionLogCode>;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Asks the server to revoke a refresh token. It reports a failure in the log, and throws nothing that the server can cause. */
export type RevokeSession = (
  place: Pick<LinkedPerson, "tokenUrl" | "revocationUrl">,
  refreshToken: string,
) => Promise<Exclude<RevocationResult, "nothing-to-revoke" | "not-asked">>;

export const revokeSession =
  (ports: RevokeSessionPorts): RevokeSession =>
  async ({ tokenUrl, revocationUrl }, refreshToken) => {
    if (revocationUrl === null) return "not-offered";
    try {
      const url = new URL(revocationUrl);
      // The setting may have changed since the launch. The token goes to configured origins only.
      if (!isOfOrigin(ports.server.signInOrigins, url))
        throw new OriginRefused(`the revocation endpoint is on ${placeOf(url)}, which is not configured any more`);
      const server = { tokenUrl: new URL(tokenUrl) };
      await revokeToken({ http: ports.http, now: ports.now, server }, await ports.readClient(), url, refreshToken);
      return "revoked";
    } catch (error) {
      if (
        ![SessionDead, SessionSecretUnusable, ServerUnavailable, OriginRefused].some((fault) => error instanceof fault)
      )
        throw error;
      ports.log.warn("LINK_TOKEN_UNREVOKED", { reason: describeError(error) });
      return "failed";
    }
  };
