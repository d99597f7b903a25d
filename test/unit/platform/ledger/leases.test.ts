import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { type Lease, type LeaseHolder, type Leases, leases } from "#platform/ledger/leases.ts";
import { noon } from "../../../fixtures/bridge-in-memory.ts";
import { type TableInMemory, tableInMemory } from "../../../fixtures/table-in-memory.ts";

const holder = (name: string): LeaseHolder => ({ execution: name, exportId: name, kickOff: `kick-off of ${name}` });

describe("the lease of a level", () => {
  let table: TableInMemory;
  let ledger: Leases;
  beforeEach(() => {
    table = tableInMemory();
    ledger = leases(table.client, "ledger", () => noon);
  });

  it("the first execution takes the lease, and the second one learns who holds it", async () => {
    const lease = { ...holder("e1"), nonce: "n1", takenFrom: undefined, takenAt: noon };
    expect(await ledger.take("group", holder("e1"), "n1")).toEqual(lease);
    expect(await ledger.take("group", holder("e2"), "n2")).toEqual(lease);
    expect(await ledger.isHeldBy("group", "e1")).toBe(true);
    expect(await ledger.isHeldBy("group", "e2")).toBe(false);
  });

  it("each level has a lease of its own", async () => {
    await ledger.take("group", holder("e1"), "n1");
    expect((await ledger.take("patient", holder("e2"), "n2")).execution).toBe("e2");
    expect((await ledger.take("system", holder("e3"), "n3")).execution).toBe("e3");
  });

  it("an execution recognises its own lease if the answer to its write was lost", async () => {
    table.loseNextAnswer();
    await expect(ledger.take("group", holder("e1"), "n1")).rejects.toThrow("got lost");
    expect(await ledger.take("group", holder("e1"), "n1")).toMatchObject({ execution: "e1", nonce: "n1" });
  });

  it("only its holder can give a lease back", async () => {
    await ledger.take("group", holder("e1"), "n1");
    expect(await ledger.release("group", "e2")).toBe(false);
    expect(await ledger.isHeldBy("group", "e1")).toBe(true);
    expect(await ledger.release("group", "e1")).toBe(true);
    expect(await ledger.release("group", "e1")).toBe(false);
    expect((await ledger.take("group", holder("e2"), "n2")).execution).toBe("e2");
  });

  it("one of several executions takes a lease over, and the lease names the former holder", async () => {
    const dead = await ledger.take("group", holder("e1"), "n1");
    const [second, third] = await Promise.all([
      ledger.takeOver("group", holder("e2"), "n2", dead),
      ledger.takeOver("group", holder("e3"), "n3", dead),
    ]);
    expect(second).toEqual(third);
    expect(second).toMatchObject({ takenFrom: "e1" });
  });

  it("a lease that has a new holder cannot be taken over from the former one", async () => {
    const seen = await ledger.take("group", holder("e1"), "n1");
    await ledger.release("group", "e1");
    await ledger.take("group", holder("e2"), "n2");
    expect((await ledger.takeOver("group", holder("e3"), "n3", seen)).execution).toBe("e2");
  });

  it("a lease that was given back meanwhile is taken", async () => {
    const seen = await ledger.take("group", holder("e1"), "n1");
    await ledger.release("group", "e1");
    expect((await ledger.takeOver("group", holder("e2"), "n2", seen)).execution).toBe("e2");
  });

  const stored = {
    pk: { S: "lease#group" },
    exportId: { S: "e2" },
    execution: { S: "e2" },
    asks: { S: "kick-off of e2" },
    nonce: { S: "n2" },
    takenFrom: { S: "e1" },
    takenAt: { S: "2026-03-01T12:00:00.000Z" },
  };

  it("a lease is stored as texts under names that do not change", async () => {
    const dead = await ledger.take("group", holder("e1"), "n1");
    await ledger.takeOver("group", holder("e2"), "n2", dead);
    expect([...table.items.values()]).toEqual([stored]);
  });

  it("a lease that an older version stored is read", async () => {
    const { takenAt: _, ...older } = stored;
    table.items.set("lease#group", older);
    const lease = { ...holder("e2"), nonce: "n2", takenFrom: "e1", takenAt: undefined };
    expect(await ledger.take("group", holder("e3"), "n3")).toEqual(lease);
    expect(await ledger.release("group", "e2")).toBe(true);
  });

  it("a lease has one holder at a time, whatever is attempted in whatever order", async () => {
    const name = fc.constantFrom("e1", "e2", "e3");
    const move = fc.oneof(
      fc.record({ kind: fc.constant("take" as const), name }),
      fc.record({ kind: fc.constant("takeOver" as const), name }),
      fc.record({ kind: fc.constant("release" as const), name }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 30 }), async (moves) => {
        const own = leases(tableInMemory().client, "ledger", () => noon);
        let holds: { execution: string; nonce: string } | undefined;
        let seen: Lease | undefined;
        const told: unknown[] = [];
        const expected: unknown[] = [];
        for (const [turn, { kind, name: who }] of moves.entries()) {
          const nonce = `n${turn}`;
          if (kind === "release") {
            told.push(await own.release("system", who));
            expected.push(holds?.execution === who);
            if (holds?.execution === who) holds = undefined;
            continue;
          }
          const from = kind === "takeOver" ? seen : undefined;
          const lease = from
            ? await own.takeOver("system", holder(who), nonce, from)
            : await own.take("system", holder(who), nonce);
          if (holds === undefined || holds.nonce === from?.nonce) holds = { execution: who, nonce };
          seen = lease;
          told.push([lease.execution, lease.nonce]);
          expected.push([holds.execution, holds.nonce]);
        }
        expect(told).toEqual(expected);
      }),
    );
  });
});
