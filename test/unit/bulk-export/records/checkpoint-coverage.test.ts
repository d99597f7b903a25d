import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ExportRequest } from "#bulk-export/language/export-request.ts";
import { presentableTime } from "#bulk-export/plan-downloads/presentable-time.ts";
import { type CheckpointScope, checkpoints } from "#bulk-export/records/checkpoints.ts";
import { integraServer } from "#bulk-export/server/integra-server.ts";
import { kickOffUrl } from "#bulk-export/server/kick-off.ts";
import { tableInMemory } from "#test/fixtures/table-in-memory.ts";

const second = 1_000;
const hour = 3_600 * second;
const day = 24 * hour;
const begin = Date.UTC(2026, 0, 10);

/** How servers write a time. None of them is later than the time itself. */
const spellings: ((time: number) => string | null)[] = [
  (time) => new Date(time).toISOString(),
  (time) => `${new Date(time).toISOString().slice(0, -1)}456789Z`,
  (time) => `${new Date(time + 5.5 * hour).toISOString().slice(0, -1)}+05:30`,
  (time) => `${new Date(time - 8 * hour).toISOString().slice(0, 19)}-0800`,
  (time) => `${new Date(time).toISOString().slice(0, 16)}Z`,
  // Without a zone: the server's own, which the bridge does not know.
  (time) => new Date(time + 14 * hour).toISOString().slice(0, 19),
  (time) => new Date(time - 12 * hour).toISOString().slice(0, 19).replace("T", " "),
  (time) => new Date(time + 14 * hour).toISOString().slice(0, 10),
  (time) => new Date(time).toUTCString(),
  (time) => String(Math.floor(time / second)),
  (time) => String(time),
  (time) => `about ${new Date(time).toISOString()}`,
  () => null,
  () => "0001-01-01T00:00:00Z",
];

/** A change of a resource, or an export. Both take a while. */
type Event =
  | { kind: "change"; resource: number; afterMs: number }
  | {
      kind: "export";
      afterMs: number;
      /** What the caller asks for: everything, what changed since the checkpoint, or what changed in the last hours. */
      wants: "all" | "last-completed" | number;
      /** From the kick-off to the moment of which the server exports the data, and from there to the end. */
      queuedMs: number;
      runsMs: number;
      ends: "complete" | "partial";
      spelling: number;
      /** What the server says instead of the time of its data, if it lies. */
      lie: number | undefined;
    };

interface World {
  /** How far the server's clock is ahead of the bridge's. */
  skewMs: number;
  events: Event[];
}

const afterMs = fc.oneof(fc.nat({ max: 3 * second }), fc.nat({ max: 3 * hour }), fc.nat({ max: 20 * day }));

const eventsOf = (lie: fc.Arbitrary<number | undefined>): fc.Arbitrary<Event[]> =>
  fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("change" as const), resource: fc.nat({ max: 3 }), afterMs }),
      fc.record({
        kind: fc.constant("export" as const),
        afterMs,
        wants: fc.oneof(
          fc.constantFrom("all" as const, "last-completed" as const, "last-completed" as const),
          fc.integer({ min: 1, max: 100 }),
        ),
        queuedMs: fc.oneof(fc.constant(0), fc.nat({ max: hour })),
        runsMs: fc.nat({ max: 30 * hour }),
        ends: fc.constantFrom("complete" as const, "complete" as const, "complete" as const, "partial" as const),
        spelling: fc.nat({ max: spellings.length - 1 }),
        lie,
      }),
    ),
    { minLength: 4, maxLength: 24 },
  );

/** A server whose clock is wrong by any span, and that says by its own clock of when its data is. */
const honestServers: fc.Arbitrary<World> = fc.record({
  skewMs: fc.oneof(...[hour, 30 * hour, 400 * day].map((most) => fc.integer({ min: -most, max: most }))),
  events: eventsOf(fc.constant(undefined)),
});

/**
 * A server that says any time, 1970 to 2040, and whose clock is right or ahead. If its clock were behind as well, nothing that it
 * says could tell.
 */
const lyingServers: fc.Arbitrary<World> = fc.record({
  skewMs: fc.nat({ max: 400 * day }),
  events: eventsOf(fc.option(fc.integer({ min: 0, max: Date.UTC(2040, 11, 31) }), { nil: undefined })),
});

const scope: CheckpointScope & Pick<ExportRequest, "outputFormat"> = {
  level: "patient",
  outputFormat: "application/fhir+ndjson",
};
const integra = integraServer({ baseUrl: "https://portal.example" });

/** The moment after which the server is asked for changes. It accepts a FHIR instant only. */
function sinceOf(request: ExportRequest): number {
  const since = kickOffUrl(integra, request).searchParams.get("_since");
  if (since === null) return -Infinity;
  expect(since).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  return Date.parse(since);
}

/** Plays a world, with the bridge's own checkpoints. Returns how many incremental exports there were. */
async function play({ skewMs, events }: World): Promise<number> {
  let now = begin;
  const { client } = tableInMemory();
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const ledger = checkpoints(client, "ledger", { now: () => now, log });
  /** By resource, the times of its changes by the bridge's clock. Each has existed from the beginning. */
  const changes = new Map([0, 1, 2, 3].map((resource) => [resource, [begin]]));
  const lastChange = (resource: number, until: number) =>
    changes.get(resource)?.findLast((change) => change <= until) ?? Number.NaN;
  /** By resource, the last change that complete exports brought without a gap. */
  const brought = new Map<number, Set<number>>([0, 1, 2, 3].map((resource) => [resource, new Set()]));
  let incrementals = 0;

  for (const event of events) {
    now += event.afterMs;
    if (event.kind === "change") {
      changes.get(event.resource)?.push(now);
      continue;
    }
    const { wants, queuedMs, runsMs, ends, spelling, lie } = event;
    const found = wants === "last-completed" ? await ledger.find(scope) : undefined;
    const since = typeof wants === "number" ? new Date(now - wants * hour).toISOString() : found?.since;
    if (found !== undefined) incrementals += 1;
    const kickedOff = now;
    const dataOf = kickedOff + queuedMs;
    const after = sinceOf({ ...scope, ...(since !== undefined && { since }) });
    now = dataOf + runsMs;
    // A change that comes while the server works waits for the next export: the events are in order.
    const returned = [...changes.keys()].filter((resource) => lastChange(resource, dataOf) + skewMs > after);
    if (ends !== "complete") continue;
    for (const resource of returned) brought.get(resource)?.add(lastChange(resource, dataOf));
    const said = spellings[spelling]?.(lie ?? Math.max(0, dataOf + skewMs)) ?? null;
    const transactionTime = presentableTime(said);
    await ledger.advance(scope, { exportId: "e", transactionTime, requestedAt: kickedOff, since });
    if (typeof wants === "number") continue;
    const skipped = [...changes.keys()].filter((one) => brought.get(one)?.has(lastChange(one, kickedOff)) !== true);
    expect({ skipped, said, since }).toEqual({ skipped: [], said, since });
  }
  return incrementals;
}

/** After any world: a complete export, then one change, then the next incremental export, which must bring the change. */
const withLastChange = ({ skewMs, events }: World): World => {
  const complete = { queuedMs: 0, runsMs: second, ends: "complete", spelling: 0, lie: undefined } as const;
  const last: Event[] = [
    { kind: "export", wants: "all", afterMs: second, ...complete },
    { kind: "change", resource: 2, afterMs: second },
    { kind: "export", wants: "last-completed", afterMs: second, ...complete },
  ];
  return { skewMs, events: [...events, ...last] };
};

describe("a series of exports", () => {
  it.each([
    ["with a wrong clock, which writes its time in any way,", honestServers],
    ["that says any time", lyingServers],
  ])(
    "from a server %s the exports bring every resource that changed before a complete export's kick-off",
    async (_, worlds) => {
      let incrementals = 0;
      await fc.assert(
        fc.asyncProperty(worlds.map(withLastChange), async (world) => {
          incrementals += await play(world);
        }),
        { numRuns: 150 },
      );
      // Otherwise every export would be a full one, and nothing would be shown.
      expect(incrementals).toBeGreaterThan(200);
    },
  );
});
