import { DescribeSecretCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { readStageSettings } from "#infra/settings.ts";
import { connections } from "#platform/http/connections.ts";
import { undiciHttp } from "#platform/http/http.ts";
import type { SmartClientSecret } from "#user-session/language/user-session.ts";
import { exchangeCode } from "#user-session/token-endpoint.ts";
import { type UserServerSettings, userServer } from "#user-session/user-server.ts";
import type { StageConnection } from "../client/stage-connection.ts";
import { notUnderstood } from "../output/command-failed.ts";
import { stagesOfCdkJson } from "../stages-of-cdk-json.ts";
import type { SessionPorts } from "./session-material.ts";

type Stage = Pick<StageConnection, "stage" | "access" | "overrides">;

/**
 * What `addSession` needs of a deployed stage.
 * @param tokenUrl the token endpoint; undefined: that of the stage's settings
 * @param warn gets a line about what the token endpoint's answer has and cannot be read
 */
export function stageSession(stage: Stage, tokenUrl: string | undefined, warn: (line: string) => void): SessionPorts {
  const SecretId = `integra-bridge/${stage.stage}/user-session`;
  const secrets = new SecretsManagerClient(stage.access);
  const onUnreadable = (members: readonly string[]): void =>
    warn(`the token endpoint's answer has members that cannot be read: ${members.join(", ")}`);
  return {
    secretName: SecretId,
    checkSecret: async () => {
      await secrets.send(new DescribeSecretCommand({ SecretId }));
    },
    exchange: async (client, code) => {
      const server = userServer(serverOf(stage, tokenUrl));
      const http = undiciHttp(connections(server));
      return await exchangeCode({ server, http, now: Date.now, onUnreadable }, client, code);
    },
    put: async (session) => {
      await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(session) }));
    },
  };
}

/** Stores the client of SMART launches. Returns the name of its secret. */
export async function storeSmartClient(stage: Stage, secret: SmartClientSecret): Promise<string> {
  const SecretId = `integra-bridge/${stage.stage}/smart-client`;
  const secrets = new SecretsManagerClient(stage.access);
  await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(secret) }));
  return SecretId;
}

function serverOf({ stage, overrides }: Stage, tokenUrl: string | undefined): UserServerSettings {
  if (tokenUrl !== undefined) return { baseUrl: tokenUrl, tokenUrl };
  // cdk.json names IntegraConnect's own server, which must not receive a simulator's code and secret.
  if (stage === "local" && overrides === undefined)
    throw notUnderstood("stage local needs --token-url, the token endpoint of its server");
  const { integra } = readStageSettings(stage, stagesOfCdkJson(), overrides);
  return { baseUrl: integra.baseUrl, tokenUrl: integra.userTokenUrl, fileOrigins: integra.fileOrigins };
}
