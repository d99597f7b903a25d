import { type CcdDocument, ccdDocuments } from "#local/simulator/ccd-documents.ts";
import {
  type CcdOrder,
  type CcdRequest,
  type CcdRequests,
  type CcdStatus,
  ccdStatusOf,
} from "#local/simulator/ccd-requests.ts";
import type { SimulatorState } from "#local/simulator/simulator-state.ts";

/** What is known of a request for CCDs, for tests and people. */
export interface CcdRequestSummary extends CcdOrder {
  readonly id: string;
  readonly status: CcdStatus;
  readonly downloads: number;
  readonly foreign: boolean;
}

/** A request that was made for the user through other means than the requests under test. */
export interface ForeignCcdRequest {
  readonly userId: string;
  readonly patientId: string;
  /** Until it stops being pending by itself; default never, so that only `clearCcdRequest` ends it. */
  readonly durationMs?: number;
}

/** What tests and people do with requests for CCDs, their users and sessions excepted. */
export interface CcdControls {
  /** All requests for CCDs, the oldest first. */
  readonly ccdRequests: () => CcdRequestSummary[];
  /** The very documents of a request, one per encounter. Throws RangeError when there is none with the id. */
  readonly ccdDocumentsOf: (requestId: string) => CcdDocument[];
  /** Adds a pending request as if the user had made it elsewhere; returns its id. */
  readonly addForeignCcdRequest: (request: ForeignCcdRequest) => string;
  /** Makes the documents of all requests ready at once; foreign ones that never end stay. */
  readonly completeCcdRequests: () => void;
  /** Lets the user make another request, whatever the status of this one is. Throws RangeError. */
  readonly clearCcdRequest: (requestId: string) => void;
  /** Makes the request fail: its download is 500 from now on. Throws RangeError. */
  readonly failCcdRequest: (requestId: string) => void;
}

/** The controls of one server's requests for CCDs. */
export function ccdControlsOf(state: SimulatorState): CcdControls {
  const byId = (id: string): CcdRequest => ccdRequestById(state.ccdRequests, id);
  return {
    ccdRequests: () =>
      state.ccdRequests.all.map((request) => ({
        id: request.id,
        ...request.order,
        status: ccdStatusOf(request),
        downloads: request.downloads,
        foreign: request.foreign,
      })),
    ccdDocumentsOf: (id) => ccdDocuments(state.records, byId(id).order, state.settings),
    addForeignCcdRequest: ({ userId, patientId, durationMs = Infinity }) =>
      state.ccdRequests.create({ userId, patientId, start: null, end: null }, durationMs, true).id,
    completeCcdRequests: () => completeCcdRequests(state.ccdRequests),
    clearCcdRequest: (id) => {
      byId(id).cleared = true;
    },
    failCcdRequest: (id) => {
      byId(id).failed = true;
    },
  };
}

/** Makes the documents of all requests ready at once, except those that wait to be cleared by hand. */
export function completeCcdRequests(requests: CcdRequests): void {
  for (const request of requests.all) {
    if (request.readyAt !== Infinity) request.readyAt = Math.min(request.readyAt, Date.now());
  }
}

function ccdRequestById(requests: CcdRequests, id: string): CcdRequest {
  const request = requests.all.find((one) => one.id === id);
  if (request === undefined) throw new RangeError(`there is no request ${id}`);
  return request;
}
