import type { CcdEventBus } from "#ccd-retrieval/language/ccd-events.ts";
import { ccdReadyEvent } from "#ccd-retrieval/language/ccd-events.ts";
import type { AnnounceCcdsInput } from "#ccd-retrieval/language/ccd-state.ts";
import type { CcdLanding } from "#ccd-retrieval/records/ccd-landing.ts";
import type { CcdRequests } from "#ccd-retrieval/records/ccd-request-records.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface AnnounceCcdsPorts {
  requests: Pick<CcdRequests, "end">;
  landing: Pick<CcdLanding, "findIndex" | "indexPointer">;
  bus: CcdEventBus;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Publishes `Ccd Ready`, then ends the CCD request, which shows the documents to its caller.
 * @throws EventsUndelivered
 */
export const announceCcds =
  (ports: AnnounceCcdsPorts): Step<AnnounceCcdsInput, Record<string, never>> =>
  async ({ request: { requestId } }) => {
    const index = await ports.landing.findIndex(requestId);
    if (index === undefined)
      throw new Error(
        `documents.json of CCD request ${requestId} is not in the landing bucket: check who deleted it, and make the request again`,
      );
    // If an attempt ends in between, the next one publishes the event again. In the other order, the event could be lost.
    await ports.bus.publish(ccdReadyEvent(index, ports.landing.indexPointer(requestId)));
    await ports.requests.end(requestId, null, new Date(ports.now()).toISOString());
    return {};
  };
