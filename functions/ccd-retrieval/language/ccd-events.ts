import * as z from "zod";
import type { EventBus } from "#platform/bus/event-bus.ts";
import { type EventOf, eventHead, type Pointer, pointer } from "#platform/bus/event-language.ts";
import { ccdFaultNames } from "./ccd-faults.ts";
import { type CcdDocuments, type CcdFailure, refusedCcd } from "./ccd-request.ts";
import { ccdRequestId } from "./ccd-request-id.ts";

/*
 * The events of a CCD request. Only the documents and the request's record identify the patient; no event does.
 */

const ccdHead = { ...eventHead, requestId: ccdRequestId.describe("The id from the answer to POST /ccd-requests.") };

export const ccdReady = z.strictObject({
  ...ccdHead,
  documents: z.number().int().nonnegative().describe("How many documents landed. 0 if the patient has none."),
  index: pointer.describe("documents.json: it lists each document with its key."),
  refused: z
    .array(refusedCcd)
    .optional()
    .describe("The documents that were refused, and are in quarantine. Absent if none was refused."),
});

export const ccdFailed = z.strictObject({
  ...ccdHead,
  error: z.strictObject({
    name: z.union([z.enum(ccdFaultNames), z.literal("Unexpected")]),
    message: z.string().describe("What happened and what to do, for people."),
  }),
});

/** Every event of a CCD request, by its `detail-type`. */
export const ccdEvents = { "Ccd Ready": ccdReady, "Ccd Failed": ccdFailed } as const;

export type CcdEvent = EventOf<typeof ccdEvents>;

/** The bus that takes the events of CCD requests. */
export type CcdEventBus = EventBus<CcdEvent>;

/** The event that the documents of a CCD request are in S3. */
export function ccdReadyEvent({ requestId, documents, refused }: CcdDocuments, index: Pointer): CcdEvent {
  const detail = {
    version: "1",
    eventId: `${requestId}/ready`,
    requestId,
    documents: documents.length,
    index,
  } as const;
  return { type: "Ccd Ready", detail: { ...detail, ...(refused !== undefined && { refused }) } };
}

/** The event that a CCD request failed, with the reason. */
export function ccdFailedEvent(requestId: string, error: z.infer<typeof ccdFailed>["error"] & CcdFailure): CcdEvent {
  return { type: "Ccd Failed", detail: { version: "1", eventId: `${requestId}/failed`, requestId, error } };
}
