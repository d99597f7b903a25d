import type { CcdEventBus } from "#ccd-retrieval/language/ccd-events.ts";
import { ccdFailedEvent } from "#ccd-retrieval/language/ccd-events.ts";
import { ccdFaultNames } from "#ccd-retrieval/language/ccd-faults.ts";
import type { FailCcdsInput } from "#ccd-retrieval/language/ccd-state.ts";
import type { CcdRequests } from "#ccd-retrieval/records/ccd-request-records.ts";
import type { Explanation } from "#platform/executions/explained-failure.ts";
import { explainedFailure } from "#platform/executions/explained-failure.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface FailCcdsPorts {
  requests: Pick<CcdRequests, "find" | "end">;
  bus: CcdEventBus;
  log: Log;
  now: () => number;
}

/**
 * Ends the request with the reason, for its caller, tells the subscribers, and hands the same words to the Fail state. A
 * request whose documents were served already stays ready: what was told first stands.
 * @throws EventsUndelivered
 */
export const failCcds =
  (ports: FailCcdsPorts): Step<FailCcdsInput, Explanation> =>
  async ({ request: { requestId }, failure }) => {
    const error = explainedFailure(failure, ccdFaultNames);
    ports.log.error("a request for CCDs failed", { fault: error.name, reason: error.message });
    const record = await ports.requests.find(requestId);
    if (record !== undefined && record.state !== "ready") {
      await ports.requests.end(requestId, error, new Date(ports.now()).toISOString());
      await ports.bus.publish(ccdFailedEvent(requestId, error));
    }
    return { error: error.name, cause: error.message };
  };
