import * as z from "zod";
import { ccdContext, openCcdInput } from "#contracts/ccd-state.ts";
import { auditTrail } from "#landing/audit-trail.ts";
import { environment } from "#runtime/environment.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { ccdRequestsFromEnvironment } from "#runtime/ledger.ts";
import { step } from "#runtime/step.ts";
import { openCcdRequest } from "./open-ccd-request.ts";

const variables = z.object({ DEADLINE_MINUTES: z.coerce.number().positive() });

export const handler = step(openCcdInput, ccdContext, () =>
  openCcdRequest({
    requests: ccdRequestsFromEnvironment(),
    audit: auditTrail(bucketFromEnvironment(s3Client()), Date.now),
    allowedSeconds: environment(variables).DEADLINE_MINUTES * 60,
  }),
);
