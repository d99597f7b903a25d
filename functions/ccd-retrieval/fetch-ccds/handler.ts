import { ccdStep } from "#ccd-retrieval/ccd-step.ts";
import { documentSettingsFromEnvironment } from "#ccd-retrieval/documents/document-settings-from-environment.ts";
import { limitsOf } from "#ccd-retrieval/documents/limits.ts";
import { spoolAnswer } from "#ccd-retrieval/documents/spool-answer.ts";
import { readVerifiedDocuments } from "#ccd-retrieval/documents/verified-documents.ts";
import { ccdMetrics } from "#ccd-retrieval/language/ccd-metrics.ts";
import { fetchCcdsInput, fetchResult } from "#ccd-retrieval/language/ccd-state.ts";
import { ccdLog } from "#ccd-retrieval/log.ts";
import { auditedCcdBus, ccdAudit } from "#ccd-retrieval/records/ccd-audit.ts";
import { ccdLanding } from "#ccd-retrieval/records/ccd-landing.ts";
import { ccdRequestsFromEnvironment } from "#ccd-retrieval/records/ccd-request-records.ts";
import { ccdProtocolFromEnvironment } from "#ccd-retrieval/server/ccd-protocol-from-environment.ts";
import { downloadCcds } from "#ccd-retrieval/server/download-ccds.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { metricWriter } from "#platform/lambda/metrics.ts";
import { userClients } from "#user-session/user-client.ts";
import { fetchCcds } from "./fetch-ccds.ts";

const metrics = metricWriter(ccdMetrics);

export const handler = ccdStep(fetchCcdsInput, fetchResult, () => {
  const clients = userClients();
  const protocol = ccdProtocolFromEnvironment();
  const documents = documentSettingsFromEnvironment();
  const s3 = s3Client();
  const bucket = bucketFromEnvironment(s3);
  const audit = ccdAudit(auditTrailFromEnvironment(s3), Date.now);
  return fetchCcds({
    requests: ccdRequestsFromEnvironment(),
    download: async (sessionId, request, signal) =>
      await downloadCcds(await clients.ofSession(sessionId), protocol, request, signal),
    spool: (chunks) => spoolAnswer(chunks, limitsOf(documents).archiveBytes),
    readDocuments: (answer, patient) => readVerifiedDocuments(answer, patient, documents),
    landing: ccdLanding(s3, bucket),
    audit,
    bus: auditedCcdBus(audit),
    reportQuarantine: () => metrics.write({ CcdsQuarantined: 1 }),
    reportRefusedDocuments: (refused) => metrics.write({ CcdDocumentsRefused: refused }),
    log: ccdLog,
    now: Date.now,
  });
});
