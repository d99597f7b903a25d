import { type CcdDocument, ccdDocuments } from "#local/simulator/ccd/ccd-documents.ts";
import {
  type CcdCriteria,
  type ServerRequest,
  type ServerRequestStatus,
  type ServerRequests,
  serverRequestStatus,
} from "#local/simulator/ccd/server-requests.ts";
import type { SimulatorState } from "#local/simulator/simulator-state.ts";

/** Summary of a server request for CCDs. */
export interface ServerRequestSummary extends CcdCriteria {
  readonly id: string;
  readonly status: ServerRequestStatus;
  readonly downloads: number;
  readonly unrelated: boolean;
}

/** A server request that the user made by other means than the bridge under test. */
export interface UnrelatedServerRequest {
  readonly userId: string;
  readonly patientId: string;
  /** Time until the request is no longer pending. By default it stays pending until `releaseServerRequest`. */
  readonly durationMs?: number;
}

/** Controls of server requests for CCDs. */
export interface CcdControls {
  /** All server requests for CCDs, the oldest first. */
  readonly serverRequests: () => ServerRequestSummary[];
  /** The exact documents of a server request, one per encounter. Throws RangeError if the id is unknown. */
  readonly ccdDocumentsOf: (requestId: string) => CcdDocument[];
  /** Adds a pending request as if the user had made it elsewhere. Returns its id. */
  readonly addUnrelatedServerRequest: (request: UnrelatedServerRequest) => string;
  /** Makes the documents of all requests ready at once, except of requests that stay pending until their release. */
  readonly completeServerRequests: () => void;
  /** Lets the user make another request, in any status of this one. Throws RangeError. */
  readonly releaseServerRequest: (requestId: string) => void;
  /** Makes the request fail: its download answers 500 from now on. Throws RangeError. */
  readonly failServerRequest: (requestId: string) => void;
}

/** The controls of one simulator's server requests. */
export function ccdControlsOf(state: SimulatorState): CcdControls {
  const byId = (id: string): ServerRequest => serverRequestById(state.serverRequests, id);
  return {
    serverRequests: () =>
      state.serverRequests.all.map((request) => ({
        id: request.id,
        ...request.criteria,
        status: serverRequestStatus(request, Date.now()),
        downloads: request.downloads,
        unrelated: request.unrelated,
      })),
    ccdDocumentsOf: (id) => ccdDocuments(state.records, byId(id).criteria, state.settings),
    addUnrelatedServerRequest: ({ userId, patientId, durationMs = Infinity }) =>
      state.serverRequests.create({ userId, patientId, start: null, end: null }, durationMs, true).id,
    completeServerRequests: () => completeServerRequests(state.serverRequests),
    releaseServerRequest: (id) => {
      byId(id).released = true;
    },
    failServerRequest: (id) => {
      byId(id).failed = true;
    },
  };
}

/** Makes the documents of all requests ready at once, except of requests that stay pending until their release. */
export function completeServerRequests(requests: ServerRequests): void {
  for (const request of requests.all) {
    if (request.readyAt !== Infinity) request.readyAt = Math.min(request.readyAt, Date.now());
  }
}

function serverRequestById(requests: ServerRequests, id: string): ServerRequest {
  const request = requests.all.find((one) => one.id === id);
  if (request === undefined) throw new RangeError(`there is no request ${id}`);
  return request;
}
