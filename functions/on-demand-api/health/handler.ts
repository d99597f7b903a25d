import * as z from "zod";
import { clientTokenUrlFromEnvironment, newestExportsFromEnvironment } from "#bulk-export/entry.ts";
import { keySetFromEnvironment } from "#client-keys/entry.ts";
import { accessRecordsIn } from "#on-demand-api/gateway/access-records.ts";
import { lambdaHandler } from "#on-demand-api/gateway/api.ts";
import { callerRulesFromEnvironment } from "#on-demand-api/gateway/api-caller.ts";
import { exportCallers } from "#on-demand-api/language/export-rights.ts";
import { apiLog } from "#on-demand-api/log.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { describeError } from "#platform/faults/describe-error.ts";
import { connections } from "#platform/http/connections.ts";
import { undiciHttp } from "#platform/http/http.ts";
import { trustedOrigins } from "#platform/http/trusted-origins.ts";
import { environment, jsonVariable } from "#platform/lambda/environment.ts";
import { secretReader } from "#platform/lambda/secret-reader.ts";
import { serviceSession } from "#user-session/language/service-session.ts";
import { sessionStatesFromEnvironment } from "#user-session/session-states.ts";
import { userConnection } from "#user-session/user-connection.ts";
import { endpointProbe } from "./endpoint-probe.ts";
import { serveHealth } from "./health.ts";

const variables = z.object({
  STAGE: z.string().min(1),
  CLIENT_SECRET: z.string().min(1),
  EXPORT_CALLERS: jsonVariable(exportCallers),
  SERVICE_SESSION: z.enum(["true", "false"]),
  ROTATE_EVERY_DAYS: z.coerce.number().positive().optional(),
});

export const handler = lambdaHandler(() => {
  const env = environment(variables);
  const { fhirUrl } = userConnection().server;
  const tokenUrl = clientTokenUrlFromEnvironment();
  const readSecret = secretReader(env.CLIENT_SECRET);
  const readState = sessionStatesFromEnvironment();
  const keySet = keySetFromEnvironment();
  const http = undiciHttp(connections(trustedOrigins([fhirUrl], tokenUrl)));
  return {
    handle: serveHealth({
      stage: env.STAGE,
      callers: env.EXPORT_CALLERS,
      serviceSession: env.SERVICE_SESSION === "true",
      rotateEveryDays: env.ROTATE_EVERY_DAYS,
      readClientSecret: async () => (await readSecret())?.text,
      readKeySet: () => keySet.read(),
      readServiceSession: () => readState(serviceSession),
      fhirUrl,
      tokenUrl,
      probe: endpointProbe({ http, now: Date.now }),
      progress: newestExportsFromEnvironment(),
      onUnchecked: (check, error) => apiLog.warn("API_HEALTH_UNCHECKED", { check, error: describeError(error) }),
      now: Date.now,
    }),
    accessRecords: accessRecordsIn(auditTrailFromEnvironment(s3Client())),
    rules: callerRulesFromEnvironment(),
    now: Date.now,
  };
});
