import { describe, expect, it } from "vitest";
import { ccdRequestPlace } from "#ccd-retrieval/language/ccd-request-id.ts";
import { ccdRequestRecords } from "#ccd-retrieval/records/ccd-request-records.ts";
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
  const requests = ccdRequestRecords({ dynamo: table.client, table: "ledger", keptDays, now: () => clock.now });
  return { table, clock, requests };
}

async function kept(options?: { keptDays?: number }) {
  const setting = given(options);
  await setting.requests.create(record);
  return setting;
}

const idOf = (index: number) => `ccd-${String(index).repeat(32)}`;

describe("a CCD request in the ledger", () => {
  it("a CCD request is found as it was stored, only by its own id", async () => {
    const { requests } = await kept();
    expect(await requests.find(own)).toEqual(record);
    expect(await requests.find("ccd-another")).toBeUndefined();
  });

  it("a CCD request that is sent again is the one that is stored", async () => {
    const { requests } = await kept();
    expect(await requests.create(ccdRecord(own, { caller: "somebody else" }))).toEqual(record);
    expect(await requests.find(own)).toEqual(record);
  });

  it("a CCD request is stored once even if the answer to the write was lost", async () => {
    const { table, requests } = given();
    table.loseNextAnswer();
    await expect(requests.create(record)).rejects.toThrow("got lost");
    expect(await requests.create(record)).toEqual(record);
  });

  it("a CCD request and its server request are found by each other", async () => {
    const { requests } = await kept();
    await requests.accept(own, "server-1");
    expect(await requests.find(own)).toEqual({ ...record, serverRequestId: "server-1" });
    expect([await requests.ownerOf("server-1"), await requests.ownerOf("server-2")]).toEqual([own, undefined]);
  });

  it("the known data of the patient is stored beside the record", async () => {
    const { table, requests } = await kept();
    expect(await requests.find(own)).not.toHaveProperty("patient");
    await requests.storePatient(own, ownKnown);
    await requests.accept(own, "server-1");
    expect(await requests.find(own)).toEqual({ ...record, patient: ownKnown, serverRequestId: "server-1" });
    expect(table.items.get(`ccd#${own}`)?.["record"]?.S).not.toContain("Nichols");
  });

  it("a CCD request is found by its server request if the process dies between the two writes", async () => {
    const { table, requests } = await kept();
    table.loseNextAnswer();
    await expect(requests.accept(own, "server-1")).rejects.toThrow("got lost");
    expect([await requests.ownerOf("server-1"), (await requests.find(own))?.serverRequestId]).toEqual([own, null]);
  });

  it("no CCD request is created by data that belongs to a missing one", async () => {
    const { table, requests } = given();
    await expect(requests.accept(own, "server-1")).rejects.toThrow("no");
    await expect(requests.storePatient(own, ownKnown)).rejects.toThrow("no");
    expect(table.items.has(`ccd#${own}`)).toBe(false);
  });

  it.each([
    [null, { state: "ready", failure: null }],
    [failure, { state: "failed", failure }],
  ] as const)("a CCD request ends once, and the first end stands (%o)", async (end, shown) => {
    const { requests } = await kept();
    const endedAt = at(asked + 60_000);
    expect(await requests.end(own, end, endedAt)).toBe(true);
    expect(await requests.end(own, end === null ? failure : null, at(asked + 90_000))).toBe(false);
    expect(await requests.find(own)).toEqual({ ...record, ...shown, endedAt });
  });

  it("a missing CCD request does not end", async () => {
    const { table, requests } = given();
    expect(await requests.end(own, null, at(asked))).toBe(false);
    expect(table.items.size).toBe(0);
  });
});

describe("the ledger's items of a CCD request", () => {
  const { state: _, serverRequestId: __, failure: ___, endedAt: ____, ...made } = record;
  const pendingUntil = { N: String((asked + 30 * day) / 1000) };
  const listed = {
    listedIn: { S: "ccds#4f6a5c9fcebd9a36291fafc57ecb5fcb555187450d45da08e35bb7aa25389548" },
    listedAt: { S: `${at(asked)} ${own}` },
  };
  const pending = {
    pk: { S: `ccd#${own}` },
    record: { S: JSON.stringify(made) },
    state: { S: "pending" },
    patient: { S: JSON.stringify(ownKnown) },
    serverRequestId: { S: "server-1" },
    expiresAt: pendingUntil,
    openIn: { S: "ccd-retrieval" },
    dueAt: { S: at(asked + 5 * 60_000) },
    ...listed,
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
    ...listed,
  };

  it("a CCD request is stored as texts and numbers under names that do not change", async () => {
    const { table, requests } = await kept({ keptDays: 14 });
    await requests.storePatient(own, ownKnown);
    await requests.accept(own, "server-1");
    expect([...table.items.values()]).toEqual([pending, ofServer]);
    await requests.end(own, failure, endedAt);
    expect([...table.items.values()]).toEqual([ended, ofServer]);
  });

  it("a CCD request that an older version stored is read", async () => {
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

describe("the known data of a CCD request's patient", () => {
  it.each([undefined, 14])(
    "the known data of the patient is deleted when the CCD request ends (%s days)",
    async (keptDays) => {
      const { table, requests } = await kept(keptDays === undefined ? {} : { keptDays });
      await requests.storePatient(own, ownKnown);
      await requests.end(own, null, at(asked + 60_000));
      await expect(requests.storePatient(own, ownKnown)).rejects.toThrow("no");
      expect(await requests.find(own)).not.toHaveProperty("patient");
      expect(JSON.stringify([...table.items.values()])).not.toContain("Nichols");
    },
  );
});

describe("the retention of a CCD request", () => {
  it("an ended CCD request is kept as long as its documents, and not found after that", async () => {
    const { table, clock, requests } = await kept({ keptDays: 14 });
    await requests.end(own, null, at(asked + 60_000));
    expect(table.items.get(`ccd#${own}`)?.["expiresAt"]?.N).toBe(String((asked + 60_000 + 14 * day) / 1000));
    clock.now = asked + 60_000 + 14 * day - 1;
    expect(await requests.find(own)).toMatchObject({ state: "ready" });
    clock.now += 1;
    expect(await requests.find(own)).toBeUndefined();
  });

  it("a CCD request is kept for ever if documents are", async () => {
    const { table, requests } = await kept();
    await requests.end(own, null, at(asked));
    expect(table.items.get(`ccd#${own}`)).not.toHaveProperty("expiresAt");
  });

  it("a CCD request that never started is dropped after a month, and its id may be used again", async () => {
    const { clock, requests } = await kept({ keptDays: 14 });
    clock.now = asked + 30 * day;
    expect(await requests.find(own)).toBeUndefined();
    const anew = ccdRecord(own, { requestedAt: at(clock.now) });
    expect(await requests.create(anew)).toEqual(anew);
    expect(await requests.find(own)).toEqual(anew);
  });

  it("the id of a server request is kept for a month as well", async () => {
    const { table, requests } = await kept();
    await requests.accept(own, "server-1");
    expect(table.items.get("ccd-server#server-1")?.["expiresAt"]?.N).toBe(String((asked + 30 * day) / 1000));
  });

  it("a caller's requests are listed page by page, the newest first, without expired ones", async () => {
    const { clock, requests } = given({ keptDays: 14 });
    for (const index of [1, 2, 3, 4]) {
      const caller = index === 3 ? "paul" : "clara";
      await requests.create(ccdRecord(idOf(index), { caller, requestedAt: at(asked + index) }));
    }
    const idsOf = async (after?: string) => {
      const page = await requests.list("clara", { limit: 2, after });
      return { ids: page.requests.map(({ requestId }) => requestId), next: page.next };
    };
    const first = await idsOf();
    expect(first.ids).toEqual([idOf(4), idOf(2)]);
    expect(ccdRequestPlace.parse(first.next)).toBe(`${at(asked + 2)} ${idOf(2)}`);
    expect((await idsOf(first.next)).ids).toEqual([idOf(1)]);
    await requests.end(idOf(4), null, at(asked));
    clock.now = asked + 14 * day;
    expect((await idsOf()).ids).toEqual([idOf(2)]);
  });
});
