import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { DescribeSecretCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { readStageSettings } from "#infra/settings.ts";
import { connections } from "#platform/http/connections.ts";
import { undiciHttp } from "#platform/http/http.ts";
import { clientAuthMethods, smartAuthMethods } from "#user-session/language/user-session.ts";
import { exchangeCode } from "#user-session/token-endpoint.ts";
import { type UserServerSettings, userServer } from "#user-session/user-server.ts";
import {
  addSession,
  clientMaterial,
  type SessionMaterial,
  type SessionPorts,
  sessionGrants,
} from "./session-material.ts";

const usage = `usage: npm run session -- add --stage <stage> --client-id <id> --auth-method ${clientAuthMethods.join("|")}
         [--grant ${sessionGrants.join("|")}] [--redirect-uri <uri>] [--code-verifier <text>] [--token-url <url>]

       npm run session -- add-client --stage <stage> --client-id <id> --auth-method ${smartAuthMethods.join("|")}

add-client stores the client of SMART launches: standard input has the client's secret, if the method is client_secret_….
private_key_jwt signs with the key of the stage's client (npm run keys). It needs the setting smart.privateKeyJwt.

add stores the user session of a stage. Standard input has the refresh token in its first line and the client's secret in
its second, unless the method is none. Do not put them on a command line: other users of the machine can see it.

  printf '%s\\n%s\\n' "$REFRESH_TOKEN" "$CLIENT_SECRET" | npm run session -- add --stage prod …

With --grant authorization_code the first line is the code that the portal shows. The command exchanges it for a refresh
token at the stage's token endpoint, or at --token-url. A code can be exchanged only once.

If AWS_ENDPOINT_URL is set, as for the local AWS, the session is stored there.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    stage: { type: "string" },
    "client-id": { type: "string" },
    "auth-method": { type: "string" },
    grant: { type: "string", default: "refresh_token" },
    "redirect-uri": { type: "string" },
    "code-verifier": { type: "string" },
    "token-url": { type: "string" },
  },
});
const { stage, "client-id": clientId } = values;
const grant = sessionGrants.find((known) => known === values.grant);

const command = positionals.join();

if (!["add", "add-client"].includes(command) || stage === undefined || clientId === undefined || grant === undefined) {
  console.error(usage);
  process.exitCode = 2;
} else {
  try {
    const lines = await text(process.stdin);
    if (command === "add-client") await addClient(stage, clientId, lines);
    else
      await add(stage, {
        grant,
        clientId,
        authMethod: values["auth-method"],
        redirectUri: values["redirect-uri"],
        codeVerifier: values["code-verifier"],
        lines,
      });
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

async function add(stageName: string, material: SessionMaterial): Promise<void> {
  const SecretId = `integra-bridge/${stageName}/user-session`;
  const secrets = new SecretsManagerClient();
  const ports: SessionPorts = {
    secretName: SecretId,
    checkSecret: async () => {
      await secrets.send(new DescribeSecretCommand({ SecretId }));
    },
    exchange: async (client, code) => {
      const server = userServer(await serverOf(stageName));
      const http = undiciHttp(connections(server));
      return await exchangeCode({ server, http, now: Date.now, onUnreadable }, client, code);
    },
    put: async (session) => {
      await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(session) }));
    },
  };
  await addSession(ports, material);
  console.log(`the session is stored (${SecretId}); its first use refreshes it`);
}

function onUnreadable(members: readonly string[]): void {
  console.error(`the token endpoint's answer has members that cannot be read: ${members.join(", ")}`);
}

async function addClient(stageName: string, id: string, lines: string): Promise<void> {
  const SecretId = `integra-bridge/${stageName}/smart-client`;
  const secret = clientMaterial({ clientId: id, authMethod: values["auth-method"], lines });
  await new SecretsManagerClient().send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(secret) }));
  console.log(`the client of SMART launches is stored (${SecretId}); the next launch uses it`);
}

/** The server of the stage in cdk.json, or the token endpoint of --token-url. */
async function serverOf(stageName: string): Promise<UserServerSettings> {
  const named = values["token-url"];
  if (named !== undefined) return { baseUrl: named, tokenUrl: named };
  // cdk.json names IntegraConnect's own server, which must not receive a simulator's code and secret.
  if (stageName === "local") throw new Error("stage local needs --token-url, the token endpoint of its server");
  const cdkJson = await readFile(join(import.meta.dirname, "..", "cdk.json"), "utf8");
  const { context } = z.object({ context: z.object({ stages: z.unknown() }) }).parse(JSON.parse(cdkJson));
  const { integra } = readStageSettings(stageName, context.stages, undefined);
  return { baseUrl: integra.baseUrl, tokenUrl: integra.userTokenUrl, fileOrigins: integra.fileOrigins };
}
