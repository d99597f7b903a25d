import { randomBytes } from "node:crypto";
import type { Dataset, DatasetSelection, ExportFile } from "#local/simulator/records/dataset.ts";
import type { ExportLevel, ResourceType } from "#local/simulator/records/resource-types.ts";

export type JobStatus = "Pending" | "Processing" | "Complete" | "Failed";

/** The parameters of a kick-off request, and its client. */
export interface JobRequest {
  readonly clientId: string;
  readonly level: ExportLevel;
  readonly groupId?: string | undefined;
  /** The types of `_type`; absent if it was not sent. */
  readonly types?: readonly ResourceType[] | undefined;
  readonly since?: string | undefined;
  /** The types that the token permits. They limit the export if `_type` was not sent. */
  readonly readableTypes: readonly ResourceType[];
  readonly requestUrl: string;
}

export interface ExportJob {
  /** The guide's bulkActionRequestId: 24 hexadecimal digits. */
  readonly id: string;
  /** The guide's objectId of the files; differs from the id, so that no client can build URLs from the id. */
  readonly objectId: string;
  /** Secret of the capability URLs. */
  readonly capability: string;
  /** 1 for the first job of this server. */
  readonly number: number;
  readonly request: JobRequest;
  readonly createdAt: number;
  /** Milliseconds since 1970; `completeJobs` sets it to the present. */
  completesAt: number;
  readonly transactionTime: string;
  readonly files: readonly ExportFile[];
  /** `files` by their names. */
  readonly filesByName: ReadonlyMap<string, ExportFile>;
  failed: boolean;
  deleted: boolean;
  filesExpired: boolean;
  downloads: number;
  /** How many kick-off requests got this job's URL. */
  kickOffs: number;
  /** Status requests before this time are too early; 0 before the first 202. */
  nextStatusAt: number;
}

/** The share of a job's time in which it is Pending, before it is Processing. */
const PENDING_SHARE = 0.3;

/** The jobs of one server. */
export class ExportJobs {
  readonly all: ExportJob[] = [];
  readonly #data: Dataset;

  constructor(data: Dataset) {
    this.#data = data;
  }

  /** Creates a job that takes `durationMs`. Its files have the resources that were updated up to the transaction time. */
  create(request: JobRequest, durationMs: number, transactionTime: string | null): ExportJob {
    const createdAt = Date.now();
    const time = transactionTime ?? new Date(createdAt).toISOString();
    const selection: DatasetSelection = {
      level: request.level,
      groupId: request.groupId,
      types: request.types ?? request.readableTypes,
      since: request.since,
      transactionTime: time,
    };
    const files = this.#data.files(selection);
    const job: ExportJob = {
      id: newObjectId(createdAt),
      objectId: newObjectId(createdAt),
      capability: randomBytes(24).toString("base64url"),
      number: this.all.length + 1,
      request,
      createdAt,
      completesAt: createdAt + durationMs,
      transactionTime: time,
      files,
      filesByName: new Map(files.map((file) => [file.fileName, file])),
      failed: false,
      deleted: false,
      filesExpired: false,
      downloads: 0,
      kickOffs: 0,
      nextStatusAt: 0,
    };
    this.all.push(job);
    return job;
  }

  /** Finds the job with the id, unless it was deleted or belongs to another client. */
  find(id: string, clientId: string): ExportJob | undefined {
    return this.all.find((job) => job.id === id && job.request.clientId === clientId && !job.deleted);
  }

  /** Finds the stored job by the guide's "Matching Criteria": user, status Pending or Processing at that time, and type of request. */
  findMatching(clientId: string, level: ExportLevel, at: number): ExportJob | undefined {
    return this.all.find(
      (job) =>
        job.request.clientId === clientId &&
        job.request.level === level &&
        !job.deleted &&
        ["Pending", "Processing"].includes(statusOf(job, at)),
    );
  }
}

/** The status of a job at a time, in milliseconds since 1970. */
export function statusOf(job: ExportJob, at: number): JobStatus {
  if (job.failed) return "Failed";
  if (at >= job.completesAt) return "Complete";
  return at < job.createdAt + (job.completesAt - job.createdAt) * PENDING_SHARE ? "Pending" : "Processing";
}

/** Looks like a MongoDB ObjectId, as the guide's ids do: seconds since 1970, then 8 random bytes. */
export function newObjectId(time: number): string {
  return (
    Math.floor(time / 1000)
      .toString(16)
      .padStart(8, "0") + randomBytes(8).toString("hex")
  );
}
