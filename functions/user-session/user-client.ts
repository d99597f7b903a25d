import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { busFromEnvironment } from "#platform/bus/bus-from-environment.ts";
import { connections } from "#platform/http/connections.ts";
import { undiciHttp } from "#platform/http/http.ts";
import { environment, jsonVariable } from "#platform/lambda/environment.ts";
import { secretReader } from "#platform/lambda/secret-reader.ts";
import { SessionSecretUnusable } from "#user-session/language/session-faults.ts";
import type { UserClient } from "./fhir-page.ts";
import { sessionEvents } from "./language/session-events.ts";
import { patientSearchPaths, usCorePaths } from "./language/user-endpoints.ts";
import { sessionLog } from "./log.ts";
import { serviceSession, storedSession } from "./service-session.ts";
import { countEndedSessionUse, reportSessionEnd } from "./session-end.ts";
import { sessionTokens } from "./session-refresh.ts";
import { userSessionsFromEnvironment } from "./session-store.ts";
import { refreshUserToken } from "./token-endpoint.ts";
import { userServer } from "./user-server.ts";

const sessionVariables = z.object({
  INTEGRA_BASE_URL: z.url(),
  INTEGRA_USER_TOKEN_URL: z.url().optional(),
  INTEGRA_FHIR_URL: z.url().optional(),
  INTEGRA_PATIENT_SEARCH_PATHS: jsonVariable(patientSearchPaths).optional(),
  INTEGRA_US_CORE_PATHS: jsonVariable(usCorePaths).optional(),
  INTEGRA_CCD_REQUEST_URL: z.url().optional(),
  INTEGRA_CCD_NONCE_URL: z.url().optional(),
  INTEGRA_CCD_DOWNLOAD_URL: z.url().optional(),
  INTEGRA_FILE_ORIGINS: jsonVariable(z.array(z.url())).optional(),
  SESSION_SECRET: z.string().min(1),
});

/** The client of the stage's user session, from the function's environment: endpoints, connections and access tokens. */
export function userClient(): UserClient {
  const env = environment(sessionVariables);
  const server = userServer({
    baseUrl: env.INTEGRA_BASE_URL,
    tokenUrl: env.INTEGRA_USER_TOKEN_URL,
    fhirUrl: env.INTEGRA_FHIR_URL,
    patientSearchPaths: env.INTEGRA_PATIENT_SEARCH_PATHS,
    usCorePaths: env.INTEGRA_US_CORE_PATHS,
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
      onEndedSession: reportSessionEnd({
        bus: busFromEnvironment(sessionEvents),
        store,
        countEndedSessionUse,
        log: sessionLog,
      }),
    },
    storedSession(serviceSession, sessionSecret(env.SESSION_SECRET)),
  );
  return { server, http, token, now };
}

function sessionSecret(name: string) {
  const read = secretReader(name);
  return async () => {
    const stored = await read();
    if (stored !== undefined) return stored;
    throw new SessionSecretUnusable(
      `the secret ${name} of the user session has no value: store it (npm run session -- add)`,
    );
  };
}
