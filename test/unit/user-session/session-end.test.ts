import { describe, expect, it } from "vitest";
import type { BridgeEvent } from "#functions/wings.ts";
import type { SessionDeath } from "#user-session/language/user-session.ts";
import { noticeOfDeath } from "#user-session/session-end.ts";

const death: SessionDeath = {
  at: Date.parse("2026-03-01T12:00:00Z"),
  refusal: "grant-refused",
  words: "renew it",
  told: false,
};

const down = (what: string) => Promise.reject(new Error(`the ${what} is down`));
const silent = () => undefined;

function noticed({ busIsDown = false, ledgerIsDown = false } = {}) {
  const published: BridgeEvent[] = [];
  const told: [string, number][] = [];
  const logged: unknown[] = [];
  const rung = { times: 0 };
  const notice = noticeOfDeath({
    bus: {
      publish: (event) => {
        if (busIsDown) return down("bus");
        published.push(event);
        return Promise.resolve();
      },
    },
    store: {
      markTold: (...marked) => {
        if (ledgerIsDown) return down("ledger");
        told.push(marked);
        return Promise.resolve();
      },
    },
    reportDeadSession: () => {
      rung.times += 1;
    },
    log: { info: silent, warn: silent, error: (_, fields) => void logged.push(fields) },
  });
  return { notice, published, told, logged, rung };
}

describe("the end of a user session", () => {
  it("rings, and is told to the subscribers", async () => {
    const { notice, published, told, rung } = noticed();
    await notice("service", death);
    expect(published).toEqual([
      {
        type: "User Session Ended",
        detail: {
          version: "1",
          eventId: "session/service/2026-03-01T12:00:00.000Z",
          sessionId: "service",
          endedAt: "2026-03-01T12:00:00.000Z",
          refusal: "grant-refused",
          message: "renew it",
        },
      },
    ]);
    expect([told, rung.times]).toEqual([[["service", death.at]], 1]);
  });

  it("that was told before rings only", async () => {
    const { notice, published, told, rung } = noticed();
    await notice("service", { ...death, told: true });
    expect([published, told, rung.times]).toEqual([[], [], 1]);
  });

  it.each([{ busIsDown: true }, { ledgerIsDown: true }])(
    "is left to the next who meets it where it could not be told (%o)",
    async (trouble) => {
      const { notice, told, logged, rung } = noticed(trouble);
      await notice("service", death);
      expect([told, rung.times]).toEqual([[], 1]);
      expect(logged).toMatchObject([{ sessionId: "service" }]);
    },
  );
});
