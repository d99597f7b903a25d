import { describe, expect, it } from "vitest";
import { ccdRequests } from "#ccd-retrieval/records/ccd-request-records.ts";
import { ccdRecord, own, ownKnown } from "../../../fixtures/ccds-in-memory.ts";
import { tableInMemory } from "../../../fixtures/table-in-memory.ts";

const day = 86_400_000;
const asked = Date.parse("2026-03-01T12:00:00Z");
const at = (time: number): string => new Date(time).toISOString();
const record = ccdRecord(own, { requestedAt: at(asked) });
const failure = { name: "WrongPatient", message: "not the patient's" };

function given({ keptDays }: { keptDays?: number } = {}) {
  const table = tableInMemory();
  const clock = { now: asked };
  const requests = ccdRequests({ dynamo: table.client, table: "ledger", keptDays, now: () => clock.now });
  return { table, clock, requests };
}

async function kept(options?: { keptDays?: number }) {
  const setting = given(options);
  await setting.requests.create(record);
  return setting;
}

describe("a request for CCDs in the ledger", () => {
  it("is found as it was kept, by its own id only", async () => {
    const { requests } = await kept();
    expect(await requests.find(own)).toEqual(record);
    expect(await requests.find("ccd-another")).toBeUndefined();
  });

  it("that comes again is the one that is there", async () => {
    const { requests } = await kept();
    expect(await requests.create(ccdRecord(own, { caller: "somebody else" }))).toEqual(record);
    expect(await requests.find(own)).toEqual(record);
  });

  it("is the one that was kept where the answer to keeping it was lost", async () => {
    const { table, requests } = given();
    table.loseNextAnswer();
    await expect(requests.create(record)).rejects.toThrow("got lost");
    expect(await requests.create(record)).toEqual(record);
  });

  it("knows which of the server's requests it is, and is known by it", async () => {
    const { requests } = await kept();
    await requests.accept(own, "server-1");
    expect(await requests.find(own)).toEqual({ ...record, serverRequestId: "server-1" });
    expect([await requests.ownerOf("server-1"), await requests.ownerOf("server-2")]).toEqual([own, undefined]);
  });

  it("keeps what is known of its patient, beside what it was made with", async () => {
    const { table, requests } = await kept();
    expect(await requests.find(own)).not.toHaveProperty("patient");
    await requests.keepPatient(own, ownKnown);
    await requests.accept(own, "server-1");
    expect(await requests.find(own)).toEqual({ ...record, patient: ownKnown, serverRequestId: "server-1" });
    expect(table.items.get(`ccd#${own}`)?.["record"]?.S).not.toContain("Nichols");
  });

  it("is known by the server's request where the process dies between the two writes", async () => {
    const { table, requests } = await kept();
    table.loseNextAnswer();
    await expect(requests.accept(own, "server-1")).rejects.toThrow("got lost");
    expect([await requests.ownerOf("server-1"), (await requests.find(own))?.serverRequestId]).toEqual([own, null]);
  });

  it("is not made by keeping what belongs to one that is not there", async () => {
    const { table, requests } = given();
    await expect(requests.accept(own, "server-1")).rejects.toThrow("no");
    await expect(requests.keepPatient(own, ownKnown)).rejects.toThrow("no");
    expect(table.items.has(`ccd#${own}`)).toBe(false);
  });

  it.each([
    [null, { state: "ready", failure: null }],
    [failure, { state: "failed", failure }],
  ] as const)("ends once: what was told first stands (%o)", async (end, shown) => {
    const { requests } = await kept();
    const endedAt = at(asked + 60_000);
    expect(await requests.end(own, end, endedAt)).toBe(true);
    expect(await requests.end(own, end === null ? failure : null, at(asked + 90_000))).toBe(false);
    expect(await requests.find(own)).toEqual({ ...record, ...shown, endedAt });
  });

  it("that is not there does not end", async () => {
    const { table, requests } = given();
    expect(await requests.end(own, null, at(asked))).toBe(false);
    expect(table.items.size).toBe(0);
  });
});

describe("the ledger's items of a request for CCDs", () => {
  const { state: _, serverRequestId: __, failure: ___, endedAt: ____, ...made } = record;
  const pendingUntil = { N: String((asked + 30 * day) / 1000) };
  const pending = {
    pk: { S: `ccd#${own}` },
    record: { S: JSON.stringify(made) },
    state: { S: "pending" },
    patient: { S: JSON.stringify(ownKnown) },
    serverRequestId: { S: "server-1" },
    expiresAt: pendingUntil,
  };
  const ofServer = { pk: { S: "ccd-server#server-1" }, requestId: { S: own }, expiresAt: pendingUntil };
  const endedAt = at(asked + 60_000);
  const ended = {
    pk: pending.pk,
    record: pending.record,
    state: { S: "failed" },
    serverRequestId: { S: "server-1" },
    failure: { S: JSON.stringify(failure) },
    endedAt: { S: endedAt },
    expiresAt: { N: String((asked + 60_000 + 14 * day) / 1000) },
  };

  it("are texts and numbers, under names that do not change", async () => {
    const { table, requests } = await kept({ keptDays: 14 });
    await requests.keepPatient(own, ownKnown);
    await requests.accept(own, "server-1");
    expect([...table.items.values()]).toEqual([pending, ofServer]);
    await requests.end(own, failure, endedAt);
    expect([...table.items.values()]).toEqual([ended, ofServer]);
  });

  it("are read as an older version of the bridge stored them", async () => {
    const { table, requests } = given({ keptDays: 14 });
    for (const item of [pending, ofServer]) table.items.set(item.pk.S, item);
    expect(await requests.find(own)).toEqual({ ...record, patient: ownKnown, serverRequestId: "server-1" });
    expect(await requests.ownerOf("server-1")).toBe(own);
    table.items.set(ended.pk.S, ended);
    expect(await requests.find(own)).toEqual({
      ...record,
      state: "failed",
      failure,
      serverRequestId: "server-1",
      endedAt,
    });
  });
});

describe("what is known of a request's patient", () => {
  it.each([undefined, 14])(
    "goes once the request has ended, and is not kept after that (%s days)",
    async (keptDays) => {
      const { table, requests } = await kept(keptDays === undefined ? {} : { keptDays });
      await requests.keepPatient(own, ownKnown);
      await requests.end(own, null, at(asked + 60_000));
      await expect(requests.keepPatient(own, ownKnown)).rejects.toThrow("no");
      expect(await requests.find(own)).not.toHaveProperty("patient");
      expect(JSON.stringify([...table.items.values()])).not.toContain("Nichols");
    },
  );
});

describe("the time that a request is kept", () => {
  it("is as long as its documents' once it has ended, and then it is gone for everybody", async () => {
    const { table, clock, requests } = await kept({ keptDays: 14 });
    await requests.end(own, null, at(asked + 60_000));
    expect(table.items.get(`ccd#${own}`)?.["expiresAt"]?.N).toBe(String((asked + 60_000 + 14 * day) / 1000));
    clock.now = asked + 60_000 + 14 * day - 1;
    expect(await requests.find(own)).toMatchObject({ state: "ready" });
    clock.now += 1;
    expect(await requests.find(own)).toBeUndefined();
  });

  it("has no end where documents are kept for ever", async () => {
    const { table, requests } = await kept();
    await requests.end(own, null, at(asked));
    expect(table.items.get(`ccd#${own}`)).not.toHaveProperty("expiresAt");
  });

  it("ends after a month for one that was never begun: its key may be used again", async () => {
    const { clock, requests } = await kept({ keptDays: 14 });
    clock.now = asked + 30 * day;
    expect(await requests.find(own)).toBeUndefined();
    const anew = ccdRecord(own, { requestedAt: at(clock.now) });
    expect(await requests.create(anew)).toEqual(anew);
    expect(await requests.find(own)).toEqual(anew);
  });

  it("ends after a month for the server's request as well", async () => {
    const { table, requests } = await kept();
    await requests.accept(own, "server-1");
    expect(table.items.get("ccd-server#server-1")?.["expiresAt"]?.N).toBe(String((asked + 30 * day) / 1000));
  });
});
