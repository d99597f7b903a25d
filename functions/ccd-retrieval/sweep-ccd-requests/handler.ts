import * as z from "zod";
import { ccdStep } from "#ccd-retrieval/ccd-step.ts";
import { ccdLog } from "#ccd-retrieval/log.ts";
import { auditedCcdBus, ccdAudit } from "#ccd-retrieval/records/ccd-audit.ts";
import { ccdRequestsFromEnvironment } from "#ccd-retrieval/records/ccd-request-records.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { executionsFromEnvironment } from "#platform/executions/executions-from-environment.ts";
import { sweepTrigger } from "#platform/executions/sweep-trigger.ts";
import { metric } from "#platform/lambda/metrics.ts";
import { leasesFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { serviceSession } from "#user-session/service-session.ts";
import { sweepCcdRequests } from "./sweep-ccd-requests.ts";

const swept = z.strictObject({ checked: z.number().int(), published: z.number().int() });
const endsSwept = metric("ccd-retrieval", "EndsSwept", "Count");

export const handler = ccdStep(sweepTrigger, swept, () =>
  sweepCcdRequests({
    requests: ccdRequestsFromEnvironment(),
    executions: executionsFromEnvironment(),
    leases: leasesFromEnvironment(),
    bus: auditedCcdBus(ccdAudit(auditTrailFromEnvironment(s3Client()), Date.now)),
    sessionId: serviceSession,
    // Each costs a few calls, so this many fit into the function's five minutes.
    mostRequests: 500,
    countEnd: () => endsSwept(1),
    log: ccdLog,
    now: Date.now,
  }),
);
