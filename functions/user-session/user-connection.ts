import * as z from "zod";
import { connections } from "#platform/http/connections.ts";
import { type Http, undiciHttp } from "#platform/http/http.ts";
import { environment, jsonVariable } from "#platform/lambda/environment.ts";
import { patientSearchPaths, usCorePaths } from "./language/user-endpoints.ts";
import { sessionLog } from "./log.ts";
import { type UserServer, userServer } from "./user-server.ts";

const serverVariables = z.object({
  INTEGRA_BASE_URL: z.url(),
  INTEGRA_USER_TOKEN_URL: z.url().optional(),
  INTEGRA_FHIR_URL: z.url().optional(),
  INTEGRA_PATIENT_SEARCH_PATHS: jsonVariable(patientSearchPaths).optional(),
  INTEGRA_US_CORE_PATHS: jsonVariable(usCorePaths).optional(),
  INTEGRA_CCD_REQUEST_URL: z.url().optional(),
  INTEGRA_CCD_NONCE_URL: z.url().optional(),
  INTEGRA_CCD_DOWNLOAD_URL: z.url().optional(),
  INTEGRA_FILE_ORIGINS: jsonVariable(z.array(z.url())).optional(),
  INTEGRA_AUTHORIZATION_ORIGINS: jsonVariable(z.array(z.url())).optional(),
});

/** The server of user sessions, and the connections to it. */
export interface UserConnection {
  server: UserServer;
  http: Http;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Called with the names of the members of a token answer that cannot be read. */
  onUnreadable: (members: readonly string[]) => void;
}

/** The server of user sessions, from the function's environment. */
export function userConnection(): UserConnection {
  const env = environment(serverVariables);
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
    authorizationOrigins: env.INTEGRA_AUTHORIZATION_ORIGINS,
  });
  return {
    server,
    http: undiciHttp(connections(server)),
    now: Date.now,
    onUnreadable: (members) => sessionLog.warn("SESSION_TOKEN_ANSWER_UNREADABLE", { members }),
  };
}
