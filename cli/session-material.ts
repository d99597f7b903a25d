import type * as z from "zod";
import { type OAuthClient, sessionSecret, type UserTokens } from "#contracts/user-session.ts";
import type { AuthorizationCode } from "#integra/user-token.ts";

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
}

export type SessionSecret = z.infer<typeof sessionSecret>;

/** What the operator brought cannot be a session: each fault by its field, never a value. */
export class SessionMaterialUnusable extends Error {
  override readonly name = "SessionMaterialUnusable";
}

/**
 * The session's secret of what the operator brought. A code is good for one exchange (guide, "Generation of access token"),
 * so everything else is checked before.
 * @throws SessionMaterialUnusable; what the exchange throws
 */
export async function sessionSecretOf({ exchange }: SessionPorts, material: SessionMaterial): Promise<SessionSecret> {
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
  const { refreshToken } = await exchange(clientOf(parsed.data), code);
  return { ...parsed.data, refresh_token: refreshToken };
}

function nameOf(path: PropertyKey[], grant: SessionMaterial["grant"]): string {
  const name = path.join(".") || "the session";
  return name === "refresh_token" && grant === "authorization_code" ? "the authorization code" : name;
}

function clientOf({ client_id: id, client_secret: secret, auth_method: method }: SessionSecret): OAuthClient {
  return { id, authentication: method === "none" || secret === undefined ? { method: "none" } : { method, secret } };
}
