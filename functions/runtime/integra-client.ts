import { setTimeout as sleep } from "node:timers/promises";
import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { ClientKeyUnusable } from "#contracts/errors.ts";
import type { IntegraClient } from "#integra/authorised-request.ts";
import { backendToken } from "#integra/backend-token.ts";
import type { ReadSecret } from "#integra/client-key.ts";
import { connections } from "#integra/connections.ts";
import { undiciHttp } from "#integra/http.ts";
import { integraServer } from "#integra/integra-server.ts";
import { environment, jsonVariable } from "./environment.ts";

const integraVariables = z.object({
  INTEGRA_BASE_URL: z.url(),
  INTEGRA_TOKEN_URL: z.url().optional(),
  INTEGRA_EXPORT_URL: z.url().optional(),
  INTEGRA_AUDIENCE: z.string().min(1).optional(),
  INTEGRA_FILE_ORIGINS: jsonVariable(z.array(z.url())).optional(),
  CLIENT_SECRET: z.string().min(1),
});

/** The server as this client sees it: endpoints, HTTP connections, and a token cached in this container. */
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
    readSecret: secretReader(env.CLIENT_SECRET),
    now: Date.now,
    sleep,
  });
  return { server, http, token, now: Date.now };
}

function secretReader(name: string): ReadSecret {
  const secrets = new SecretsManagerClient();
  return async () => {
    try {
      const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: name }));
      return SecretString ?? "";
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException)) throw error;
      throw new ClientKeyUnusable(`the client's secret is missing: put its value into ${name}`, { cause: error });
    }
  };
}
