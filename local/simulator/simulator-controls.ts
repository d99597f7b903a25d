import {
  type ExportJob,
  type ExportJobs,
  type JobRequest,
  type JobStatus,
  statusOf,
} from "#local/simulator/export-jobs.ts";
import { EXPORT_PATH } from "#local/simulator/kick-off-endpoint.ts";
import { type ExportLevel, RESOURCE_TYPES, type ResourceType } from "#local/simulator/resource-types.ts";
import type { SimulatorState } from "#local/simulator/simulator-state.ts";

/** What is known of a job, for tests and people. */
export interface JobSummary {
  readonly id: string;
  readonly clientId: string;
  readonly level: ExportLevel;
  readonly groupId: string | null;
  /** Null when `_type` was not sent. */
  readonly types: readonly ResourceType[] | null;
  readonly since: string | null;
  readonly status: JobStatus;
  readonly deleted: boolean;
  readonly downloads: number;
  /** Kick-off requests that were given this job's URL. */
  readonly kickOffs: number;
  readonly transactionTime: string;
  readonly statusUrl: string;
}

/** A job that the client made through other means than the requests under test. */
export interface ForeignJob {
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
    status: statusOf(job),
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

/** The job with the id. Throws RangeError when there is none. */
export function jobById(jobs: ExportJobs, id: string): ExportJob {
  const job = jobs.all.find((one) => one.id === id);
  if (job === undefined) throw new RangeError(`there is no job ${id}`);
  return job;
}

/** Adds a job that is Pending from now on; returns its id. */
export function addForeignJob(state: SimulatorState, foreign: ForeignJob): string {
  const segment = { Patient: "Patient/", Group: `Group/${foreign.groupId}/`, System: "" }[foreign.level];
  const query = new URLSearchParams({
    ...(foreign.types === undefined ? {} : { _type: foreign.types.join(",") }),
    ...(foreign.since === undefined ? {} : { _since: foreign.since }),
  });
  const request: JobRequest = {
    ...foreign,
    readableTypes: RESOURCE_TYPES,
    requestUrl: `${state.baseUrl}${EXPORT_PATH}${segment}$export${query.size === 0 ? "" : `?${query.toString()}`}`,
  };
  return state.jobs.create(request, state.settings.exportDurationMs, state.transactionTime).id;
}
