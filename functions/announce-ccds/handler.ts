import * as z from "zod";
import { announceCcdsInput } from "#contracts/ccd-state.ts";
import { auditTrail } from "#landing/audit-trail.ts";
import { ccdLanding } from "#landing/ccd-landing.ts";
import { auditedBusFromEnvironment } from "#runtime/bus.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { ccdRequestsFromEnvironment } from "#runtime/ledger.ts";
import { step } from "#runtime/step.ts";
import { announceCcds } from "./announce-ccds.ts";

export const handler = step(announceCcdsInput, z.strictObject({}), () => {
  const s3 = s3Client();
  const bucket = bucketFromEnvironment(s3);
  return announceCcds({
    requests: ccdRequestsFromEnvironment(),
    landing: ccdLanding(s3, bucket),
    bus: auditedBusFromEnvironment(auditTrail(bucket, Date.now)),
    now: Date.now,
  });
});
