import * as z from "zod";
import { clientAssertion } from "#platform/client-key/client-assertion.ts";
import { parseClientKeys } from "#platform/client-key/client-secret.ts";
import { kmsKeys } from "#platform/client-key/kms-keys.ts";
import { type KmsKeys, type SigningKey, signingKey } from "#platform/client-key/signing-key.ts";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { environment } from "#platform/lambda/environment.ts";
import { secretReader } from "#platform/lambda/secret-reader.ts";
import { SessionSecretUnusable } from "#user-session/language/session-faults.ts";
import { type OAuthClient, type SmartClient, smartClientSecret } from "#user-session/language/user-session.ts";
import { clientOf, parseSecret } from "../session-secret.ts";

const variables = z.object({
  SMART_CLIENT_SECRET: z.string().min(1),
  /** The secret with the keys of the stage's client. Absent unless the setting `smart.privateKeyJwt` is true. */
  SMART_KEY_SECRET: z.string().min(1).optional(),
});

export interface SmartClientPorts {
  /** The current key of the stage's client. */
  readKey: () => Promise<SigningKey>;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Reads the client by which the bridge is registered for SMART launches. With `private_key_jwt` it signs each assertion with the key
 * that is current at that moment, for the token endpoint that gets it.
 * @throws SessionSecretUnusable that names each missing or malformed field, never a value
 */
export function parseSmartClient(text: string, { readKey, now }: SmartClientPorts): OAuthClient {
  const { auth_method, ...secret } = parseSecret(text, smartClientSecret, "the secret of the SMART client");
  if (auth_method !== "private_key_jwt") return clientOf({ ...secret, auth_method });
  const clientId = secret.client_id;
  const signAssertion = async (audience: URL): Promise<string> =>
    clientAssertion({ clientId, signing: await readKey() }, audience.href, now());
  return { id: clientId, authentication: { method: "private_key_jwt", signAssertion } };
}

/**
 * The current key of the stage's client, with which the SMART client signs.
 * @param readSecret reads the text of the client's secret; undefined if it has no value
 * @throws SessionSecretUnusable if the secret has no usable key
 */
export async function smartSigningKey(
  readSecret: () => Promise<string | undefined>,
  kms: Pick<KmsKeys, "sign">,
): Promise<SigningKey> {
  const text = await readSecret();
  try {
    if (text !== undefined) return signingKey(parseClientKeys(text).current, kms);
  } catch (cause) {
    if (!(cause instanceof ClientKeyUnusable)) throw cause;
    throw new SessionSecretUnusable(`the SMART client has no key for private_key_jwt: ${cause.message}`, { cause });
  }
  throw new SessionSecretUnusable(
    "the SMART client has no key for private_key_jwt: create the keys of the stage's client (npm run keys -- create)",
  );
}

/**
 * The reader of the SMART client's secret, from the function's environment. It reads the secret at each call, so a new version
 * counts at once. A rotated key counts at the next assertion.
 * @throws SessionSecretUnusable, from the returned function, if the secret has no value or cannot be used
 */
export function smartClientFromEnvironment(): () => Promise<SmartClient> {
  const { SMART_CLIENT_SECRET: name, SMART_KEY_SECRET: keyName } = environment(variables);
  const read = secretReader(name);
  const readKeySecret = keyName === undefined ? undefined : secretReader(keyName);
  const kms = kmsKeys();
  const readKey = async (): Promise<SigningKey> => {
    if (readKeySecret !== undefined) return await smartSigningKey(async () => (await readKeySecret())?.text, kms);
    throw new SessionSecretUnusable(
      "the SMART client cannot authenticate with private_key_jwt: set smart.privateKeyJwt to true and deploy",
    );
  };
  return async () => {
    const stored = await read();
    if (stored !== undefined)
      return { ...parseSmartClient(stored.text, { readKey, now: Date.now }), storedAt: stored.putAt };
    throw new SessionSecretUnusable(
      `the secret ${name} of the SMART client has no value: store it (npm run session -- add-client)`,
    );
  };
}
