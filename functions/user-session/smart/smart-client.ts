import * as z from "zod";
import { environment } from "#platform/lambda/environment.ts";
import { secretReader } from "#platform/lambda/secret-reader.ts";
import { SessionSecretUnusable } from "#user-session/language/session-faults.ts";
import { type OAuthClient, smartClientSecret } from "#user-session/language/user-session.ts";
import { clientOf, parseSecret } from "../session-secret.ts";

const variables = z.object({ SMART_CLIENT_SECRET: z.string().min(1) });

/**
 * Reads the client by which the bridge is registered for SMART launches.
 * @throws SessionSecretUnusable that names each missing or malformed field, never a value
 */
export function parseSmartClient(text: string): OAuthClient {
  return clientOf(parseSecret(text, smartClientSecret, "the secret of the SMART client"));
}

/**
 * The reader of the SMART client's secret, from the function's environment. It reads the secret at each call, so a new version
 * counts at once.
 * @throws SessionSecretUnusable, from the returned function, if the secret has no value or cannot be used
 */
export function smartClientFromEnvironment(): () => Promise<OAuthClient> {
  const { SMART_CLIENT_SECRET: name } = environment(variables);
  const read = secretReader(name);
  return async () => {
    const stored = await read();
    if (stored !== undefined) return parseSmartClient(stored.text);
    throw new SessionSecretUnusable(
      `the secret ${name} of the SMART client has no value: store it (npm run session -- add-client)`,
    );
  };
}
