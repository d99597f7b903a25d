import { ServerUnavailable } from "#platform/faults/faults.ts";
import {
  type OAuthClient,
  type SessionSecret,
  sessionSecret,
  type UserTokens,
} from "#user-session/language/user-session.ts";
import { clientOf } from "#user-session/session-secret.ts";
import type { AuthorizationCode } from "#user-session/token-endpoint.ts";

/** What the operator brings: the refresh token itself, or a code that is exchanged for it. */
export const sessionGrants = ["refresh_token", "authorization_code"] as const;

export interface SessionMaterial {
  grant: (typeof sessionGrants)[number];
  clientId: string;
  authMethod: string | undefined;
  /** What the code was asked for with, where it was. */
  redirectUri: string | undefined;
  codeVerifier: string | undefined;
  /** Standard input: refresh token or code and, in a second line, the client's secret where there is one. */
  lines: string;
}

export interface SessionPorts {
  /** `exchangeCode`, at the stage's token endpoint. */
  exchange: (client: OAuthClient, code: AuthorizationCode) => Promise<Pick<UserTokens, "refreshToken">>;
  /** Whether there is a place for the session; throws where there is none. */
  findPlace: () => Promise<void>;
  put: (session: SessionSecret) => Promise<void>;
  /** What the place is called, for people. */
  place: string;
}

/** What the operator brought cannot be a session: each fault by its field, never a value. */
export class SessionMaterialUnusable extends Error {
  override readonly name = "SessionMaterialUnusable";
}

/** The code is used up, and there is no session for it. Nothing of the code or of what came for it is in the message. */
export class CodeUsedUp extends Error {
  override readonly name = "CodeUsedUp";
}

/**
 * Puts the session that the operator brought in place. A code is good for one exchange (guide, "Generation of access
 * token"), so everything else is looked at before.
 * @throws SessionMaterialUnusable
 * @throws CodeUsedUp where a code was, or may have been, exchanged in vain: another one is needed
 */
export async function addSession(ports: SessionPorts, material: SessionMaterial): Promise<void> {
  const { place } = ports;
  if (material.grant === "authorization_code") await ports.findPlace();
  const session = await sessionSecretOf(ports, material);
  try {
    await ports.put(session);
  } catch (cause) {
    if (material.grant === "refresh_token") throw cause;
    const why = cause instanceof Error ? cause.name : "an unknown fault";
    throw new CodeUsedUp(
      `the code was exchanged, but the session could not be put into ${place} (${why}): see to that, and bring another code`,
      { cause },
    );
  }
}

async function sessionSecretOf({ exchange }: SessionPorts, material: SessionMaterial): Promise<SessionSecret> {
  const { grant, clientId, authMethod, redirectUri, codeVerifier, lines } = material;
  const [token, clientSecret] = lines.split("\n").map((line) => line.trim());
  const parsed = sessionSecret.safeParse({
    refresh_token: token,
    client_id: clientId,
    ...(clientSecret ? { client_secret: clientSecret } : {}),
    auth_method: authMethod,
  });
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `${nameOf(path, grant)} ${message}`);
    throw new SessionMaterialUnusable(faults.join("\n"));
  }
  if (grant === "refresh_token") return parsed.data;
  const code: AuthorizationCode = {
    code: parsed.data.refresh_token,
    ...(redirectUri !== undefined && { redirectUri }),
    ...(codeVerifier !== undefined && { codeVerifier }),
  };
  try {
    const { refreshToken } = await exchange(clientOf(parsed.data), code);
    return { ...parsed.data, refresh_token: refreshToken };
  } catch (cause) {
    if (!(cause instanceof ServerUnavailable)) throw cause;
    throw new CodeUsedUp(`${cause.message}: the code may be used up all the same, so bring another one`, { cause });
  }
}

function nameOf(path: PropertyKey[], grant: SessionMaterial["grant"]): string {
  const name = path.join(".") || "the session";
  return name === "refresh_token" && grant === "authorization_code" ? "the authorization code" : name;
}
