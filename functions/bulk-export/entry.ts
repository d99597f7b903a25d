import { setTimeout as sleep } from "node:timers/promises";
import type { S3Client } from "@aws-sdk/client-s3";
import * as z from "zod";
import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";
import type { Executions } from "#platform/executions/executions.ts";
import { executionsFromEnvironment } from "#platform/executions/executions-from-environment.ts";
import { environment, jsonVariable } from "#platform/lambda/environment.ts";
import { type AcceptedRequests, findGroup, requestFaults } from "./language/accepted-requests.ts";
import { type ExportRequestDetail, exportGroup, type Trigger } from "./language/export-request.ts";
import { type ExportLog, exportLog } from "./log.ts";
import { type ExportFiles, exportFiles } from "./records/export-files.ts";
import { type ExportProgressRecords, exportProgressFromEnvironment } from "./records/export-progress.ts";
import { exportRecords } from "./records/export-records.ts";
import { type FileProgress, fileProgressFromEnvironment } from "./records/file-progress.ts";
import { type OpenRuns, openRunsFromEnvironment } from "./records/open-runs.ts";
import { receipts } from "./records/receipts.ts";
import { recordedStarts } from "./records/recorded-starts.ts";
import { type StartResumption, startResumption } from "./runs/start-resumption.ts";
import { type StopRuns, stopRuns } from "./runs/stop-runs.ts";
import { integraServer } from "./server/integra-server.ts";

export type { ExportFile } from "./records/export-files.ts";
export type { LandedSoFar } from "./records/file-progress.ts";

/** Everything that the API uses of exports. Outside of this wing only this file and the language are imported. */
export interface BulkExports {
  /** The faults of a request against its schema and the stage's settings. Each names the field. */
  faultsOf(detail: unknown): string[];
  /** The server's id of a group that is named by its id or its name; what was given, if the settings have no such group. */
  groupIdOf(idOrName: string): string;
  /** The progress of exports, with each of them. */
  progress: Pick<ExportProgressRecords, "create" | "find" | "list" | "beginRun" | "requestStop">;
  /** What landed of an export that still runs. */
  landedSoFar: FileProgress["read"];
  files: ExportFiles;
  /**
   * Starts the first run of an export. If its execution exists already, it stays as it is.
   * @throws the AWS SDK's error if Step Functions does not start it; the same call may then be made again
   */
  start(exportId: string, detail: ExportRequestDetail, trigger: Trigger): Promise<void>;
  /** Stops the runs of an export, as an event that requests a cancellation does. */
  stop: StopRuns;
  /** Starts a run that downloads the missing files of an export, as an event that requests it does. */
  resume: StartResumption;
}

const variables = z.object({
  EXPORT_TYPES: jsonVariable(z.array(z.string())),
  EXPORT_GROUPS: jsonVariable(z.array(exportGroup)),
});

/** What exports are made of. */
export interface BulkExportsPorts {
  s3: S3Client;
  bucket: LandingBucket;
  executions: Executions;
  openRuns: Pick<OpenRuns, "open" | "close">;
  progress: ExportProgressRecords;
  files: FileProgress;
  accepted: AcceptedRequests;
  log: ExportLog;
  now: () => number;
  sleep: (ms: number) => Promise<void>;
}

export function bulkExports({
  s3,
  bucket,
  openRuns,
  progress,
  files,
  accepted,
  ...others
}: BulkExportsPorts): BulkExports {
  const records = exportRecords(bucket);
  const executions = recordedStarts(others.executions, openRuns);
  const ports = { ...others, executions, records };
  return {
    faultsOf: (detail) => requestFaults(detail, accepted),
    groupIdOf: (idOrName) => findGroup(idOrName, accepted.groups)?.id ?? idOrName,
    progress,
    landedSoFar: (exportId, count) => files.read(exportId, count),
    files: exportFiles(s3, bucket.name, { records, receipts: receipts(bucket) }),
    start: async (exportId, detail, trigger) => {
      await executions.start(exportId, { detail, trigger });
    },
    stop: stopRuns(ports),
    resume: startResumption(ports),
  };
}

/**
 * Exports by the function's environment: `LEDGER_TABLE`, `STATE_MACHINE_ARN`, `EXPORT_TYPES`, `EXPORT_GROUPS` and `EXPORT_DAYS`.
 * @param bucket the landing bucket
 * @throws Error if the environment lacks a variable
 */
export function bulkExportsFromEnvironment(s3: S3Client, bucket: LandingBucket): BulkExports {
  const { EXPORT_TYPES: types, EXPORT_GROUPS: groups } = environment(variables);
  return bulkExports({
    s3,
    bucket,
    executions: executionsFromEnvironment(),
    openRuns: openRunsFromEnvironment(),
    progress: exportProgressFromEnvironment(),
    files: fileProgressFromEnvironment(),
    accepted: { types, groups },
    log: exportLog,
    now: Date.now,
    sleep: (ms) => sleep(ms),
  });
}

/** The newest exports, for a function that shows nothing else of them. The environment must have `LEDGER_TABLE`. */
export const newestExportsFromEnvironment = (): Pick<ExportProgressRecords, "list"> => exportProgressFromEnvironment();

const serverVariables = z.object({ INTEGRA_BASE_URL: z.url(), INTEGRA_TOKEN_URL: z.url().optional() });

/** The token endpoint of the stage's client, from `INTEGRA_BASE_URL` and `INTEGRA_TOKEN_URL`. */
export function clientTokenUrlFromEnvironment(): URL {
  const { INTEGRA_BASE_URL: baseUrl, INTEGRA_TOKEN_URL: tokenUrl } = environment(serverVariables);
  return integraServer({ baseUrl, tokenUrl }).tokenUrl;
}
