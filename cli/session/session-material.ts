import { ServerUnavailable } from "#platform/faults/faults.ts";
import {
  type OAuthClient,
  type SessionSecret,
  type SmartClientSecret,
  sessionSecret,
  smartClientSecret,
  type UserTokens,
} from "#user-session/language/user-session.ts";
import { clientOf } from "#user-session/session-secret.ts";
import type { AuthorizationCode } from "#user-session/token-endpoint.ts";

/** The kinds of grant that an operator may have: a refresh token, or a code that is exchanged for one. */
export const sessionGrants = ["refresh_token", "authorization_code"] as const;

/** The operator's input. */
export interface SessionMaterial {
  grant: (typeof sessionGrants)[number];
  clientId: string;
  authMethod: string | undefined;
  /** The redirect URI of the authorization request, if it had one. */
  redirectUri: string | undefined;
  /**
   * Standard input. The first line is the refresh token or the code, the second one the client's secret, if the client has one. The third one
   * is the code verifier of the authorization request, if it had a code challenge.
   */
  lines: string;
}

export interface SessionPorts {
  /** `exchangeCode`, at the stage's token endpoint. */
  exchange: (client: OAuthClient, code: AuthorizationCode) => Promise<Pick<UserTokens, "refreshToken">>;
  /** Throws if the secret does not exist. */
  checkSecret: () => Promise<void>;
  /** Stores the session. */
  put: (session: SessionSecret) => Promise<void>;
  /** Name of the secret, for messages. */
  secretName: string;
}

/** The operator's input is not a session. The message lists the faults by field, and has no values. */
export class SessionMaterialUnusable extends Error {
  override readonly name = "SessionMaterialUnusable";
}

/** The code cannot be used again, and no session was stored. The message has no part of the code or of the tokens. */
export class CodeUsedUp extends Error {
  override readonly name = "CodeUsedUp";
}

/**
 * Stores the operator's session. A code can be exchanged only once (guide, "Generation of access token"), so everything
 * else is checked before the exchange.
 * @throws SessionMaterialUnusable if the input is not a session
 * @throws CodeUsedUp if a code was, or may have been, exchanged without a stored session: a new code is needed
 */
export async function addSession(ports: SessionPorts, material: SessionMaterial): Promise<void> {
  const { secretName } = ports;
  if (material.grant === "authorization_code") await ports.checkSecret();
  const session = await readSession(ports, material);
  try {
    await ports.put(session);
  } catch (cause) {
    if (material.grant === "refresh_token") throw cause;
    const why = cause instanceof Error ? cause.name : "an unknown fault";
    throw new CodeUsedUp(
      `the code was exchanged, but the session could not be stored in ${secretName} (${why}). Remove the cause, then run the command with a new code`,
      { cause },
    );
  }
}

/**
 * The operator's client of SMART launches, as its secret holds it.
 * @param lines standard input: the client's secret, unless the method is none
 * @throws SessionMaterialUnusable if the input is not a client
 */
export function clientMaterial({
  clientId,
  authMethod,
  lines,
}: Pick<SessionMaterial, "clientId" | "authMethod" | "lines">): SmartClientSecret {
  const clientSecret = lines.split("\n", 1)[0]?.trim();
  const parsed = smartClientSecret.safeParse({
    client_id: clientId,
    ...(clientSecret ? { client_secret: clientSecret } : {}),
    auth_method: authMethod,
  });
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "the client"} ${message}`);
  throw new SessionMaterialUnusable(faults.join("\n"));
}

async function readSession({ exchange }: SessionPorts, material: SessionMaterial): Promise<SessionSecret> {
  const { grant, clientId, authMethod, redirectUri, lines } = material;
  const [token, clientSecret, codeVerifier] = lines.split("\n").map((line) => line.trim());
  const parsed = sessionSecret.safeParse({
    refresh_token: token,
    client_id: clientId,
    ...(clientSecret ? { client_secret: clientSecret } : {}),
    auth_method: authMethod,
  });
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `${fieldName(path, grant)} ${message}`);
    throw new SessionMaterialUnusable(faults.join("\n"));
  }
  if (grant === "refresh_token") return parsed.data;
  const code: AuthorizationCode = {
    code: parsed.data.refresh_token,
    ...(redirectUri !== undefined && { redirectUri }),
    ...(codeVerifier && { codeVerifier }),
  };
  try {
    const { refreshToken } = await exchange(clientOf(parsed.data), code);
    return { ...parsed.data, refresh_token: refreshToken };
  } catch (cause) {
    if (!(cause instanceof ServerUnavailable)) throw cause;
    throw new CodeUsedUp(`${cause.message}: the code may be used up. Run the command again with a new code`, { cause });
  }
}

function fieldName(path: PropertyKey[], grant: SessionMaterial["grant"]): string {
  const name = path.join(".") || "the session";
  return name === "refresh_token" && grant === "authorization_code" ? "the authorization code" : name;
}
