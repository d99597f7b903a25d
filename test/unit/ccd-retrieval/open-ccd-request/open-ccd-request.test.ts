import { describe, expect, it } from "vitest";
import { openCcdRequest } from "#ccd-retrieval/open-ccd-request/open-ccd-request.ts";
import { InvalidRequest } from "#platform/faults/faults.ts";
import { ccdRecord, ccdsInMemory, own, ownContext } from "#test/fixtures/ccds-in-memory.ts";

const input = { request: { requestId: own, startedAt: ownContext.startedAt } };

describe("open-ccd-request", () => {
  it("the deadline counts from the caller's POST, and the audit trail has the caller but not the patient", async () => {
    const bridge = ccdsInMemory(ccdRecord(own));
    const step = openCcdRequest({ requests: bridge.requests, audit: bridge.audit, allowedSeconds: 3600 });
    const requested = Date.parse(ccdRecord(own).requestedAt) / 1000;
    expect(await step(input, bridge.stepContext)).toEqual({ ...ownContext, deadlineAt: requested + 3600 });
    const fact = bridge.auditS3.objects.get(`ccds/${own}/requested.json`)?.body.toString() ?? "";
    const { caller, order } = ccdRecord(own);
    expect(JSON.parse(fact)).toMatchObject({ by: caller, requestId: own, sessionId: "service" });
    expect(fact).not.toContain(order.patientId);
  });

  it.each([
    ["has no record", []],
    ["has ended already", [ccdRecord(own, { state: "failed" })]],
  ])("a CCD request that %s is refused", async (_, records) => {
    const bridge = ccdsInMemory(...records);
    const step = openCcdRequest({ requests: bridge.requests, audit: bridge.audit, allowedSeconds: 3600 });
    await expect(step(input, bridge.stepContext)).rejects.toThrow(InvalidRequest);
    expect(bridge.audited()).toEqual([]);
  });
});
