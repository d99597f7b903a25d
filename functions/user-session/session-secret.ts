import { createHash } from "node:crypto";
import type * as z from "zod";
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
  const secret = parseSecret(text, sessionSecret, "the session's secret");
  const { refresh_token: refreshToken } = secret;
  return { client: clientOf(secret), seed: { digest: seedDigestOf(refreshToken), putAt, refreshToken } };
}

/**
 * Reads a secret by its schema, whose messages contain no values.
 * @param name names the secret in the fault
 * @throws SessionSecretUnusable that names each missing or malformed field
 */
export function parseSecret<T>(text: string, schema: z.ZodType<T>, name: string): T {
  const parsed = schema.safeParse(parseJson(text, name));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "the secret"} ${message}`);
  throw new SessionSecretUnusable(`${name} cannot be used: ${faults.join("; ")}`);
}

/** The client that a session's secret describes. */
export function clientOf({
  client_id: id,
  client_secret: secret,
  auth_method: method,
}: Pick<SessionSecret, "client_id" | "client_secret" | "auth_method">): OAuthClient {
  return { id, authentication: method === "none" || secret === undefined ? { method: "none" } : { method, secret } };
}

/** Distinguishes refresh tokens with which chains begin, without revealing them: SHA-256, in hexadecimal. */
export function seedDigestOf(refreshToken: string): string {
  return createHash("sha256").update(refreshToken).digest("hex");
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's error is dropped on purpose: it may quote the secret.
    throw new SessionSecretUnusable(
      `${name} cannot be used: it is not JSON (expected {"client_id", "client_secret"?, "auth_method"}, and "refresh_token" for a session)`,
    );
  }
}
