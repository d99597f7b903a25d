import { ccdFetch, fetchCcdsInput } from "#contracts/ccd-state.ts";
import { limitsOf } from "#documents/limits.ts";
import { readPatientsDocuments } from "#documents/patients-documents.ts";
import { spooledAnswer } from "#documents/spooled-answer.ts";
import { downloadCcd } from "#integra/ccd.ts";
import { auditTrail } from "#landing/audit-trail.ts";
import { ccdLanding } from "#landing/ccd-landing.ts";
import { auditedBusFromEnvironment } from "#runtime/bus.ts";
import { ccdProtocolFromEnvironment } from "#runtime/ccd-protocol.ts";
import { documentSettingsFromEnvironment } from "#runtime/document-settings.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { ccdRequestsFromEnvironment } from "#runtime/ledger.ts";
import { log } from "#runtime/log.ts";
import { reportQuarantine } from "#runtime/metrics.ts";
import { step } from "#runtime/step.ts";
import { userClient } from "#runtime/user-client.ts";
import { fetchCcds } from "./fetch-ccds.ts";

export const handler = step(fetchCcdsInput, ccdFetch, () => {
  const client = userClient();
  const protocol = ccdProtocolFromEnvironment();
  const documents = documentSettingsFromEnvironment();
  const s3 = s3Client();
  const bucket = bucketFromEnvironment(s3);
  const audit = auditTrail(bucket, Date.now);
  return fetchCcds({
    requests: ccdRequestsFromEnvironment(),
    download: (request, signal) => downloadCcd(client, protocol, request, signal),
    spool: (chunks) => spooledAnswer(chunks, limitsOf(documents).archiveBytes),
    readDocuments: (answer, asked) => readPatientsDocuments(answer, asked, documents),
    landing: ccdLanding(s3, bucket),
    audit,
    bus: auditedBusFromEnvironment(audit),
    reportQuarantine,
    log,
    now: Date.now,
  });
});
