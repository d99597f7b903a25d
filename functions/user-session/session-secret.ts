import { createHash } from "node:crypto";
import { SessionSecretUnusable } from "#user-session/language/session-faults.ts";
import {
  type OAuthClient,
  type SessionSecret,
  type SessionSeed,
  sessionSecret,
} from "#user-session/language/user-session.ts";

/** The current text of a session's secret, and when that version was stored (milliseconds since the epoch). */
export interface StoredSecret {
  text: string;
  putAt: number;
}

/** The content of a session's secret, ready for use. */
export interface SessionMaterial {
  client: OAuthClient;
  seed: SessionSeed;
}

/**
 * Reads a session's client and first refresh token from the text of its secret.
 * @throws SessionSecretUnusable that names each missing or malformed field, never a value
 */
export function parseSessionSecret({ text, putAt }: StoredSecret): SessionMaterial {
  const parsed = sessionSecret.safeParse(parseJson(text));
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "the secret"} ${message}`);
    throw new SessionSecretUnusable(`the session's secret cannot be used: ${faults.join("; ")}`);
  }
  const { refresh_token: refreshToken } = parsed.data;
  return { client: clientOf(parsed.data), seed: { digest: digestOf(refreshToken), putAt, refreshToken } };
}

/** The client that a session's secret describes. */
export function clientOf({ client_id: id, client_secret: secret, auth_method: method }: SessionSecret): OAuthClient {
  return { id, authentication: method === "none" || secret === undefined ? { method: "none" } : { method, secret } };
}

/** Distinguishes refresh tokens without revealing them. */
function digestOf(refreshToken: string): string {
  return createHash("sha256").update(refreshToken).digest("hex");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's error is dropped on purpose: it may quote the secret.
    throw new SessionSecretUnusable(
      'the session\'s secret cannot be used: it is not JSON (expected {"refresh_token", "client_id", "client_secret"?, "auth_method"})',
    );
  }
}
