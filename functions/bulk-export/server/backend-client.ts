import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { exportLog } from "#bulk-export/log.ts";
import type { ReadSecret } from "#platform/client-key/client-key.ts";
import { kmsKeys } from "#platform/client-key/kms-keys.ts";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { connections } from "#platform/http/connections.ts";
import { undiciHttp } from "#platform/http/http.ts";
import { environment, jsonVariable } from "#platform/lambda/environment.ts";
import { secretReader } from "#platform/lambda/secret-reader.ts";
import { backendToken } from "./backend-token.ts";
import type { IntegraClient, IntegraServer } from "./integra-server.ts";
import { integraServer } from "./integra-server.ts";

const integraVariables = z.object({
  INTEGRA_BASE_URL: z.url(),
  INTEGRA_TOKEN_URL: z.url().optional(),
  INTEGRA_EXPORT_URL: z.url().optional(),
  INTEGRA_AUDIENCE: z.string().min(1).optional(),
  INTEGRA_FILE_ORIGINS: jsonVariable(z.array(z.url())).optional(),
  CLIENT_SECRET: z.string().min(1),
});

/**
 * The client for the server that the environment names: its endpoints, HTTP connections, and an access token that is cached in
 * this container.
 * @throws Error if environment variables are missing
 */
export function integraClient(): IntegraClient {
  const env = environment(integraVariables);
  const server = serverOf(env);
  const http = undiciHttp(connections(server));
  const token = backendToken({
    server,
    http,
    readSecret: clientSecret(env.CLIENT_SECRET),
    kms: kmsKeys(),
    now: Date.now,
    sleep,
    log: exportLog,
  });
  return { server, http, token, now: Date.now };
}

/**
 * Tries a version of the client's secret that is not current yet: it requests an access token and drops it. The function that
 * it returns throws what `BackendToken.current` throws.
 * @throws Error if environment variables are missing
 */
export function tokenTrial(): (secretText: string) => Promise<void> {
  const server = serverOf(environment(integraVariables));
  const http = undiciHttp(connections(server));
  return async (secretText) => {
    const readSecret = () => Promise.resolve(secretText);
    await backendToken({ server, http, readSecret, kms: kmsKeys(), now: Date.now, sleep, log: exportLog }).current();
  };
}

const serverOf = (env: z.infer<typeof integraVariables>): IntegraServer =>
  integraServer({
    baseUrl: env.INTEGRA_BASE_URL,
    tokenUrl: env.INTEGRA_TOKEN_URL,
    exportUrl: env.INTEGRA_EXPORT_URL,
    audience: env.INTEGRA_AUDIENCE,
    fileOrigins: env.INTEGRA_FILE_ORIGINS,
  });

/** @throws ClientKeyUnusable if the secret has no value yet */
function clientSecret(name: string): ReadSecret {
  const read = secretReader(name);
  return async () => {
    const stored = await read();
    if (stored === undefined)
      throw new ClientKeyUnusable(
        `the client's secret has no value: store the client's credentials in the secret ${name}`,
      );
    return stored.text;
  };
}
