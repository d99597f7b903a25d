import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CheckpointScope, checkpoints } from "#bulk-export/records/checkpoints.ts";
import type { Item } from "../../../fixtures/dynamo-expressions.ts";
import { tableInMemory } from "../../../fixtures/table-in-memory.ts";

function table(now = Date.UTC(2026, 11, 31)) {
  const clock = { now };
  const { client, items } = tableInMemory();
  const logged: string[] = [];
  const warn = (code: string) => {
    logged.push(code);
  };
  const ledger = checkpoints(client, "ledger", {
    now: () => clock.now,
    log: { info: warn, warn, error: warn },
  });
  const advance = (
    scope: CheckpointScope,
    transactionTime: string | null,
    since: string | undefined,
    exportId: string,
    requestedAt = clock.now,
  ) => ledger.advance(scope, { exportId, transactionTime, requestedAt, since });
  return {
    clock,
    items,
    logged,
    advance,
    /** Stores an item of any content, such as one of an older version. */
    store: async (item: Item) => {
      await advance(patients, day(1), undefined, "e0");
      const [pk] = items.keys();
      items.set(pk ?? "", { pk: { S: pk ?? "" }, ...item });
    },
    find: async (scope: CheckpointScope) => (await ledger.find(scope))?.since,
    incrementals: async (scope: CheckpointScope) => (await ledger.find(scope))?.incrementals,
  };
}

const patients: CheckpointScope = { level: "patient", types: ["Patient", "Observation"] };
const day = (number: number): string => `2026-01-${String(number).padStart(2, "0")}T00:00:00.000Z`;

const minute = (number: number): string => new Date(Date.UTC(2026, 0, 1) + number * 60_000).toISOString();

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
    const { items, ...ledger } = table();
    await ledger.advance(patients, day(5), undefined, "e1");
    expect(items.get(key)).toMatchObject({ incrementals: { N: "0" } });
    await ledger.advance(patients, day(6), day(5), "e2");
    expect([...items.values()]).toEqual([stored]);
  });

  it("a checkpoint that an older version stored is read and moved", async () => {
    const { items, ...ledger } = table();
    const { incrementals: _, ...oldest } = stored;
    for (const [item, incrementals] of [
      [stored, 1],
      [oldest, 0],
    ] as const) {
      items.set(key, item);
      expect([await ledger.find(patients), await ledger.incrementals(patients)]).toEqual([day(6), incrementals]);
      expect(await ledger.advance(patients, day(7), day(6), "e3")).toBe(true);
      expect([await ledger.find(patients), await ledger.incrementals(patients)]).toEqual([day(7), incrementals + 1]);
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
          expect(
            await ledger.advance(patients, minute(end), since === undefined ? undefined : minute(since), "e"),
          ).toBe(expected);
          if (expected) covered = end;
          expect(await ledger.find(patients)).toBe(covered < 0 ? undefined : minute(covered));
        }
      }),
      { numRuns: 40 },
    );
  });

  // E4
  it.each([
    ["2026-01-05T11:58:00", "2026-01-04T21:58:00.000Z"],
    ["2026-01-05", "2026-01-04T10:00:00.000Z"],
    ["Mon, 05 Jan 2026 11:58:00 GMT", "2026-01-05T11:58:00.000Z"],
    ["2026-01-05T11:58:00.123456+02:00", "2026-01-05T09:58:00.123Z"],
    ["1767614280", "2026-01-05T11:58:00.000Z"],
  ])(
    "the time %s is kept as received, and stands for the earliest moment that it can mean, %s",
    async (time, since) => {
      const ledger = table();
      expect(await ledger.advance(patients, time, undefined, "e1")).toBe(true);
      expect(await ledger.find(patients)).toBe(since);
      expect([...ledger.items.values()][0]?.["transactionTime"]?.S).toBe(time);
      expect(await ledger.advance(patients, day(9), since, "e2")).toBe(true);
    },
  );

  // E5
  it.each(["2026-03-01T13:00:00Z", "2036-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])(
    "the time %s, which lies ahead, moves a checkpoint no further than the bridge's clock before the kick-off",
    async (time) => {
      const noon = Date.parse("2026-03-01T12:00:00Z");
      const ledger = table(noon + 3_600_000);
      expect(await ledger.advance(patients, time, undefined, "e1", noon)).toBe(true);
      expect(await ledger.find(patients)).toBe("2026-03-01T12:00:00.000Z");
      expect(ledger.logged).toEqual([]);
    },
  );

  it.each([
    ["whose time cannot be read", { transactionTime: { S: "soon" }, epochMs: { N: "1767571200000" } }],
    ["that lies ahead", { transactionTime: { S: "2036-01-01T00:00:00Z" }, epochMs: { N: "2082758400000" } }],
    ["without a moment", { transactionTime: { S: day(5) } }],
    ["with a text for its moment", { transactionTime: { S: day(5) }, epochMs: { S: "1767571200000" } }],
    ["without a time", { epochMs: { N: "1767571200000" }, incrementals: { N: "3" } }],
  ])("a stored item %s is no checkpoint, and the next full export replaces it", async (_, item) => {
    const ledger = table();
    await ledger.store(item);
    expect(await ledger.find(patients)).toBeUndefined();
    expect(ledger.logged).toEqual(["EXPORT_CHECKPOINT_UNUSABLE"]);
    expect(await ledger.advance(patients, day(9), day(2), "e1")).toBe(false);
    expect(await ledger.advance(patients, day(3), undefined, "e2")).toBe(true);
    expect(await ledger.find(patients)).toBe(day(3));
    expect(await ledger.incrementals(patients)).toBe(0);
  });

  it("an item of an older version is read, at the earliest moment that its time can mean", async () => {
    const ledger = table();
    const old = { transactionTime: { S: "2026-01-05T11:58:00" }, epochMs: { N: String(Date.UTC(2026, 0, 5, 11, 58)) } };
    await ledger.store({ ...old, exportId: { S: "e0" }, incrementals: { N: "2" } });
    expect(await ledger.find(patients)).toBe("2026-01-04T21:58:00.000Z");
    expect(await ledger.incrementals(patients)).toBe(2);
    expect(await ledger.advance(patients, day(9), "2026-01-04T21:58:00.000Z", "e1")).toBe(true);
    expect(await ledger.find(patients)).toBe(day(9));
  });

  it("a checkpoint that another execution moves between reading and writing is judged again", async () => {
    const ledger = table();
    await ledger.advance(patients, day(5), undefined, "e1");
    const moves = await Promise.all([
      ledger.advance(patients, day(9), day(5), "e2"),
      ledger.advance(patients, day(7), day(5), "e3"),
    ]);
    expect(await ledger.find(patients)).toBe(day(9));
    expect(moves[0]).toBe(true);
  });

  it("no resource modified before a complete export's kick-off is skipped by the next incremental export", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(completeExport, { minLength: 1, maxLength: 12 }), async (exports) => {
        const ledger = table(Date.UTC(1970, 0, 2));
        for (const { pauseMs, durationMs, said } of exports) {
          ledger.clock.now += pauseMs;
          const since = await ledger.find(patients);
          const requestedAt = ledger.clock.now;
          ledger.clock.now += durationMs;
          const { text, earliest } = said(requestedAt);
          const moved = await ledger.advance(patients, text, since, "e", requestedAt);
          const next = await ledger.find(patients);
          // The next export begins at this export's kick-off or earlier, and at the server's own time or earlier.
          const latest = moved ? Math.min(requestedAt, earliest ?? -Infinity) : Date.parse(since ?? next ?? "");
          expect({
            text,
            requestedAt,
            next,
            safe: next === undefined ? !moved : Date.parse(next) <= latest,
          }).toMatchObject({
            safe: true,
          });
          // A checkpoint never goes back, so this export continued from the one before.
          expect(Date.parse(next ?? "9999")).toBeGreaterThanOrEqual(Date.parse(since ?? "1900"));
          expect(next ?? "1970-01-01T00:00:00.000Z").toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        }
        expect(ledger.logged).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

const hour = 3_600_000;

interface SaidTime {
  text: string | null;
  /** The earliest moment that the text can mean. Undefined if it means none. */
  earliest: number | undefined;
}

/** How servers write a time: in a zone, without one, by the second, as an HTTP date, as a number. */
const spellings: ((time: number) => SaidTime)[] = [
  (time) => ({ text: new Date(time).toISOString(), earliest: time }),
  (time) => ({ text: `${new Date(time + 5.5 * hour).toISOString().slice(0, -1)}+05:30`, earliest: time }),
  (time) => ({ text: `${new Date(time - 8 * hour).toISOString().slice(0, 19)}-0800`, earliest: toSecond(time) }),
  (time) => ({ text: new Date(time).toISOString().slice(0, 19), earliest: toSecond(time) - 14 * hour }),
  (time) => ({ text: new Date(time).toISOString().slice(0, 10), earliest: toDay(time) - 14 * hour }),
  (time) => ({ text: new Date(time).toUTCString(), earliest: toSecond(time) }),
  (time) => ({ text: `${new Date(time).toISOString().slice(0, 19)}.000 America/New_York`, earliest: undefined }),
  () => ({ text: null, earliest: undefined }),
  () => ({ text: "0001-01-01T00:00:00Z", earliest: undefined }),
];

const toSecond = (time: number): number => Math.floor(time / 1000) * 1000;
const toDay = (time: number): number => Math.floor(time / (24 * hour)) * 24 * hour;

/** A complete export at any time from 1970 on, whose server tells its own skewed clock, or invents a time up to 2040. */
const completeExport = fc
  .record({
    pauseMs: fc.oneof(fc.nat({ max: 100 * hour }), fc.nat({ max: 10 * 365 * 24 * hour })),
    durationMs: fc.nat({ max: 48 * hour }),
    skewMs: fc.integer({ min: -30 * hour, max: 30 * hour }),
    invented: fc.option(fc.integer({ min: 0, max: Date.UTC(2040, 11, 31) }), { nil: undefined, freq: 3 }),
    spelling: fc.nat({ max: spellings.length - 1 }),
  })
  .map(({ pauseMs, durationMs, skewMs, invented, spelling }) => ({
    pauseMs,
    durationMs,
    said: (kickedOffAt: number): SaidTime =>
      spellings[spelling]?.(invented ?? Math.max(0, kickedOffAt + skewMs)) ?? { text: null, earliest: undefined },
  }));
