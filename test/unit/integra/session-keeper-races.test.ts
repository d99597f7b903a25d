import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServerUnavailable } from "#contracts/errors.ts";
import { SessionDead } from "#contracts/user-faults.ts";
import type { UserSessionStore, UserTokens } from "#contracts/user-session.ts";
import { currentAccessToken, type SessionKeeperPorts } from "#integra/session-keeper.ts";
import { type RotatingTokenServer, rotatingTokenServer } from "#test/fixtures/rotating-token-server.ts";
import { type SessionStoreInMemory, sessionStoreInMemory } from "#test/fixtures/session-store-in-memory.ts";

/*
 * Several processes with one session, in any interleaving of what they ask of the store and of the server, and with any
 * of them gone at any moment. Time passes only while somebody sleeps, and never past the claim of a process that lives,
 * which is the one thing that the keeper relies on.
 */

const sessionId = "service";
const secondsLater = (seconds: number): number => seconds * 1_000;

const chainOf = (token: string): string | undefined => token.split("-")[0];

type Fate = "answered" | "never arrived" | "answer lost";

interface ProcessPlan {
  /** Seconds to let pass before each call, and whether the token of the call before is said to be refused. */
  calls: { afterSeconds: number; refused: boolean }[];
  /** After how many steps the process is gone; undefined: never. */
  diesAfter: number | undefined;
  /** What becomes of its token requests, one after the other; then all are answered. */
  fates: Fate[];
  /** Whether each write to the store is sent twice, because its first answer was lost. */
  writesTwice: boolean;
}

interface World {
  scheduler: fc.Scheduler;
  store: SessionStoreInMemory;
  server: RotatingTokenServer;
  clock: { now: number };
  /** Until when each living process has its claim. */
  claims: Map<number, number>;
  /** Who is in the middle of a call: hours pass only between calls. */
  calling: Set<number>;
  secret: { name: string; putAt: number };
  stored: Set<string>;
  /** Access tokens that the server gave and nobody has stored: on their way, or lost for ever. */
  unstored: Set<string>;
  broughtWhenDead: string[];
}

function worldOf(scheduler: fc.Scheduler, kind: "strict" | "graceful"): World {
  return {
    scheduler,
    store: sessionStoreInMemory(),
    server: rotatingTokenServer(kind),
    clock: { now: 0 },
    claims: new Map(),
    calling: new Set(),
    secret: { name: "a", putAt: 1 },
    stored: new Set(),
    unstored: new Set(),
    broughtWhenDead: [],
  };
}

/** What a process asks of the world: each question, and each answer, is a step after which others may be faster. */
function portsOf(world: World, id: number, plan: ProcessPlan, died: () => void): SessionKeeperPorts {
  const { scheduler, store, server, clock, claims } = world;
  const fates = [...plan.fates];
  let steps = 0;
  let dead = false;
  const step = async (label: string): Promise<void> => {
    await scheduler.schedule(Promise.resolve(), `${id}: ${label}`);
    if (!dead && steps === plan.diesAfter) {
      dead = true;
      claims.delete(id);
      world.calling.delete(id);
      died();
    }
    steps += 1;
    if (dead) await new Promise(() => undefined);
  };
  const asked = async <T>(label: string, effect: () => T | Promise<T>): Promise<T> => {
    await step(`asks to ${label}`);
    const answer = await effect();
    await step(`hears of ${label}`);
    return answer;
  };
  const write = async <T>(label: string, effect: () => Promise<T>): Promise<T> => {
    const first = await asked(label, effect);
    return plan.writesTwice ? await asked(`${label} again`, effect) : first;
  };
  const watched: UserSessionStore = {
    read: (session) => asked("read", () => store.read(session)),
    beginChain: (session, seed) => write("begin a chain", () => store.beginChain(session, seed)),
    revive: (session, seed) => write("revive", () => store.revive(session, seed)),
    claimRefresh: (session, claim, times) =>
      write("claim", async () => {
        const claimed = await store.claimRefresh(session, claim, times);
        if (claimed) claims.set(id, times.until);
        else claims.delete(id);
        return claimed;
      }),
    saveRefreshed: (session, claim, refreshed) =>
      write("save", async () => {
        const saved = await store.saveRefreshed(session, claim, refreshed);
        if (saved) world.stored.add(refreshed.access.token);
        if (saved) world.unstored.delete(refreshed.access.token);
        return saved;
      }).finally(() => claims.delete(id)),
    release: (session, claim, retryAt) =>
      write("release", () => store.release(session, claim, retryAt)).finally(() => claims.delete(id)),
    bury: (session, claim, death) =>
      write("bury", () => store.bury(session, claim, death)).finally(() => claims.delete(id)),
  };
  return {
    store: watched,
    refresh: (_, refreshToken) => {
      const fate = fates.shift() ?? "answered";
      return asked("refresh", (): UserTokens => {
        if (fate === "never arrived") throw new ServerUnavailable("no answer");
        if (store.peek(sessionId)?.death !== undefined) world.broughtWhenDead.push(refreshToken);
        const newest = store.peek(sessionId)?.refreshToken ?? "";
        // A chain that the operator has replaced meanwhile may end as it likes.
        if (chainOf(newest) === chainOf(refreshToken)) expect(refreshToken).toBe(newest);
        const tokens = server.refresh(refreshToken);
        world.unstored.add(tokens.accessToken);
        if (fate === "answered") return tokens;
        throw new ServerUnavailable("the answer broke off");
      });
    },
    now: () => clock.now,
    sleep: async (ms) => {
      const wakesAt = clock.now + ms;
      await step("sleeps");
      pass(world, wakesAt);
    },
  };
}

/** Lets time pass, but not past the claim of a process that lives. */
function pass({ clock, claims }: World, until: number): void {
  clock.now = Math.max(clock.now, Math.min(until, ...[...claims.values()].map((end) => end - 1)));
}

interface Outcome {
  died: boolean;
  tokens: string[];
  faults: Error[];
}

async function live(world: World, id: number, plan: ProcessPlan): Promise<Outcome> {
  const outcome: Outcome = { died: false, tokens: [], faults: [] };
  const death = Promise.withResolvers<undefined>();
  const ports = portsOf(world, id, plan, () => {
    outcome.died = true;
    death.resolve(undefined);
  });
  const session = {
    id: sessionId,
    readSecret: () => {
      const { name, putAt } = world.secret;
      const material = { refresh_token: `${name}-r0`, client_id: "bridge", auth_method: "none" };
      return Promise.resolve({ text: JSON.stringify(material), putAt });
    },
  };
  const calls = async (): Promise<void> => {
    for (const { afterSeconds, refused } of plan.calls) {
      const beginsAt = world.clock.now + secondsLater(afterSeconds);
      while (world.clock.now < beginsAt) {
        await ports.sleep(0);
        if (world.calling.size === 0) pass(world, beginsAt);
      }
      world.calling.add(id);
      try {
        outcome.tokens.push(await currentAccessToken(ports, session, refused ? outcome.tokens.at(-1) : undefined));
      } catch (error) {
        if (!(error instanceof Error) || error.name === "AssertionError") throw error;
        outcome.faults.push(error);
      } finally {
        world.calling.delete(id);
      }
    }
  };
  await Promise.race([calls(), death.promise]);
  return outcome;
}

async function run(world: World, plans: ProcessPlan[]): Promise<Outcome[]> {
  return await world.scheduler.waitFor(Promise.all(plans.map((plan, id) => live(world, id, plan))));
}

const calls = fc.array(fc.record({ afterSeconds: fc.constantFrom(0, 0, 11, 850, 1_000), refused: fc.boolean() }), {
  minLength: 1,
  maxLength: 3,
});
const undisturbed: fc.Arbitrary<ProcessPlan> = fc.record({
  calls,
  diesAfter: fc.constant(undefined),
  fates: fc.constant([]),
  writesTwice: fc.boolean(),
});
const troubled: fc.Arbitrary<ProcessPlan> = fc.record({
  calls,
  diesAfter: fc.option(fc.nat({ max: 30 }), { nil: undefined }),
  fates: fc.array(fc.constantFrom<Fate>("answered", "never arrived", "answer lost"), { maxLength: 3 }),
  writesTwice: fc.boolean(),
});
const crowd = <T>(member: fc.Arbitrary<T>) => fc.array(member, { minLength: 2, maxLength: 4 });

const processOf = (more: Partial<ProcessPlan> = {}): ProcessPlan => ({
  calls: [{ afterSeconds: 0, refused: false }],
  diesAfter: undefined,
  fates: [],
  writesTwice: false,
  ...more,
});

function expectOnlyStoredTokens(world: World, outcomes: Outcome[]): void {
  for (const token of outcomes.flatMap(({ tokens }) => tokens)) expect(world.stored).toContain(token);
}

describe("one session in several processes", () => {
  it("brings each refresh token once, and everybody gets a token that was stored before", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), crowd(undisturbed), async (scheduler, plans) => {
        const world = worldOf(scheduler, "strict");
        const outcomes = await run(world, plans);
        expect(world.server.brought).toEqual([...new Set(world.server.brought)]);
        expectOnlyStoredTokens(world, outcomes);
        for (const { faults } of outcomes) expect(faults.filter(({ name }) => name !== "AccessRefused")).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("refreshes once for all who ask at the same time, and they all get the new token", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 8 }), async (scheduler, size) => {
        const world = worldOf(scheduler, "strict");
        const outcomes = await run(
          world,
          Array.from({ length: size }, () => processOf()),
        );
        expect(outcomes.map(({ tokens }) => tokens)).toEqual(outcomes.map(() => ["a-t1"]));
        expect(world.server.brought).toEqual(["a-r0"]);
      }),
    );
  });

  it("replaces a refused token once, however many were refused with it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 6 }), async (scheduler, size) => {
        const world = worldOf(scheduler, "strict");
        await run(world, [processOf()]);
        world.clock.now += secondsLater(60);
        const refused = {
          calls: [
            { afterSeconds: 0, refused: false },
            { afterSeconds: 0, refused: true },
          ],
        };
        const outcomes = await run(
          world,
          Array.from({ length: size }, () => processOf(refused)),
        );
        for (const { tokens } of outcomes) expect(tokens.at(-1)).toBe("a-t2");
        expect(world.server.brought).toEqual(["a-r0", "a-r1"]);
      }),
    );
  });

  it("whoever dies and whatever is lost: no token is brought once its successor is stored, nor to a dead session, and none dies without a token lost", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), crowd(troubled), async (scheduler, plans) => {
        const world = worldOf(scheduler, "strict");
        const outcomes = await run(world, plans);
        expectOnlyStoredTokens(world, outcomes);
        expect(world.broughtWhenDead).toEqual([]);
        const diedForNothing = world.store.peek(sessionId)?.death !== undefined && world.unstored.size === 0;
        expect(diedForNothing).toBe(false);
        const answered = outcomes.map(({ died, tokens, faults }) => died || tokens.length + faults.length);
        expect(answered).toEqual(outcomes.map(({ died }, id) => died || plans[id]?.calls.length));
      }),
      { numRuns: 400 },
    );
  });

  it("a server that lets a token come again loses no session, whoever dies and whatever is lost", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), crowd(troubled), async (scheduler, plans) => {
        const world = worldOf(scheduler, "graceful");
        const outcomes = await run(world, plans);
        expectOnlyStoredTokens(world, outcomes);
        expect(outcomes.flatMap(({ faults }) => faults).filter((fault) => fault instanceof SessionDead)).toEqual([]);
        world.clock.now += secondsLater(7_200);
        const [after] = await run(world, [processOf()]);
        expect(after?.faults).toEqual([]);
        expect(after?.tokens).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });

  it("goes over to the operator's new secret, whatever is under way, and never back", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), crowd(undisturbed), async (scheduler, plans) => {
        const world = worldOf(scheduler, "strict");
        const putNewSecret = async (): Promise<void> => {
          await scheduler.schedule(Promise.resolve(), "the operator puts a new secret");
          world.secret = { name: "b", putAt: 2 };
        };
        const operator = putNewSecret();
        await run(world, plans);
        await scheduler.waitFor(operator);
        world.clock.now += secondsLater(1_000);
        const [after] = await run(world, [processOf()]);
        expect(after?.tokens[0]).toMatch(/^b-/);
        expect(world.server.reuses()).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

/** What the next process finds after one that died. */
async function afterwards(kind: "strict" | "graceful", diesAfter: number) {
  let result: { world: World; outcome: Outcome } | undefined;
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const world = worldOf(scheduler, kind);
      const [first] = await run(world, [processOf({ diesAfter })]);
      expect(first).toMatchObject({ died: true, tokens: [] });
      const [second] = await run(world, [processOf()]);
      if (second !== undefined) result = { world, outcome: second };
    }),
    { numRuns: 1 },
  );
  if (result === undefined) throw new Error("nothing ran");
  return result;
}

describe("a process that dies over a refresh", () => {
  /** Its steps: read, begin a chain, read, claim, refresh, save: two each, counted from 0. */
  const [claimed, rotated, stored] = [8, 10, 12];

  it("before the server heard of it: the next one refreshes when the claim has run out", async () => {
    const { world, outcome } = await afterwards("strict", claimed);
    expect(outcome.tokens).toEqual(["a-t1"]);
    expect(world.server.brought).toEqual(["a-r0"]);
    expect(world.clock.now).toBeGreaterThanOrEqual(20_000);
  });

  it("between rotation and storing, at a strict server: the session is dead, by the server's word, and says so", async () => {
    const { world, outcome } = await afterwards("strict", rotated - 1);
    expect(outcome.faults).toMatchObject([{ name: "SessionDead", refusal: "grant-refused", discovered: true }]);
    expect(outcome.faults[0]?.message).toContain("it may have been rotated then");
    expect(world.server.brought).toEqual(["a-r0", "a-r0"]);
    const [third] = await run(world, [processOf()]);
    expect(third?.faults).toMatchObject([{ name: "SessionDead", discovered: false }]);
    expect(world.server.brought).toHaveLength(2);
  });

  it("between rotation and storing, at a graceful server: the session lives", async () => {
    const { outcome } = await afterwards("graceful", rotated - 1);
    expect(outcome.tokens).toEqual(["a-t1"]);
  });

  it("after storing, before using: the next one uses what was stored", async () => {
    const { world, outcome } = await afterwards("strict", stored - 1);
    expect(outcome.tokens).toEqual(["a-t1"]);
    expect(world.server.brought).toEqual(["a-r0"]);
    expect(world.clock.now).toBe(0);
  });
});
