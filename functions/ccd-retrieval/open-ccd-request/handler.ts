import * as z from "zod";
import { ccdStep } from "#ccd-retrieval/ccd-step.ts";
import { ccdContext, openCcdRequestInput } from "#ccd-retrieval/language/ccd-state.ts";
import { ccdAudit } from "#ccd-retrieval/records/ccd-audit.ts";
import { ccdRequestsFromEnvironment } from "#ccd-retrieval/records/ccd-request-records.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { environment } from "#platform/lambda/environment.ts";
import { openCcdRequest } from "./open-ccd-request.ts";

const variables = z.object({ DEADLINE_MINUTES: z.coerce.number().positive() });

export const handler = ccdStep(openCcdRequestInput, ccdContext, () =>
  openCcdRequest({
    requests: ccdRequestsFromEnvironment(),
    audit: ccdAudit(auditTrailFromEnvironment(s3Client()), Date.now),
    allowedSeconds: environment(variables).DEADLINE_MINUTES * 60,
  }),
);
