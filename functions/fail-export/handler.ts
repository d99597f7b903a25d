import { failed, failInput } from "#contracts/export-state.ts";
import { exportRecords } from "#landing/export-records.ts";
import { busFromEnvironment } from "#runtime/bus.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { failExport } from "./fail-export.ts";

export const handler = step(failInput, failed, () =>
  failExport({ records: exportRecords(bucketFromEnvironment(s3Client())), bus: busFromEnvironment(), log }),
);
