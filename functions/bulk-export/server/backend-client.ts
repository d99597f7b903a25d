import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { ClientKeyUnusable } from "#bulk-export/language/export-faults.ts";
import { exportLog } from "#bulk-export/log.ts";
import { connections } from "#platform/http/connections.ts";
import { undiciHttp } from "#platform/http/http.ts";
import { environment, jsonVariable } from "#platform/lambda/environment.ts";
import { secretReader } from "#platform/lambda/secret-reader.ts";
import { backendToken } from "./backend-token.ts";
import type { ReadSecret } from "./client-key.ts";
import type { IntegraClient } from "./integra-server.ts";
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
  const server = integraServer({
    baseUrl: env.INTEGRA_BASE_URL,
    tokenUrl: env.INTEGRA_TOKEN_URL,
    exportUrl: env.INTEGRA_EXPORT_URL,
    audience: env.INTEGRA_AUDIENCE,
    fileOrigins: env.INTEGRA_FILE_ORIGINS,
  });
  const http = undiciHttp(connections(server));
  const token = backendToken({
    server,
    http,
    readSecret: clientSecret(env.CLIENT_SECRET),
    now: Date.now,
    sleep,
    log: exportLog,
  });
  return { server, http, token, now: Date.now };
}

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
