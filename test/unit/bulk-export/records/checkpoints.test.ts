import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CheckpointScope, type Checkpoints, checkpoints } from "#bulk-export/records/checkpoints.ts";
import { tableInMemory } from "../../../fixtures/table-in-memory.ts";

function table() {
  const ledger = checkpoints(tableInMemory().client, "ledger");
  return {
    advance: (...move: Parameters<Checkpoints["advance"]>) => ledger.advance(...move),
    find: async (scope: CheckpointScope) => (await ledger.find(scope))?.transactionTime,
    incrementals: async (scope: CheckpointScope) => (await ledger.find(scope))?.incrementals,
  };
}

const patients: CheckpointScope = { level: "patient", types: ["Patient", "Observation"] };
const day = (number: number): string => `2026-01-${String(number).padStart(2, "0")}T00:00:00Z`;

const time = (number: number): string => new Date(Date.UTC(2026, 0, 1) + number * 60_000).toISOString();

describe("a checkpoint", () => {
  it("is not there before the first complete export", async () => {
    expect(await table().find(patients)).toBeUndefined();
  });

  it("begins with a full export", async () => {
    const ledger = table();
    expect(await ledger.advance(patients, day(5), undefined, "e1")).toBe(true);
    expect(await ledger.find(patients)).toBe(day(5));
  });

  it("does not begin with an incremental one, which leaves out what was before", async () => {
    const ledger = table();
    expect(await ledger.advance(patients, day(5), day(4), "e1")).toBe(false);
    expect(await ledger.find(patients)).toBeUndefined();
  });

  it("goes on where the next export began at it or earlier", async () => {
    const ledger = table();
    await ledger.advance(patients, day(5), undefined, "e1");
    expect(await ledger.advance(patients, day(7), day(5), "e2")).toBe(true);
    expect(await ledger.advance(patients, day(9), day(3), "e3")).toBe(true);
    expect(await ledger.find(patients)).toBe(day(9));
  });

  it("counts the incremental exports that completed since the last full one", async () => {
    const ledger = table();
    await ledger.advance(patients, day(5), undefined, "e1");
    expect(await ledger.incrementals(patients)).toBe(0);
    await ledger.advance(patients, day(6), day(5), "e2");
    await ledger.advance(patients, day(6), day(5), "e2");
    await ledger.advance(patients, day(7), day(6), "e3");
    expect(await ledger.incrementals(patients)).toBe(2);
    await ledger.advance(patients, day(8), undefined, "e4");
    expect(await ledger.incrementals(patients)).toBe(0);
  });

  it("stays where the next export began later, because there would be a gap", async () => {
    const ledger = table();
    await ledger.advance(patients, day(5), undefined, "e1");
    expect(await ledger.advance(patients, day(9), day(6), "e2")).toBe(false);
    expect(await ledger.find(patients)).toBe(day(5));
  });

  it("never goes back, and a repeated step leaves it where it is", async () => {
    const ledger = table();
    await ledger.advance(patients, day(5), undefined, "e1");
    expect(await ledger.advance(patients, day(4), undefined, "e0")).toBe(false);
    expect(await ledger.advance(patients, day(5), undefined, "e1")).toBe(false);
    expect(await ledger.find(patients)).toBe(day(5));
  });

  it("compares moments, not their spelling", async () => {
    const ledger = table();
    await ledger.advance(patients, "2026-01-05T05:30:00+05:30", undefined, "e1");
    expect(await ledger.advance(patients, day(6), "2026-01-05T00:00:00.000Z", "e2")).toBe(true);
  });

  it("belongs to level, group and types, in whatever order they are given", async () => {
    const ledger = table();
    await ledger.advance(patients, day(5), undefined, "e1");
    expect(await ledger.find({ level: "patient", types: ["Observation", "Patient"] })).toBe(day(5));
    const others: CheckpointScope[] = [
      { level: "patient" },
      { level: "patient", types: ["Patient"] },
      { level: "system", types: ["Patient", "Observation"] },
      { level: "group", groupId: "1", types: ["Patient", "Observation"] },
    ];
    for (const scope of others) expect(await ledger.find(scope)).toBeUndefined();
  });

  it("is not moved by a time that cannot be read", async () => {
    expect(await table().advance(patients, "soon", undefined, "e1")).toBe(false);
  });

  it("is no reason to fail an export whose since cannot be read as a moment", async () => {
    const ledger = table();
    await ledger.advance(patients, day(5), undefined, "e1");
    expect(await ledger.advance(patients, day(9), "2016-12-31T23:59:60Z", "e2")).toBeTypeOf("boolean");
  });

  const key = `checkpoint#${createHash("sha256").update("patient||Observation,Patient").digest("hex")}`;
  const stored = {
    pk: { S: key },
    transactionTime: { S: day(6) },
    epochMs: { N: String(Date.parse(day(6))) },
    exportId: { S: "e2" },
    incrementals: { N: "1" },
  };

  it("is stored as texts and numbers, under names that do not change", async () => {
    const { client, items } = tableInMemory();
    const ledger = checkpoints(client, "ledger");
    await ledger.advance(patients, day(5), undefined, "e1");
    expect(items.get(key)).toMatchObject({ incrementals: { N: "0" } });
    await ledger.advance(patients, day(6), day(5), "e2");
    expect([...items.values()]).toEqual([stored]);
  });

  it("is read and moved as an older version of the bridge stored it", async () => {
    const { client, items } = tableInMemory();
    const { incrementals: _, ...oldest } = stored;
    for (const [item, incrementals] of [
      [stored, 1],
      [oldest, 0],
    ] as const) {
      items.set(key, item);
      const ledger = checkpoints(client, "ledger");
      expect(await ledger.find(patients)).toEqual({ transactionTime: day(6), incrementals });
      expect(await ledger.advance(patients, day(7), day(6), "e3")).toBe(true);
      expect(await ledger.find(patients)).toEqual({ transactionTime: day(7), incrementals: incrementals + 1 });
    }
  });

  it("covers everything up to its time, whatever exports completed in whatever order", async () => {
    const move = fc.record({
      since: fc.option(fc.nat({ max: 40 }), { nil: undefined }),
      length: fc.integer({ min: 1, max: 10 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 30 }), async (moves) => {
        const ledger = table();
        let covered = -1;
        for (const { since, length } of moves) {
          const end = (since ?? 0) + length;
          const closesTheGap = since === undefined || (covered >= 0 && since <= covered);
          const expected = closesTheGap && end > covered;
          expect(await ledger.advance(patients, time(end), since === undefined ? undefined : time(since), "e")).toBe(
            expected,
          );
          if (expected) covered = end;
          expect(await ledger.find(patients)).toBe(covered < 0 ? undefined : time(covered));
        }
      }),
      { numRuns: 40 },
    );
  });
});
