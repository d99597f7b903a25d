import { ccdStep } from "#ccd-retrieval/ccd-step.ts";
import { limitsOf } from "#ccd-retrieval/documents/limits.ts";
import { readPatientsDocuments } from "#ccd-retrieval/documents/patients-documents.ts";
import { documentSettingsFromEnvironment } from "#ccd-retrieval/documents/settings-from-environment.ts";
import { spooledAnswer } from "#ccd-retrieval/documents/spooled-answer.ts";
import { ccdFetch, fetchCcdsInput } from "#ccd-retrieval/language/ccd-state.ts";
import { auditedCcdBus, ccdAudit } from "#ccd-retrieval/records/ccd-audit.ts";
import { ccdLanding } from "#ccd-retrieval/records/ccd-landing.ts";
import { ccdRequestsFromEnvironment } from "#ccd-retrieval/records/ccd-request-records.ts";
import { downloadCcd } from "#ccd-retrieval/server/ccd.ts";
import { ccdProtocolFromEnvironment } from "#ccd-retrieval/server/ccd-protocol-from-environment.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { log } from "#platform/lambda/log.ts";
import { metric } from "#platform/lambda/metrics.ts";
import { userClient } from "#user-session/user-client.ts";
import { fetchCcds } from "./fetch-ccds.ts";

/** An alarm rings at the first one. */
const ccdsQuarantined = metric("ccd-retrieval", "CcdsQuarantined", "Count");

export const handler = ccdStep(fetchCcdsInput, ccdFetch, () => {
  const client = userClient();
  const protocol = ccdProtocolFromEnvironment();
  const documents = documentSettingsFromEnvironment();
  const s3 = s3Client();
  const bucket = bucketFromEnvironment(s3);
  const audit = ccdAudit(bucket, Date.now);
  return fetchCcds({
    requests: ccdRequestsFromEnvironment(),
    download: (request, signal) => downloadCcd(client, protocol, request, signal),
    spool: (chunks) => spooledAnswer(chunks, limitsOf(documents).archiveBytes),
    readDocuments: (answer, asked) => readPatientsDocuments(answer, asked, documents),
    landing: ccdLanding(s3, bucket),
    audit,
    bus: auditedCcdBus(audit),
    reportQuarantine: () => ccdsQuarantined(1),
    log,
    now: Date.now,
  });
});
