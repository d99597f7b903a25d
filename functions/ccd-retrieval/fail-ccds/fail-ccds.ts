import type { CcdEventBus } from "#ccd-retrieval/language/ccd-events.ts";
import { ccdFailedEvent } from "#ccd-retrieval/language/ccd-events.ts";
import { ccdFaultNames } from "#ccd-retrieval/language/ccd-faults.ts";
import type { FailCcdsInput } from "#ccd-retrieval/language/ccd-state.ts";
import type { CcdLogCode } from "#ccd-retrieval/language/log-codes.ts";
import type { CcdRequests } from "#ccd-retrieval/records/ccd-request-records.ts";
import type { Explanation } from "#platform/executions/explained-failure.ts";
import { explainedFailure } from "#platform/executions/explained-failure.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface FailCcdsPorts {
  requests: Pick<CcdRequests, "find" | "end">;
  bus: CcdEventBus;
  log: Log<CcdLogCode>;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Publishes `Ccd Failed`, ends the CCD request with the reason for its caller, and returns the same words for the Fail state.
 * A request that has ended already stays as it is, and nothing is published twice: the rule for executions that ended early also
 * invokes this step for those that ended their request themselves.
 * @throws EventsUndelivered
 */
export const failCcds =
  (ports: FailCcdsPorts): Step<FailCcdsInput, Explanation> =>
  async ({ request: { requestId }, failure }) => {
    const error = explainedFailure(failure, ccdFaultNames);
    const record = await ports.requests.find(requestId);
    if (record === undefined || record.state === "pending")
      ports.log.error("CCD_REQUEST_FAILED", { fault: error.name, reason: error.message });
    if (record?.state === "pending") {
      // The event comes first, as in `announce-ccds`, so that every end has its event.
      await ports.bus.publish(ccdFailedEvent(requestId, error));
      await ports.requests.end(requestId, error, new Date(ports.now()).toISOString());
    }
    return { error: error.name, cause: error.message };
  };
