import * as z from "zod";
import { announceInput } from "#contracts/export-state.ts";
import { exportRecords } from "#landing/export-records.ts";
import { busFromEnvironment } from "#runtime/bus.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { step } from "#runtime/step.ts";
import { announceCompletion } from "./announce-completion.ts";

export const handler = step(announceInput, z.strictObject({}), () =>
  announceCompletion({ records: exportRecords(bucketFromEnvironment(s3Client())), bus: busFromEnvironment() }),
);
