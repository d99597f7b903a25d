import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { createClientKeyPair } from "#client-keys/key-pair.ts";
import type { SigningAlgorithm } from "#platform/client-key/client-secret.ts";
import { sessionSecret } from "#user-session/language/user-session.ts";
import type { SimulatorOptions } from "./simulator/options.ts";
import { type Simulator, startSimulator } from "./simulator/simulator.ts";

/** The server that a local bridge talks to, and the credentials of the bridge at that server. */
export interface IntegraConnection {
  /** The stage's setting `integra`. */
  settings: { baseUrl: string; tokenUrl?: string; exportUrl?: string; audience?: string };
  /** The content of the client's secret in Secrets Manager. */
  secret: Record<string, unknown>;
  /** The user session's secret, if a session exists. */
  session: Record<string, unknown> | undefined;
  /**
   * Registers the client of SMART launches with the server, if that can be done here, and returns the content of its secret.
   * @param apiUrl the URL of the bridge's API, below which the redirect URI and the launch URL are
   */
  smartClient: ((apiUrl: string) => Record<string, unknown>) | undefined;
  simulator: Simulator | undefined;
  close: () => Promise<void>;
}

const ownServer = z.object({
  INTEGRA_BASE_URL: z.url(),
  INTEGRA_TOKEN_URL: z.url().optional(),
  INTEGRA_EXPORT_URL: z.url().optional(),
  INTEGRA_AUDIENCE: z.string().min(1).optional(),
  INTEGRA_CLIENT_ID: z.string().min(1),
  INTEGRA_PRIVATE_JWK: z.string().min(1),
  INTEGRA_SCOPE: z.string().min(1),
  INTEGRA_USER_SESSION: z.string().min(1).optional(),
});

/**
 * Reads the connection to the server at `INTEGRA_BASE_URL` from the environment. Undefined if the variable is not set.
 * @throws Error that names all missing variables, or the key file that cannot be read
 */
export async function connectionFromEnvironment(
  variables: Record<string, string | undefined>,
): Promise<IntegraConnection | undefined> {
  if ((variables["INTEGRA_BASE_URL"] ?? "") === "") return undefined;
  const parsed = ownServer.safeParse(variables);
  if (!parsed.success) {
    const names = [...new Set(parsed.error.issues.map((issue) => issue.path.join(".")))];
    throw new Error(`INTEGRA_BASE_URL is set; these variables are missing or malformed: ${names.join(", ")}`);
  }
  const env = parsed.data;
  return {
    settings: {
      baseUrl: env.INTEGRA_BASE_URL,
      ...(env.INTEGRA_TOKEN_URL !== undefined && { tokenUrl: env.INTEGRA_TOKEN_URL }),
      ...(env.INTEGRA_EXPORT_URL !== undefined && { exportUrl: env.INTEGRA_EXPORT_URL }),
      ...(env.INTEGRA_AUDIENCE !== undefined && { audience: env.INTEGRA_AUDIENCE }),
    },
    secret: {
      clientId: env.INTEGRA_CLIENT_ID,
      scope: env.INTEGRA_SCOPE,
      current: await readJsonFile("INTEGRA_PRIVATE_JWK", env.INTEGRA_PRIVATE_JWK),
    },
    session:
      env.INTEGRA_USER_SESSION === undefined
        ? undefined
        : sessionSecret.parse(await readJsonFile("INTEGRA_USER_SESSION", env.INTEGRA_USER_SESSION)),
    smartClient: undefined,
    simulator: undefined,
    close: () => Promise.resolve(),
  };
}

async function readJsonFile(variable: string, path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new Error(`${variable}: ${path} cannot be read`, { cause });
  });
  const content = jsonOrUndefined(text);
  if (content === undefined) throw new Error(`${variable}: ${path} is not JSON`);
  return content;
}

/** Drops the parser's own error, because that quotes the text, which is secret. */
function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface SimulatedClient {
  algorithm?: SigningAlgorithm;
  /** How the client of SMART launches authenticates. With private_key_jwt its keys are those of the bulk client. */
  smartAuthMethod?: "client_secret_basic" | "private_key_jwt";
  simulator?: Omit<SimulatorOptions, "clients">;
}

const clientId = "integra-bridge-local";
const scope = "system/*.read";

const portalUser = "portal-user";
const portalApp = { clientId: "integra-bridge-portal", authMethod: "client_secret_basic" } as const;
const smartApp = {
  clientId: "integra-bridge-smart",
  name: "integra-bridge",
} as const;

/** Starts a simulator with one registered client and its new key, and with a session of a user who may see every patient. */
export async function simulatedConnection(options: SimulatedClient = {}): Promise<IntegraConnection> {
  const { privateJwk, publicJwks } = await createClientKeyPair(options.algorithm ?? "ES384");
  const clients = [{ clientId, jwks: publicJwks, scopes: scope.split(" ") }];
  const clientSecret = randomUUID();
  const simulator = await startSimulator({
    users: [{ userId: portalUser, patients: "all" }],
    apps: [{ ...portalApp, clientSecret }],
    ...options.simulator,
    clients,
  });
  return {
    settings: { baseUrl: simulator.baseUrl },
    secret: { clientId, scope, current: privateJwk },
    session: {
      refresh_token: simulator.openSession({ userId: portalUser, clientId: portalApp.clientId }),
      client_id: portalApp.clientId,
      client_secret: clientSecret,
      auth_method: portalApp.authMethod,
    },
    smartClient: (apiUrl) => {
      const { clientId: client_id } = smartApp;
      const auth_method = options.smartAuthMethod ?? "client_secret_basic";
      const isSigning = auth_method === "private_key_jwt";
      simulator.registerApp({
        ...smartApp,
        authMethod: auth_method,
        ...(isSigning ? { jwks: publicJwks } : { clientSecret }),
        redirectUris: [`${apiUrl}/smart/callback`],
        launchUrl: `${apiUrl}/smart/launch/simulator`,
      });
      return { client_id, ...(isSigning ? {} : { client_secret: clientSecret }), auth_method };
    },
    simulator,
    close: simulator.close,
  };
}
