import { newObjectId } from "#local/simulator/bulk-export/export-jobs.ts";
import type { SimulatorSettings } from "#local/simulator/options.ts";

export type ServerRequestStatus = "Pending" | "Processing" | "Complete" | "Failed";

/** The user and the searchCriteria of a request for CCDs (guide: "Kick-off Request"). */
export interface CcdCriteria {
  readonly userId: string;
  readonly patientId: string;
  /** Milliseconds since 1970. Only encounters that begin at or after it count. */
  readonly start: number | null;
  /** Milliseconds since 1970. Only encounters that begin at or before it count. */
  readonly end: number | null;
}

/** A request for CCDs as the server stores it: the guide's bulkActionRequest. */
export interface ServerRequest {
  /** 24 hexadecimal digits. */
  readonly id: string;
  /** 1 for the first request of this server. */
  readonly number: number;
  readonly criteria: CcdCriteria;
  readonly createdAt: number;
  /** Milliseconds since 1970; Infinity for a request that stays pending until its release. */
  readyAt: number;
  failed: boolean;
  /** True if the user may make another request in any status of this one. */
  released: boolean;
  downloads: number;
  /** True if the user made it by other means than the bridge under test. */
  readonly unrelated: boolean;
}

/** The share of a request's time in which it is Pending, before it is Processing. */
const PENDING_SHARE = 0.3;

/** The server requests for CCDs of one simulator. */
export class ServerRequests {
  readonly all: ServerRequest[] = [];
  readonly #settings: SimulatorSettings;

  constructor(settings: SimulatorSettings) {
    this.#settings = settings;
  }

  /** Creates a request whose documents are ready after `durationMs`. */
  create(criteria: CcdCriteria, durationMs: number, unrelated = false): ServerRequest {
    const createdAt = Date.now();
    const request: ServerRequest = {
      id: newObjectId(createdAt),
      number: this.all.length + 1,
      criteria,
      createdAt,
      readyAt: createdAt + durationMs,
      failed: false,
      released: false,
      downloads: 0,
      unrelated,
    };
    this.all.push(request);
    return request;
  }

  /** Finds the request with the id, if it is the user's. */
  find(id: string, userId: string): ServerRequest | undefined {
    return this.all.find((request) => request.id === id && request.criteria.userId === userId);
  }

  /** The user's request that is "either pending or processing" at that time (guide: "Kick-off Request"), by any client. */
  pendingOf(userId: string, at: number): ServerRequest | undefined {
    return this.all.find((request) => request.criteria.userId === userId && this.#isPending(request, at));
  }

  #isPending(request: ServerRequest, at: number): boolean {
    if (request.released) return false;
    const status = serverRequestStatus(request, at);
    if (status === "Pending" || status === "Processing") return true;
    return status === "Complete" && this.#settings.ccdPendingUntil === "downloaded" && request.downloads === 0;
  }
}

/** The status of a request at a time, in milliseconds since 1970. */
export function serverRequestStatus(request: ServerRequest, at: number): ServerRequestStatus {
  if (request.failed) return "Failed";
  if (at >= request.readyAt) return "Complete";
  return at < request.createdAt + (request.readyAt - request.createdAt) * PENDING_SHARE ? "Pending" : "Processing";
}
