import { beforeEach, describe, expect, it } from "vitest";
import { sessionLeaseName } from "#ccd-retrieval/language/session-lease.ts";
import { ccdRequestRecords } from "#ccd-retrieval/records/ccd-request-records.ts";
import { sweepCcdRequests } from "#ccd-retrieval/sweep-ccd-requests/sweep-ccd-requests.ts";
import { settlingTimeMs } from "#platform/executions/is-over.ts";
import { ccdId, ccdRecord, own } from "#test/fixtures/ccds-in-memory.ts";
import { bridgeInMemory, noon } from "../../../fixtures/bridge-in-memory.ts";

const lease = sessionLeaseName("service");
const holder = (id: string) => ({ execution: id, exportId: id, kickOff: "" });
const requestedAt = new Date(noon).toISOString();

function given() {
  const bridge = bridgeInMemory();
  const requests = ccdRequestRecords({
    dynamo: bridge.ledger.client,
    table: "ledger",
    keptDays: 7,
    now: bridge.now,
  });
  const counted = { ends: 0, open: -1 };
  const sweep = async (afterMs = 15 * 60_000) => {
    bridge.clock.now += afterMs;
    const step = sweepCcdRequests({
      ...bridge,
      requests,
      sessionId: "service",
      mostRequests: 3,
      countEnd: () => {
        counted.ends += 1;
      },
      reportOpen: (pending) => {
        counted.open = pending;
      },
    });
    return await step({ time: new Date(bridge.clock.now).toISOString() }, bridge.stepContext);
  };
  const end = (id: string) => {
    const known = bridge.executions.known.get(id);
    if (known === undefined) throw new Error(`there is no execution ${id}`);
    const endedAt = bridge.clock.now;
    bridge.executions.known.set(id, { ...known, status: "ended", end: { status: "ABORTED" }, endedAt });
  };
  return { ...bridge, requests, counted, sweep, end };
}

describe("a sweep of CCD requests", () => {
  let bridge: ReturnType<typeof given>;
  beforeEach(async () => {
    bridge = given();
    await bridge.requests.create(ccdRecord(own, { requestedAt }));
  });

  it("a request whose execution was stopped unnoticed fails once, and its session's lease is released", async () => {
    await bridge.executions.start(own, {});
    await bridge.leases.take(lease, holder(own), "n");
    bridge.end(own);
    expect(await bridge.sweep()).toEqual({ checked: 1, published: 1 });
    expect(await bridge.requests.find(own)).toMatchObject({ state: "failed", failure: { name: "RetrievalStopped" } });
    expect(bridge.published).toMatchObject([{ type: "Ccd Failed", detail: { requestId: own } }]);
    expect(await bridge.leases.find(lease)).toBeUndefined();
    expect(await bridge.sweep()).toEqual({ checked: 0, published: 0 });
    expect(bridge.counted.ends).toBe(1);
  });

  it("a request whose execution never started fails, but not before its caller could start it", async () => {
    expect(await bridge.sweep(settlingTimeMs - 1)).toEqual({ checked: 0, published: 0 });
    expect(await bridge.sweep(1)).toEqual({ checked: 1, published: 1 });
  });

  it("a request whose execution runs, or has just ended, is left alone", async () => {
    await bridge.executions.start(own, {});
    await bridge.leases.take(lease, holder(own), "n");
    expect(await bridge.sweep()).toEqual({ checked: 1, published: 0 });
    bridge.end(own);
    expect(await bridge.sweep(settlingTimeMs - 1)).toMatchObject({ published: 0 });
    expect(await bridge.requests.find(own)).toMatchObject({ state: "pending" });
    expect(await bridge.leases.isHeldBy(lease, own)).toBe(true);
  });

  it("a request that has ended is never looked at again", async () => {
    await bridge.requests.end(own, null, requestedAt);
    expect(await bridge.sweep()).toEqual({ checked: 0, published: 0 });
    expect(bridge.published).toEqual([]);
  });

  it("a lease whose holder has ended its request is released", async () => {
    await bridge.requests.end(own, null, requestedAt);
    await bridge.executions.start(own, {});
    await bridge.leases.take(lease, holder(own), "n");
    bridge.end(own);
    await bridge.sweep();
    expect(await bridge.leases.find(lease)).toBeUndefined();
    expect(bridge.logged.join()).toContain("SESSION_LEASE_SWEPT");
  });

  it("a request that cannot be ended keeps no sweep from the others, fails the sweep, and is tried again", async () => {
    const other = ccdId("b");
    await bridge.requests.create(ccdRecord(other, { requestedAt }));
    const find = bridge.requests.find.bind(bridge.requests);
    bridge.requests.find = (id) => (id === own ? Promise.reject(new Error("DynamoDB is down")) : find(id));
    await expect(bridge.sweep()).rejects.toThrow("1 CCD requests could not be settled");
    expect(bridge.published).toMatchObject([{ detail: { requestId: other } }]);
    bridge.requests.find = find;
    expect(await bridge.sweep()).toEqual({ checked: 1, published: 1 });
  });

  it("a request does not end while the bus is down, and is published once it is up", async () => {
    bridge.busIsDown.value = true;
    await expect(bridge.sweep()).rejects.toThrow("could not be settled");
    expect(await bridge.requests.find(own)).toMatchObject({ state: "pending" });
    bridge.busIsDown.value = false;
    expect(await bridge.sweep()).toEqual({ checked: 1, published: 1 });
  });

  it("a sweep is bounded, and the next one begins with those that it did not reach", async () => {
    const ids = ["b", "c", "d", "e"].map(ccdId);
    for (const id of ids) await bridge.requests.create(ccdRecord(id, { requestedAt }));
    for (const id of [own, ...ids]) await bridge.executions.start(id, {});
    expect(await bridge.sweep()).toEqual({ checked: 3, published: 0 });
    bridge.end(ids.at(-1) ?? "");
    expect(await bridge.sweep()).toEqual({ checked: 3, published: 1 });
  });
});
