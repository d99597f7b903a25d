import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SessionDead } from "#user-session/language/session-faults.ts";
import {
  type Fate,
  type Outcome,
  type ProcessPlan,
  run,
  secondsLater,
  sessionId,
  type World,
  worldOf,
} from "../../fixtures/session-processes.ts";

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
const disturbed: fc.Arbitrary<ProcessPlan> = fc.record({
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

/** The rules that hold in every interleaving. */
function expectRightOrder({ usedUnstored, sentLate, sentAfterEnd }: World): void {
  expect({ usedUnstored, sentLate, sentAfterEnd }).toEqual({
    usedUnstored: [],
    sentLate: [],
    sentAfterEnd: [],
  });
}

describe("one session in several processes", () => {
  it("processes of one session send each refresh token once, and use only stored access tokens", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), crowd(undisturbed), async (scheduler, plans) => {
        const world = worldOf(scheduler, "strict");
        const outcomes = await run(world, plans);
        expect(world.server.sentTokens).toEqual([...new Set(world.server.sentTokens)]);
        expectRightOrder(world);
        for (const { faults } of outcomes) expect(faults.filter(({ name }) => name !== "AccessRefused")).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("calls at the same time share one refresh, and all get its token", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 8 }), async (scheduler, size) => {
        const world = worldOf(scheduler, "strict");
        const outcomes = await run(
          world,
          Array.from({ length: size }, () => processOf()),
        );
        expect(outcomes.map(({ tokens }) => tokens)).toEqual(outcomes.map(() => ["a-t1"]));
        expect(world.server.sentTokens).toEqual(["a-r0"]);
      }),
    );
  });

  it("a refused token is replaced once, even if it was refused in several processes", async () => {
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
        expect(world.server.sentTokens).toEqual(["a-r0", "a-r1"]);
      }),
    );
  });

  it("with crashes and lost answers, no refresh token is sent after its successor is stored or after the end, and a session ends only if a token was lost", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), crowd(disturbed), async (scheduler, plans) => {
        const world = worldOf(scheduler, "strict");
        const outcomes = await run(world, plans);
        expectRightOrder(world);
        const end = world.store.peek(sessionId)?.end;
        const endedWithoutLoss = end !== undefined && world.unstored.size === 0;
        expect(endedWithoutLoss).toBe(false);
        const answered = outcomes.map(({ died, tokens, faults }) => died || tokens.length + faults.length);
        expect(answered).toEqual(outcomes.map(({ died }, id) => died || plans[id]?.calls.length));
        // The process that found the end may have crashed before it published it: the next one publishes it.
        if (end !== undefined) await run(world, [processOf()]);
        const unpublished = end !== undefined && !world.publishedEnds.includes(end.at);
        expect(unpublished).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  it("with a server that accepts a rotated token for a while, crashes and lost answers end no session", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), crowd(disturbed), async (scheduler, plans) => {
        const world = worldOf(scheduler, "graceful");
        const outcomes = await run(world, plans);
        expectRightOrder(world);
        expect(outcomes.flatMap(({ faults }) => faults).filter((fault) => fault instanceof SessionDead)).toEqual([]);
        world.clock.now += secondsLater(7_200);
        const [after] = await run(world, [processOf()]);
        expect(after?.faults).toEqual([]);
        expect(after?.tokens).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });

  it("a session switches to the operator's new secret during any refresh, and never back", async () => {
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
        expectRightOrder(world);
        expect(world.server.reuses()).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

/** The world and the calls of the next process after one that crashed. */
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

describe("a process that crashes during a refresh", () => {
  /** The steps of a refresh, counted from 0. Each of read, begin a chain, read, claim, refresh and save takes two. */
  const [claimed, rotated, stored] = [8, 10, 12];

  it("after a crash before the token request, the next process refreshes once the claim has run out", async () => {
    const { world, outcome } = await afterwards("strict", claimed);
    expect(outcome.tokens).toEqual(["a-t1"]);
    expect(world.server.sentTokens).toEqual(["a-r0"]);
    expect(world.clock.now).toBeGreaterThanOrEqual(20_000);
  });

  it("after a crash between rotation and storing, a strict server ends the session, and the message says why", async () => {
    const { world, outcome } = await afterwards("strict", rotated - 1);
    expect(outcome.faults).toMatchObject([{ name: "SessionDead", refusal: "grant-refused" }]);
    expect(outcome.faults[0]?.message).toContain("may have been rotated then");
    expect(world.server.sentTokens).toEqual(["a-r0", "a-r0"]);
    const [third] = await run(world, [processOf()]);
    expect(third?.faults).toMatchObject([{ name: "SessionDead" }]);
    expect(world.server.sentTokens).toHaveLength(2);
    expect(world.publishedEnds).toHaveLength(1);
  });

  it("after a crash between rotation and storing, the session lives if the server still accepts the old token", async () => {
    const { outcome } = await afterwards("graceful", rotated - 1);
    expect(outcome.tokens).toEqual(["a-t1"]);
  });

  it("after a crash between storing and using, the next process uses the stored token", async () => {
    const { world, outcome } = await afterwards("strict", stored - 1);
    expect(outcome.tokens).toEqual(["a-t1"]);
    expect(world.server.sentTokens).toEqual(["a-r0"]);
    expect(world.clock.now).toBe(0);
  });
});
