import type { CcdContext, OpenCcdInput } from "#contracts/ccd-state.ts";
import { InvalidRequest } from "#contracts/errors.ts";
import type { AuditTrail } from "#landing/audit-trail.ts";
import type { CcdRequests } from "#ledger/ccd-requests.ts";
import type { Step } from "#runtime/step.ts";

export interface OpenCcdRequestPorts {
  requests: Pick<CcdRequests, "find">;
  audit: Pick<AuditTrail, "appendToCcds">;
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
    await ports.audit.appendToCcds(requestId, "requested", { by: caller, sessionId, requestedAt });
    const deadlineAt = Math.ceil(Date.parse(requestedAt) / 1000 + ports.allowedSeconds);
    return { requestId, startedAt, sessionId, deadlineAt };
  };
