import * as z from "zod";
import { accessRecordsIn } from "#on-demand-api/gateway/access-records.ts";
import { lambdaHandler } from "#on-demand-api/gateway/api.ts";
import { callerRulesFromEnvironment } from "#on-demand-api/gateway/api-caller.ts";
import { apiSecretFromEnvironment } from "#on-demand-api/gateway/api-secret.ts";
import { linkIds } from "#on-demand-api/gateway/link-ids.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { environment } from "#platform/lambda/environment.ts";
import { linksFromEnvironment } from "#user-session/links/links-from-environment.ts";
import { removeLink } from "#user-session/links/remove-link.ts";
import { reportLink } from "#user-session/links/settle-link.ts";
import { serveLinks } from "./links.ts";

const variables = z.object({ API_URL: z.url() });

export const handler = lambdaHandler(() => {
  const env = environment(variables);
  const links = linksFromEnvironment();
  return {
    handle: serveLinks({
      ...links,
      ids: linkIds(apiSecretFromEnvironment()),
      settle: (linkId) => reportLink(links, linkId),
      remove: (linkId) => removeLink(links, linkId),
      findEnd: async (sessionId) => (await links.sessions.read(sessionId))?.end,
      apiUrl: env.API_URL.replace(/\/$/, ""),
    }),
    accessRecords: accessRecordsIn(auditTrailFromEnvironment(s3Client())),
    rules: callerRulesFromEnvironment(),
    now: Date.now,
  };
});
