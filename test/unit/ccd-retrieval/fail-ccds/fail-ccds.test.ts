import { describe, expect, it } from "vitest";
import { failCcds } from "#ccd-retrieval/fail-ccds/fail-ccds.ts";
import { ccdRecord, ccdsInMemory, own, ownContext } from "#test/fixtures/ccds-in-memory.ts";

const dead = { Error: "SessionDead", Cause: JSON.stringify({ errorMessage: "renew the session", trace: [] }) };
const input = { request: ownContext, failure: dead };

describe("fail-ccds", () => {
  it("a failed CCD request gives the fault's name and message to the caller, the subscribers and the Fail state", async () => {
    const bridge = ccdsInMemory(ccdRecord(own));
    const error = { name: "SessionDead", message: "renew the session" };
    expect(await failCcds(bridge)(input, bridge.stepContext)).toEqual({ error: error.name, cause: error.message });
    expect(bridge.requests.all.get(own)).toMatchObject({ state: "failed", failure: error });
    expect(bridge.published).toEqual([
      { type: "Ccd Failed", detail: { version: "1", eventId: `${own}/failed`, requestId: own, error } },
    ]);
  });

  it("an unknown fault is called Unexpected, and its credentials are redacted", async () => {
    const bridge = ccdsInMemory(ccdRecord(own));
    const failure = { Error: "States.Timeout", Cause: "at https://x.example/a?nonceToken=1234" };
    const { error, cause } = await failCcds(bridge)({ ...input, failure }, bridge.stepContext);
    expect(error).toBe("Unexpected");
    expect(cause).toBe("States.Timeout: at https://x.example/a?[redacted]");
  });

  it("a CCD request that is ready stays ready after a failure", async () => {
    const bridge = ccdsInMemory(ccdRecord(own, { state: "ready" }));
    await failCcds(bridge)(input, bridge.stepContext);
    expect(bridge.requests.all.get(own)).toMatchObject({ state: "ready" });
    expect(bridge.published).toEqual([]);
  });

  it("a CCD request does not end as failed before its event is published, and the next attempt publishes it", async () => {
    const bridge = ccdsInMemory(ccdRecord(own));
    bridge.busIsDown.value = true;
    await expect(failCcds(bridge)(input, bridge.stepContext)).rejects.toThrow("the bus is down");
    expect(bridge.requests.all.get(own)).toMatchObject({ state: "pending", failure: null });
    bridge.busIsDown.value = false;
    await failCcds(bridge)(input, bridge.stepContext);
    expect(bridge.published).toHaveLength(1);
    expect(bridge.requests.all.get(own)).toMatchObject({ state: "failed" });
  });

  it("a CCD request without a record publishes no event: its execution fails, which rings the alarm", async () => {
    const bridge = ccdsInMemory();
    const failure = { Error: "InvalidRequest", Cause: JSON.stringify({ errorMessage: "there is no request" }) };
    expect(await failCcds(bridge)({ ...input, failure }, bridge.stepContext)).toMatchObject({
      error: "InvalidRequest",
    });
    expect(bridge.published).toEqual([]);
  });
});
