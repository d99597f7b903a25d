import {
  type ExportJob,
  type ExportJobs,
  type JobRequest,
  type JobStatus,
  statusOf,
} from "#local/simulator/bulk-export/export-jobs.ts";
import { EXPORT_PATH } from "#local/simulator/bulk-export/kick-off-endpoint.ts";
import { type ExportLevel, RESOURCE_TYPES, type ResourceType } from "#local/simulator/records/resource-types.ts";
import type { SimulatorState } from "#local/simulator/simulator-state.ts";

/** Summary of an export job. */
export interface JobSummary {
  readonly id: string;
  readonly clientId: string;
  readonly level: ExportLevel;
  readonly groupId: string | null;
  /** Null if `_type` was not sent. */
  readonly types: readonly ResourceType[] | null;
  readonly since: string | null;
  readonly status: JobStatus;
  readonly deleted: boolean;
  readonly downloads: number;
  /** How many kick-off requests got this job's URL. */
  readonly kickOffs: number;
  readonly transactionTime: string;
  readonly statusUrl: string;
}

/** A job that the client made by other means than the bridge under test. */
export interface UnrelatedJob {
  readonly clientId: string;
  readonly level: ExportLevel;
  readonly groupId?: string;
  readonly types?: readonly ResourceType[];
  readonly since?: string;
}

/** Summaries of all jobs, the oldest first. */
export function summarize(state: SimulatorState): JobSummary[] {
  return state.jobs.all.map((job) => ({
    id: job.id,
    clientId: job.request.clientId,
    level: job.request.level,
    groupId: job.request.groupId ?? null,
    types: job.request.types ?? null,
    since: job.request.since ?? null,
    status: statusOf(job, Date.now()),
    deleted: job.deleted,
    downloads: job.downloads,
    kickOffs: job.kickOffs,
    transactionTime: job.transactionTime,
    statusUrl: `${state.baseUrl}${EXPORT_PATH}${job.id}`,
  }));
}

/** Finishes all pending and processing jobs at once. */
export function completeAll(jobs: ExportJobs): void {
  for (const job of jobs.all) job.completesAt = Math.min(job.completesAt, Date.now());
}

/** The job with the id. Throws RangeError if the id is unknown. */
export function jobById(jobs: ExportJobs, id: string): ExportJob {
  const job = jobs.all.find((one) => one.id === id);
  if (job === undefined) throw new RangeError(`there is no job ${id}`);
  return job;
}

/** Adds a job that is Pending from now on. Returns its id. */
export function addUnrelatedJob(state: SimulatorState, unrelated: UnrelatedJob): string {
  const segment = { Patient: "Patient/", Group: `Group/${unrelated.groupId}/`, System: "" }[unrelated.level];
  const query = new URLSearchParams({
    ...(unrelated.types === undefined ? {} : { _type: unrelated.types.join(",") }),
    ...(unrelated.since === undefined ? {} : { _since: unrelated.since }),
  });
  const request: JobRequest = {
    ...unrelated,
    readableTypes: RESOURCE_TYPES,
    requestUrl: `${state.baseUrl}${EXPORT_PATH}${segment}$export${query.size === 0 ? "" : `?${query.toString()}`}`,
  };
  return state.jobs.create(request, state.settings.exportDurationMs, state.transactionTime).id;
}
