import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { patientSearchPaths } from "#contracts/patient-search.ts";
import { SessionSecretUnusable } from "#contracts/user-faults.ts";
import { connections } from "#integra/connections.ts";
import type { UserClient } from "#integra/fhir-page.ts";
import { undiciHttp } from "#integra/http.ts";
import { sessionTokens } from "#integra/session-keeper.ts";
import { userServer } from "#integra/user-server.ts";
import { refreshUserToken } from "#integra/user-token.ts";
import { busFromEnvironment } from "./bus.ts";
import { environment, jsonVariable } from "./environment.ts";
import { userSessionsFromEnvironment } from "./ledger.ts";
import { log } from "./log.ts";
import { reportDeadSession } from "./metrics.ts";
import { secretReader } from "./secret-reader.ts";
import { noticeOfDeath } from "./session-death.ts";

const sessionVariables = z.object({
  INTEGRA_BASE_URL: z.url(),
  INTEGRA_USER_TOKEN_URL: z.url().optional(),
  INTEGRA_FHIR_URL: z.url().optional(),
  INTEGRA_PATIENT_SEARCH_PATHS: jsonVariable(patientSearchPaths).optional(),
  INTEGRA_CCD_REQUEST_URL: z.url().optional(),
  INTEGRA_CCD_NONCE_URL: z.url().optional(),
  INTEGRA_CCD_DOWNLOAD_URL: z.url().optional(),
  INTEGRA_FILE_ORIGINS: jsonVariable(z.array(z.url())).optional(),
  SESSION_SECRET: z.string().min(1),
});

/** The stage's own user session: it is the one under which the on-demand endpoints are asked. */
export const serviceSession = "service";

/** The server as the stage's user session sees it: its endpoints, HTTP connections, and the session's access tokens. */
export function userClient(): UserClient {
  const env = environment(sessionVariables);
  const server = userServer({
    baseUrl: env.INTEGRA_BASE_URL,
    tokenUrl: env.INTEGRA_USER_TOKEN_URL,
    fhirUrl: env.INTEGRA_FHIR_URL,
    patientSearchPaths: env.INTEGRA_PATIENT_SEARCH_PATHS,
    ccdRequestUrl: env.INTEGRA_CCD_REQUEST_URL,
    ccdNonceUrl: env.INTEGRA_CCD_NONCE_URL,
    ccdDownloadUrl: env.INTEGRA_CCD_DOWNLOAD_URL,
    fileOrigins: env.INTEGRA_FILE_ORIGINS,
  });
  const http = undiciHttp(connections(server));
  const now = Date.now;
  const store = userSessionsFromEnvironment();
  const token = sessionTokens(
    {
      store,
      refresh: (client, refreshToken) => refreshUserToken({ server, http, now }, client, refreshToken),
      now,
      sleep,
      onDeath: noticeOfDeath({ bus: busFromEnvironment(), store, reportDeadSession, log }),
    },
    { id: serviceSession, readSecret: sessionSecret(env.SESSION_SECRET) },
  );
  return { server, http, token, now };
}

function sessionSecret(name: string) {
  const read = secretReader(name);
  return async () => {
    const stored = await read();
    if (stored !== undefined) return stored;
    throw new SessionSecretUnusable(`the session's secret is missing: put it into ${name} (npm run session -- add)`);
  };
}
