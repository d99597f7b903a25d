import type { LinkedPerson } from "#user-session/language/link.ts";
import { SessionDead } from "#user-session/language/session-faults.ts";
import type { SmartClient, UserSessionStore } from "#user-session/language/user-session.ts";
import type { UserSession } from "../session-refresh.ts";
import { seedDigestOf } from "../session-secret.ts";

/**
 * The session of a link. Its chain began with the refresh token of the launch, which only the ledger has, and its client is the stage's
 * SMART client. A server that refuses the client says nothing about the refresh token (RFC 6749, 5.2), so the session goes on
 * once a newer version of the client's secret is stored. A refused refresh token stays refused, whatever the client is.
 * @param readClient throws SessionSecretUnusable if the client's secret cannot be used
 */
export function linkedSession(
  { sessionId }: Pick<LinkedPerson, "sessionId">,
  readClient: () => Promise<SmartClient>,
): UserSession {
  return {
    id: sessionId,
    readMaterial: async (record) => {
      if (record === undefined)
        throw new SessionDead("the session of this link was removed. Connect the link again", {
          refusal: "grant-refused",
        });
      const client = await readClient();
      const { seedDigest: digest, secretPutAt, refreshToken, end } = record;
      const putAt = end?.refusal === "grant-refused" ? secretPutAt : Math.max(secretPutAt, client.storedAt);
      return { client, seed: { digest, putAt, refreshToken } };
    },
    remedies: {
      "client-refused":
        "Check client_id, client_secret and auth_method in the secret of the SMART client, and store the secret again",
      "grant-refused": "Connect the link again: its user has to sign in once more",
    },
  };
}

/** Begins the chain of a link's session with the refresh token of its launch. */
export async function beginLinkedSession(
  store: Pick<UserSessionStore, "beginChain">,
  sessionId: string,
  refreshToken: string,
  now: number,
): Promise<void> {
  await store.beginChain(sessionId, { digest: seedDigestOf(refreshToken), putAt: now, refreshToken });
}
