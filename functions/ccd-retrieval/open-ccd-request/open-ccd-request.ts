import type { CcdContext, OpenCcdInput } from "#ccd-retrieval/language/ccd-state.ts";
import type { CcdAudit } from "#ccd-retrieval/records/ccd-audit.ts";
import type { CcdRequests } from "#ccd-retrieval/records/ccd-request-records.ts";
import { InvalidRequest } from "#platform/faults/faults.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface OpenCcdRequestPorts {
  requests: Pick<CcdRequests, "find">;
  audit: CcdAudit;
  /** Seconds from the caller's request to its deadline. */
  allowedSeconds: number;
}

/**
 * Finds the request's record, keeps who asked in the audit trail, and sets the deadline, which counts from when the
 * caller asked.
 * @throws InvalidRequest where there is no such request, or it has its end already
 */
export const openCcdRequest =
  (ports: OpenCcdRequestPorts): Step<OpenCcdInput, CcdContext> =>
  async ({ request: { requestId, startedAt } }) => {
    const record = await ports.requests.find(requestId);
    if (record === undefined) throw new InvalidRequest([`there is no request ${requestId}`]);
    if (record.state !== "pending") throw new InvalidRequest([`the request ${requestId} is ${record.state} already`]);
    const { caller, sessionId, requestedAt } = record;
    await ports.audit.append(requestId, "requested", { by: caller, sessionId, requestedAt });
    const deadlineAt = Math.ceil(Date.parse(requestedAt) / 1000 + ports.allowedSeconds);
    return { requestId, startedAt, sessionId, deadlineAt };
  };
