import { describe, expect, it } from "vitest";
import { tailEvents, tailProbe } from "#cli/listener/tail-events.ts";
import type { ReceivedMessage } from "#cli/listener/temporary-listener.ts";

const event = (id: string, type = "Export Started"): ReceivedMessage => ({
  id,
  type,
  time: "",
  source: "",
  detail: {},
});

/** A listener that receives these batches, and then nothing. */
function tailOf(batches: ReceivedMessage[][], onEmpty: () => void = () => undefined) {
  const happened: string[] = [];
  const clock = { now: 0 };
  const controller = new AbortController();
  const did = (what: string) => () => {
    happened.push(what);
    return Promise.resolve();
  };
  const listener = {
    name: "tail",
    createQueue: did("queue"),
    createRule: did("rule"),
    removeRule: did("no rule"),
    removeQueue: did("no queue"),
    putEvent: did("probe"),
    receive: () => {
      clock.now += 1_000;
      const batch = batches.shift();
      if (batch === undefined) onEmpty();
      return Promise.resolve(batch ?? []);
    },
  };
  const run = (limits: { count?: number; until?: number } = {}) =>
    tailEvents(
      { listener, probeDetail: {}, signal: controller.signal, now: () => clock.now },
      { count: Infinity, until: Infinity, ...limits },
      { listening: () => happened.push("listening"), event: ({ id }) => happened.push(id) },
    );
  return { run, happened, controller };
}

const probe = event("p", tailProbe);

describe("a tail of events", () => {
  it("shows each event once, from the moment at which the rule works, up to the limit", async () => {
    const { run, happened } = tailOf([
      [],
      [probe, event("a")],
      [event("a"), event("p2", tailProbe)],
      [event("b"), event("c")],
    ]);
    expect(await run({ count: 2 })).toBe(2);
    expect(happened).toEqual(["queue", "rule", "probe", "probe", "a", "listening", "b", "no rule", "no queue"]);
  });

  it("ends when its time is over", async () => {
    const { run, happened } = tailOf([[probe], [event("a")]]);
    expect(await run({ until: 5_000 })).toBe(1);
    expect(happened.slice(-2)).toEqual(["no rule", "no queue"]);
  });

  it("removes the rule and the queue when it is stopped", async () => {
    const stopped = new Error("stopped by SIGINT");
    const tail = tailOf([[probe]], () => tail.controller.abort(stopped));
    await expect(tail.run()).rejects.toBe(stopped);
    expect(tail.happened.slice(-2)).toEqual(["no rule", "no queue"]);
  });

  it("says what to check if the rule never works", async () => {
    const { run, happened } = tailOf([]);
    await expect(run()).rejects.toThrow("service control policy");
    expect(happened.slice(-2)).toEqual(["no rule", "no queue"]);
  });
});
