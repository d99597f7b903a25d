import * as z from "zod";
import type { EventBus } from "#platform/bus/event-bus.ts";
import { type EventOf, eventHead, type Pointer, pointer } from "#platform/bus/event-language.ts";
import { ccdFaultNames } from "./ccd-faults.ts";
import { type CcdFailure, ccdRequestId } from "./ccd-request.ts";

/*
 * The events of a request for CCDs. Only the documents and the request's own record identify the patient.
 */

const ccdHead = { ...eventHead, requestId: ccdRequestId.describe("As the answer to the request for CCDs named it.") };

export const ccdReady = z.strictObject({
  ...ccdHead,
  documents: z.number().int().nonnegative().describe("How many documents landed: none where the patient has none."),
  index: pointer.describe("documents.json: a line on each document, and where it is."),
});

export const ccdFailed = z.strictObject({
  ...ccdHead,
  error: z.strictObject({
    name: z.union([z.enum(ccdFaultNames), z.literal("Unexpected")]),
    message: z.string().describe("What happened and what to do, for people."),
  }),
});

/** Every event of a request for CCDs, by its `detail-type`. */
export const ccdEvents = { "Ccd Ready": ccdReady, "Ccd Failed": ccdFailed } as const;

export type CcdEvent = EventOf<typeof ccdEvents>;

/** The bus as requests for CCDs use it. */
export type CcdEventBus = EventBus<CcdEvent>;

/** That a request's documents stand in S3. */
export function ccdReadyEvent(requestId: string, documents: number, index: Pointer): CcdEvent {
  return { type: "Ccd Ready", detail: { version: "1", eventId: `${requestId}/ready`, requestId, documents, index } };
}

/** Why a request has no documents. */
export function ccdFailedEvent(requestId: string, error: z.infer<typeof ccdFailed>["error"] & CcdFailure): CcdEvent {
  return { type: "Ccd Failed", detail: { version: "1", eventId: `${requestId}/failed`, requestId, error } };
}
