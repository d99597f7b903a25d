import { type CcdEvent, type CcdEventBus, ccdFailedEvent, ccdReadyEvent } from "#ccd-retrieval/language/ccd-events.ts";
import type { CcdsRefused, DocumentsRefused, WrongPatient } from "#ccd-retrieval/language/ccd-faults.ts";
import type { CcdFailure, CcdRequestRecord } from "#ccd-retrieval/language/ccd-request.ts";
import type { CcdLogCode } from "#ccd-retrieval/language/log-codes.ts";
import type { CcdLanding } from "#ccd-retrieval/records/ccd-landing.ts";
import type { CcdRequests } from "#ccd-retrieval/records/ccd-request-records.ts";
import type { ServerUnavailable } from "#platform/faults/faults.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { LandedDocuments } from "./land-documents.ts";

export interface FinishPorts {
  requests: Pick<CcdRequests, "end">;
  landing: Pick<CcdLanding, "indexPointer">;
  bus: CcdEventBus;
  log: Log<CcdLogCode>;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** A fault that ends the CCD request whose documents were fetched, and no other request. */
export type RequestFault = CcdsRefused | DocumentsRefused | WrongPatient | ServerUnavailable;

/**
 * Ends a CCD request whose own execution has ended too early to do so: publishes its event, then stores its end. A request that
 * has ended already stays as it is.
 * @throws EventsUndelivered
 */
export async function finishUnfinishedRequest(
  ports: FinishPorts,
  { requestId, state }: CcdRequestRecord,
  end: LandedDocuments | RequestFault,
): Promise<void> {
  if (state !== "pending") return;
  const failure: (CcdFailure & { name: RequestFault["name"] }) | null =
    end instanceof Error ? { name: end.name, message: end.message } : null;
  const event: CcdEvent =
    end instanceof Error
      ? ccdFailedEvent(requestId, { name: end.name, message: end.message })
      : ccdReadyEvent(end.index, ports.landing.indexPointer(requestId));
  // If an attempt ends in between, the next one publishes the event again. In the other order, the event could be lost.
  await ports.bus.publish(event);
  await ports.requests.end(requestId, failure, new Date(ports.now()).toISOString());
  ports.log.warn("UNFINISHED_CCD_REQUEST_FINISHED", { requestId, failure: failure?.name ?? null });
}
