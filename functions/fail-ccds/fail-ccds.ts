import type { EventBus } from "#announcements/event-bus.ts";
import { ccdFaultNames } from "#contracts/ccd-faults.ts";
import type { FailCcdsInput } from "#contracts/ccd-state.ts";
import { faultNames } from "#contracts/errors.ts";
import type { Failed } from "#contracts/export-state.ts";
import { userFaultNames } from "#contracts/user-faults.ts";
import { ccdFailedEvent } from "#functions/workflow/ccd-events.ts";
import { explainedFailure } from "#functions/workflow/explained-failure.ts";
import type { CcdRequests } from "#ledger/ccd-requests.ts";
import type { Log } from "#runtime/log.ts";
import type { Step } from "#runtime/step.ts";

export interface FailCcdsPorts {
  requests: Pick<CcdRequests, "find" | "end">;
  bus: EventBus;
  log: Log;
  now: () => number;
}

const known = [...faultNames, ...userFaultNames, ...ccdFaultNames];

/**
 * Ends the request with the reason, for its caller, tells the subscribers, and hands the same words to the Fail state. A
 * request whose documents were served already stays ready: what was told first stands.
 * @throws EventsUndelivered
 */
export const failCcds =
  (ports: FailCcdsPorts): Step<FailCcdsInput, Failed> =>
  async ({ request: { requestId }, failure }) => {
    const error = explainedFailure(failure, known);
    ports.log.error("a request for CCDs failed", { fault: error.name, reason: error.message });
    const record = await ports.requests.find(requestId);
    if (record !== undefined && record.state !== "ready") {
      await ports.requests.end(requestId, error, new Date(ports.now()).toISOString());
      await ports.bus.publish(ccdFailedEvent(requestId, error));
    }
    return { error: error.name, cause: error.message };
  };
