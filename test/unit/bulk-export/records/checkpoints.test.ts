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
  it("there is no checkpoint before the first complete export", async () => {
    expect(await table().find(patients)).toBeUndefined();
  });

  it("a full export creates the checkpoint", async () => {
    const ledger = table();
    expect(await ledger.advance(patients, day(5), undefined, "e1")).toBe(true);
    expect(await ledger.find(patients)).toBe(day(5));
  });

  it("an incremental export creates no checkpoint, because it leaves out everything before it", async () => {
    const ledger = table();
    expect(await ledger.advance(patients, day(5), day(4), "e1")).toBe(false);
    expect(await ledger.find(patients)).toBeUndefined();
  });

  it("the checkpoint moves forward if the next export began at it or earlier", async () => {
    const ledger = table();
    await ledger.advance(patients, day(5), undefined, "e1");
    expect(await ledger.advance(patients, day(7), day(5), "e2")).toBe(true);
    expect(await ledger.advance(patients, day(9), day(3), "e3")).toBe(true);
    expect(await ledger.find(patients)).toBe(day(9));
  });

  it("the checkpoint counts the incremental exports since the last full one", async () => {
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

  it("the checkpoint stays if the next export began later, because there would be a gap", async () => {
    const ledger = table();
    await ledger.advance(patients, day(5), undefined, "e1");
    expect(await ledger.advance(patients, day(9), day(6), "e2")).toBe(false);
    expect(await ledger.find(patients)).toBe(day(5));
  });

  it("the checkpoint never moves back, and a repeated step does not move it", async () => {
    const ledger = table();
    await ledger.advance(patients, day(5), undefined, "e1");
    expect(await ledger.advance(patients, day(4), undefined, "e0")).toBe(false);
    expect(await ledger.advance(patients, day(5), undefined, "e1")).toBe(false);
    expect(await ledger.find(patients)).toBe(day(5));
  });

  it("a checkpoint compares moments, not their spelling", async () => {
    const ledger = table();
    await ledger.advance(patients, "2026-01-05T05:30:00+05:30", undefined, "e1");
    expect(await ledger.advance(patients, day(6), "2026-01-05T00:00:00.000Z", "e2")).toBe(true);
  });

  it("a checkpoint belongs to a level, a group and types in any order", async () => {
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

  it("a time that cannot be read does not move the checkpoint", async () => {
    expect(await table().advance(patients, "soon", undefined, "e1")).toBe(false);
  });

  it("an export whose since cannot be read as a moment does not fail because of the checkpoint", async () => {
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

  it("a checkpoint is stored as texts and numbers under names that do not change", async () => {
    const { client, items } = tableInMemory();
    const ledger = checkpoints(client, "ledger");
    await ledger.advance(patients, day(5), undefined, "e1");
    expect(items.get(key)).toMatchObject({ incrementals: { N: "0" } });
    await ledger.advance(patients, day(6), day(5), "e2");
    expect([...items.values()]).toEqual([stored]);
  });

  it("a checkpoint that an older version stored is read and moved", async () => {
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

  it("a checkpoint covers everything up to its time, whatever exports completed in whatever order", async () => {
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
