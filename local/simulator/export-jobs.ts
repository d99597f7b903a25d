import { randomBytes } from "node:crypto";
import type { Dataset, DatasetSelection, ExportFile } from "#local/simulator/dataset.ts";
import type { ExportLevel, ResourceType } from "#local/simulator/resource-types.ts";

export type JobStatus = "Pending" | "Processing" | "Complete" | "Failed";

/** What a kick-off request asked for. */
export interface JobRequest {
  readonly clientId: string;
  readonly level: ExportLevel;
  readonly groupId?: string | undefined;
  /** The types of `_type`; absent when it was not sent. */
  readonly types?: readonly ResourceType[] | undefined;
  readonly since?: string | undefined;
  /** What the token permitted, which limits the export when `_type` was not sent. */
  readonly readableTypes: readonly ResourceType[];
  readonly requestUrl: string;
}

export interface ExportJob {
  /** The guide's bulkActionRequestId: 24 hexadecimal digits. */
  readonly id: string;
  /** The guide's objectId of the files; differs from the id so that nobody can build URLs from that. */
  readonly objectId: string;
  /** Secret of the capability URLs. */
  readonly capability: string;
  /** 1 for the first job of this server. */
  readonly number: number;
  readonly request: JobRequest;
  readonly createdAt: number;
  /** Milliseconds since 1970; brought forward by `completeJobs`. */
  completesAt: number;
  readonly transactionTime: string;
  readonly files: readonly ExportFile[];
  failed: boolean;
  deleted: boolean;
  filesExpired: boolean;
  downloads: number;
  /** How many kick-off requests were given this job's URL. */
  kickOffs: number;
  /** Status requests before this time come too early; 0 when none was answered 202 yet. */
  nextStatusAt: number;
}

/** The part of a job's time in which it is Pending, before it is Processing. */
const PENDING_SHARE = 0.3;

/** The jobs of one server. */
export class ExportJobs {
  readonly all: ExportJob[] = [];
  readonly #data: Dataset;

  constructor(data: Dataset) {
    this.#data = data;
  }

  /** Creates a job that takes `durationMs`; the files hold what was updated up to the transaction time. */
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
    const job: ExportJob = {
      id: newObjectId(createdAt),
      objectId: newObjectId(createdAt),
      capability: randomBytes(24).toString("base64url"),
      number: this.all.length + 1,
      request,
      createdAt,
      completesAt: createdAt + durationMs,
      transactionTime: time,
      files: this.#data.files(selection),
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

  /** The job with the id, unless it was deleted or belongs to another client. */
  find(id: string, clientId: string): ExportJob | undefined {
    return this.all.find((job) => job.id === id && job.request.clientId === clientId && !job.deleted);
  }

  /** The stored job of the guide's "Matching Criteria": user, status Pending or Processing, and type of request. */
  matching(clientId: string, level: ExportLevel): ExportJob | undefined {
    return this.all.find(
      (job) =>
        job.request.clientId === clientId &&
        job.request.level === level &&
        !job.deleted &&
        ["Pending", "Processing"].includes(statusOf(job)),
    );
  }
}

/** The status of a job at present. */
export function statusOf(job: ExportJob): JobStatus {
  if (job.failed) return "Failed";
  const now = Date.now();
  if (now >= job.completesAt) return "Complete";
  return now < job.createdAt + (job.completesAt - job.createdAt) * PENDING_SHARE ? "Pending" : "Processing";
}

/** Looks like a MongoDB ObjectId, as the guide's ids do: seconds since 1970, then 8 random bytes. */
export function newObjectId(time: number): string {
  return (
    Math.floor(time / 1000)
      .toString(16)
      .padStart(8, "0") + randomBytes(8).toString("hex")
  );
}
