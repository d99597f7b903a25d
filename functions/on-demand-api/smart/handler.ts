import { randomUUID } from "node:crypto";
import * as z from "zod";
import { accessRecordsIn } from "#on-demand-api/gateway/access-records.ts";
import { randomLinkId } from "#on-demand-api/gateway/link-ids.ts";
import { openHandler } from "#on-demand-api/gateway/open-api.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { environment } from "#platform/lambda/environment.ts";
import { beginLinkedSession } from "#user-session/links/linked-session.ts";
import { linksFromEnvironment } from "#user-session/links/links-from-environment.ts";
import { logins } from "#user-session/links/logins.ts";
import { newLoginSecrets } from "#user-session/smart/authorization-request.ts";
import { exchangeLaunchCode } from "#user-session/smart/exchange-launch-code.ts";
import { readSmartConfiguration } from "#user-session/smart/smart-configuration.ts";
import { errorPage } from "./fault-pages.ts";
import { serveSmartPages } from "./smart.ts";

const variables = z.object({ API_URL: z.url() });

export const handler = openHandler(() => {
  const env = environment(variables);
  const links = linksFromEnvironment();
  const { connection, sessions, now } = links;
  return {
    handle: serveSmartPages({
      settings: links.settings,
      serverName: connection.server.fhirUrl.host,
      newLinkId: randomLinkId,
      logins: logins({
        ...links,
        fhirUrl: connection.server.fhirUrl,
        audience: connection.server.audience,
        redirectUrl: `${env.API_URL.replace(/\/$/, "")}/smart/callback`,
        readConfiguration: () =>
          readSmartConfiguration({
            ...connection,
            onWarning: (fault) => links.log.warn("SMART_CONFIGURATION_INCOMPLETE", { fault }),
          }),
        newSecrets: newLoginSecrets,
        newId: randomUUID,
        sessions: {
          begin: (sessionId, refreshToken) => beginLinkedSession(sessions, sessionId, refreshToken, now()),
          retire: (sessionId, end) => sessions.retire(sessionId, end),
          remove: (sessionId) => sessions.remove(sessionId),
        },
        exchange: (tokenUrl, login) => exchangeLaunchCode({ ...connection, server: { tokenUrl } }, login),
      }),
    }),
    accessRecords: accessRecordsIn(auditTrailFromEnvironment(s3Client())),
    now,
  };
}, errorPage);
