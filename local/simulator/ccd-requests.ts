import { newObjectId } from "#local/simulator/export-jobs.ts";
import type { SimulatorSettings } from "#local/simulator/options.ts";

export type CcdStatus = "Pending" | "Processing" | "Complete" | "Failed";

/** What a request for CCDs asks for. */
export interface CcdOrder {
  readonly userId: string;
  readonly patientId: string;
  /** Milliseconds since 1970: only encounters that begin at or after it. */
  readonly start: number | null;
  /** Milliseconds since 1970: only encounters that begin up to and including it. */
  readonly end: number | null;
}

/** A stored request for CCDs: the guide's bulkActionRequest. */
export interface CcdRequest {
  /** 24 hexadecimal digits. */
  readonly id: string;
  /** 1 for the first request of this server. */
  readonly number: number;
  readonly order: CcdOrder;
  readonly createdAt: number;
  /** Milliseconds since 1970; Infinity while nothing brings it forward. */
  readyAt: number;
  failed: boolean;
  /** Set when it is to keep its user from nothing any more, whatever its status is. */
  cleared: boolean;
  downloads: number;
  /** Made through other means than the requests under test. */
  readonly foreign: boolean;
}

/** The part of a request's time in which it is Pending, before it is Processing. */
const PENDING_SHARE = 0.3;

/** The requests for CCDs of one server. */
export class CcdRequests {
  readonly all: CcdRequest[] = [];
  readonly #settings: SimulatorSettings;

  constructor(settings: SimulatorSettings) {
    this.#settings = settings;
  }

  /** Creates a request whose documents are ready after `durationMs`. */
  create(order: CcdOrder, durationMs: number, foreign = false): CcdRequest {
    const createdAt = Date.now();
    const request: CcdRequest = {
      id: newObjectId(createdAt),
      number: this.all.length + 1,
      order,
      createdAt,
      readyAt: createdAt + durationMs,
      failed: false,
      cleared: false,
      downloads: 0,
      foreign,
    };
    this.all.push(request);
    return request;
  }

  /** The request with the id, if it is the user's. */
  find(id: string, userId: string): CcdRequest | undefined {
    return this.all.find((request) => request.id === id && request.order.userId === userId);
  }

  /** The user's request that is "either pending or processing" (guide: "Kick-off Request"), whoever made it. */
  pendingOf(userId: string): CcdRequest | undefined {
    return this.all.find((request) => request.order.userId === userId && this.#isPending(request));
  }

  #isPending(request: CcdRequest): boolean {
    if (request.cleared) return false;
    const status = ccdStatusOf(request);
    if (status === "Pending" || status === "Processing") return true;
    return status === "Complete" && this.#settings.ccdPendingUntil === "downloaded" && request.downloads === 0;
  }
}

/** The status of a request at present. */
export function ccdStatusOf(request: CcdRequest): CcdStatus {
  if (request.failed) return "Failed";
  const now = Date.now();
  if (now >= request.readyAt) return "Complete";
  return now < request.createdAt + (request.readyAt - request.createdAt) * PENDING_SHARE ? "Pending" : "Processing";
}
