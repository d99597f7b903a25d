import type { EventBus } from "#announcements/event-bus.ts";
import type { AnnounceCcdsInput } from "#contracts/ccd-state.ts";
import { ccdReadyEvent } from "#functions/workflow/ccd-events.ts";
import type { CcdLanding } from "#landing/ccd-landing.ts";
import type { CcdRequests } from "#ledger/ccd-requests.ts";
import type { Step } from "#runtime/step.ts";

export interface AnnounceCcdsPorts {
  requests: Pick<CcdRequests, "end">;
  landing: Pick<CcdLanding, "findIndex" | "indexPointer">;
  bus: EventBus;
  now: () => number;
}

/**
 * Ends the request, so that its caller sees the documents, and tells the subscribers that they are there.
 * @throws EventsUndelivered
 */
export const announceCcds =
  (ports: AnnounceCcdsPorts): Step<AnnounceCcdsInput, Record<string, never>> =>
  async ({ request: { requestId } }) => {
    const index = await ports.landing.findIndex(requestId);
    if (index === undefined) throw new Error(`the index of the documents of ${requestId} is missing`);
    await ports.requests.end(requestId, null, new Date(ports.now()).toISOString());
    await ports.bus.publish(ccdReadyEvent(requestId, index.documents.length, ports.landing.indexPointer(requestId)));
    return {};
  };
