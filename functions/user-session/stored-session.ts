import type { UserSession } from "./session-refresh.ts";
import { parseSessionSecret, type StoredSecret } from "./session-secret.ts";

/**
 * The session whose client and first refresh token an operator stores as a secret.
 * @param readSecret throws SessionSecretUnusable if the secret has no value
 */
export function storedSession(id: string, readSecret: () => Promise<StoredSecret>): UserSession {
  return {
    id,
    readMaterial: async () => parseSessionSecret(await readSecret()),
    remedies: {
      "client-refused":
        "Check client_id, client_secret and auth_method in the session's secret, and store the secret again",
      "grant-refused":
        "Renew the session: sign in as its user, and store the new refresh token (npm run session -- add)",
    },
  };
}
