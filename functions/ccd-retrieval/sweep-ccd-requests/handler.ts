import { ccdStep } from "#ccd-retrieval/ccd-step.ts";
import { ccdMetrics } from "#ccd-retrieval/language/ccd-metrics.ts";
import { ccdLog } from "#ccd-retrieval/log.ts";
import { auditedCcdBus, ccdAudit } from "#ccd-retrieval/records/ccd-audit.ts";
import { ccdRequestsFromEnvironment } from "#ccd-retrieval/records/ccd-request-records.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { executionsFromEnvironment } from "#platform/executions/executions-from-environment.ts";
import { sweepResult, sweepTrigger } from "#platform/executions/sweep-trigger.ts";
import { metricWriter } from "#platform/lambda/metrics.ts";
import { leasesFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { serviceSession } from "#user-session/language/service-session.ts";
import { sweepCcdRequests } from "./sweep-ccd-requests.ts";

const metrics = metricWriter(ccdMetrics);

export const handler = ccdStep(sweepTrigger, sweepResult, () =>
  sweepCcdRequests({
    requests: ccdRequestsFromEnvironment(),
    executions: executionsFromEnvironment(),
    leases: leasesFromEnvironment(),
    bus: auditedCcdBus(ccdAudit(auditTrailFromEnvironment(s3Client()), Date.now)),
    sessionId: serviceSession,
    // Each costs a few calls, so this many fit into the function's five minutes.
    mostRequests: 500,
    countEnd: () => metrics.write({ EndsSwept: 1 }),
    reportOpen: (requests) => metrics.write({ CcdRequestsOpen: requests }),
    log: ccdLog,
    now: Date.now,
  }),
);
