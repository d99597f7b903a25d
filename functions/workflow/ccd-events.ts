import type { CcdFailure } from "#contracts/ccd-request.ts";
import type { BridgeEvent, EventDetail } from "#contracts/events.ts";

/** That a request's documents stand in S3. */
export function ccdReadyEvent(
  requestId: string,
  documents: number,
  index: EventDetail<"Ccd Ready">["index"],
): BridgeEvent {
  return { type: "Ccd Ready", detail: { version: "1", eventId: `${requestId}/ready`, requestId, documents, index } };
}

/** Why a request has no documents. */
export function ccdFailedEvent(requestId: string, error: EventDetail<"Ccd Failed">["error"] & CcdFailure): BridgeEvent {
  return { type: "Ccd Failed", detail: { version: "1", eventId: `${requestId}/failed`, requestId, error } };
}
