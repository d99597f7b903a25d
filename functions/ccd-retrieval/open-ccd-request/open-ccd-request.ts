import type { CcdContext, OpenCcdRequestInput } from "#ccd-retrieval/language/ccd-state.ts";
import type { CcdAudit } from "#ccd-retrieval/records/ccd-audit.ts";
import type { CcdRequests } from "#ccd-retrieval/records/ccd-request-records.ts";
import { InvalidRequest } from "#platform/faults/faults.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface OpenCcdRequestPorts {
  requests: Pick<CcdRequests, "find">;
  audit: CcdAudit;
  /** Seconds from the caller's POST to the deadline. */
  allowedSeconds: number;
}

/**
 * Finds the record of the CCD request, records its caller in the audit trail, and sets the deadline. The deadline counts from
 * the caller's POST, not from the start of the execution.
 * @throws InvalidRequest if there is no such CCD request, or it has ended already
 */
export const openCcdRequest =
  (ports: OpenCcdRequestPorts): Step<OpenCcdRequestInput, CcdContext> =>
  async ({ request: { requestId, startedAt } }) => {
    const record = await ports.requests.find(requestId);
    if (record === undefined)
      throw new InvalidRequest([
        `CCD request ${requestId} has no record: start its execution through the API, which stores the record first`,
      ]);
    if (record.state !== "pending")
      throw new InvalidRequest([`CCD request ${requestId} has ended already (${record.state}): make a new one`]);
    const { caller, sessionId, requestedAt } = record;
    await ports.audit.append(requestId, "requested", { by: caller, sessionId, requestedAt });
    const deadlineAt = Math.ceil(Date.parse(requestedAt) / 1000 + ports.allowedSeconds);
    return { requestId, startedAt, sessionId, deadlineAt };
  };
