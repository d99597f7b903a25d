import { describe, expect, it } from "vitest";
import type { BridgeEvent } from "#functions/wings.ts";
import type { SessionEnd } from "#user-session/language/user-session.ts";
import { reportSessionEnd } from "#user-session/session-end.ts";

const end: SessionEnd = {
  at: Date.parse("2026-03-01T12:00:00Z"),
  refusal: "grant-refused",
  message: "renew it",
  published: false,
};

const down = (what: string) => Promise.reject(new Error(`the ${what} is down`));
const silent = () => undefined;

function reporter({ busIsDown = false, ledgerIsDown = false } = {}) {
  const published: BridgeEvent[] = [];
  const marked: [string, number][] = [];
  const logged: unknown[] = [];
  const counted = { times: 0 };
  const report = reportSessionEnd({
    bus: {
      publish: (event) => {
        if (busIsDown) return down("bus");
        published.push(event);
        return Promise.resolve();
      },
    },
    store: {
      markEndPublished: (...mark) => {
        if (ledgerIsDown) return down("ledger");
        marked.push(mark);
        return Promise.resolve();
      },
    },
    countEndedSessionUse: () => {
      counted.times += 1;
    },
    log: { info: silent, warn: silent, error: (code, fields) => void logged.push({ code, ...fields }) },
  });
  return { report, published, marked, logged, counted };
}

describe("the end of a user session", () => {
  it("the end of a session is counted for the alarm, published as an event, and marked as published", async () => {
    const { report, published, marked, counted } = reporter();
    await report("service", end);
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
    expect([marked, counted.times]).toEqual([[["service", end.at]], 1]);
  });

  it("an end that was published before is only counted for the alarm", async () => {
    const { report, published, marked, counted } = reporter();
    await report("service", { ...end, published: true });
    expect([published, marked, counted.times]).toEqual([[], [], 1]);
  });

  it.each([{ busIsDown: true }, { ledgerIsDown: true }])(
    "an end that could not be published is logged, and stays unmarked so that the next process publishes it (%o)",
    async (outage) => {
      const { report, marked, logged, counted } = reporter(outage);
      await report("service", end);
      expect([marked, counted.times]).toEqual([[], 1]);
      expect(logged).toMatchObject([{ code: "SESSION_END_UNPUBLISHED", sessionId: "service" }]);
    },
  );
});
