import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SessionDeath, UserSessionStore } from "#user-session/language/user-session.ts";
import { userSessions } from "#user-session/session-store.ts";
import { sessionStoreInMemory } from "../../fixtures/session-store-in-memory.ts";
import { tableInMemory } from "../../fixtures/table-in-memory.ts";

const id = "service";
const seed = { digest: "digest-a", putAt: 100, refreshToken: "r0" };
const claim = { id: "claim-1", generation: 1 };
const times = { now: 1_000, until: 2_000, secretPutAt: 100 };
const refreshed = { refreshToken: "r1", access: { token: "t1", issuedAt: 1_000, renewAt: 840_000 } };
const death: Omit<SessionDeath, "told"> = { at: 1_500, refusal: "client-refused", words: "the server said no" };

function given() {
  const table = tableInMemory();
  return { table, sessions: userSessions(table.client, "ledger") };
}

async function begun() {
  const setting = given();
  await setting.sessions.beginChain(id, seed);
  return setting;
}

describe("a session in the ledger", () => {
  it("is unknown before its chain begins", async () => {
    expect(await given().sessions.read(id)).toBeUndefined();
  });

  it("begins with the secret's refresh token", async () => {
    const { sessions } = await begun();
    expect(await sessions.read(id)).toEqual({
      seedDigest: "digest-a",
      secretPutAt: 100,
      generation: 1,
      refreshToken: "r0",
      access: undefined,
      claim: undefined,
      attempts: 0,
      retryAt: undefined,
      death: undefined,
    });
  });

  it("is one among others", async () => {
    const { sessions } = await begun();
    expect(await sessions.read("another")).toBeUndefined();
  });

  it("has one owner of a refresh, whoever else asks", async () => {
    const { sessions } = await begun();
    const ids = Array.from({ length: 20 }, (_, number) => `claim-${number}`);
    const claimed = await Promise.all(ids.map((owner) => sessions.claimRefresh(id, { ...claim, id: owner }, times)));
    expect(claimed.filter(Boolean)).toHaveLength(1);
    expect(await sessions.read(id)).toMatchObject({ claim: { until: 2_000 }, attempts: 1 });
  });

  it("gets another owner when the claim has run out, not before", async () => {
    const { sessions } = await begun();
    await sessions.claimRefresh(id, claim, times);
    const other = { id: "claim-2", generation: 1 };
    expect(await sessions.claimRefresh(id, other, { ...times, now: 1_999 })).toBe(false);
    expect(await sessions.claimRefresh(id, other, { ...times, now: 2_000, until: 3_000 })).toBe(true);
    expect(await sessions.read(id)).toMatchObject({ claim: { id: "claim-2", until: 3_000 }, attempts: 2 });
  });

  it("takes a refresh as a whole: both tokens, a new generation, no claim", async () => {
    const { sessions } = await begun();
    await sessions.claimRefresh(id, claim, times);
    expect(await sessions.saveRefreshed(id, claim, refreshed)).toBe(true);
    expect(await sessions.read(id)).toMatchObject({ ...refreshed, generation: 2, claim: undefined, attempts: 0 });
  });

  it("takes no claim and no refresh of a generation that has passed", async () => {
    const { sessions } = await begun();
    await sessions.saveRefreshed(id, claim, refreshed);
    const late = { id: "late", generation: 1 };
    expect(await sessions.claimRefresh(id, late, times)).toBe(false);
    expect(await sessions.saveRefreshed(id, late, { ...refreshed, refreshToken: "other" })).toBe(false);
    expect(await sessions.bury(id, late, death)).toBe(false);
    expect(await sessions.read(id)).toMatchObject({ refreshToken: "r1", death: undefined });
  });

  it("takes the refresh of an owner whose claim ran out: its tokens are the only ones", async () => {
    const { sessions } = await begun();
    await sessions.claimRefresh(id, claim, times);
    const other = { id: "claim-2", generation: 1 };
    await sessions.claimRefresh(id, other, { ...times, now: 2_000, until: 3_000 });
    await sessions.bury(id, other, death);
    expect(await sessions.saveRefreshed(id, claim, refreshed)).toBe(true);
    expect(await sessions.read(id)).toMatchObject({ refreshToken: "r1", death: undefined, claim: undefined });
  });

  it("rests after a refresh without a result", async () => {
    const { sessions } = await begun();
    await sessions.claimRefresh(id, claim, times);
    await sessions.release(id, claim, 5_000);
    const next = { id: "claim-2", generation: 1 };
    expect(await sessions.claimRefresh(id, next, { ...times, now: 4_999 })).toBe(false);
    expect(await sessions.claimRefresh(id, next, { ...times, now: 5_000, until: 6_000 })).toBe(true);
    await sessions.release(id, claim, 99_000);
    expect(await sessions.read(id)).toMatchObject({ retryAt: undefined, claim: { id: "claim-2" }, attempts: 2 });
  });

  it("dies by its owner's word only, and is not refreshed any more", async () => {
    const { sessions } = await begun();
    await sessions.claimRefresh(id, claim, times);
    expect(await sessions.bury(id, { id: "other", generation: 1 }, death)).toBe(false);
    expect(await sessions.bury(id, claim, death)).toBe(true);
    expect(await sessions.read(id)).toMatchObject({ death: { ...death, told: false }, claim: undefined });
    expect(await sessions.claimRefresh(id, { id: "claim-2", generation: 1 }, times)).toBe(false);
  });

  it("knows of which death the subscribers were told", async () => {
    const { sessions } = await begun();
    await sessions.markTold(id, death.at);
    expect(await sessions.read(id)).toMatchObject({ death: undefined });
    await sessions.claimRefresh(id, claim, times);
    await sessions.bury(id, claim, death);
    await sessions.markTold(id, death.at - 1);
    expect(await sessions.read(id)).toMatchObject({ death: { told: false } });
    await sessions.markTold(id, death.at);
    expect(await sessions.read(id)).toMatchObject({ death: { ...death, told: true } });
    await sessions.revive(id, { digest: "digest-a", putAt: 101 });
    await sessions.claimRefresh(id, claim, { ...times, secretPutAt: 101 });
    await sessions.bury(id, claim, { ...death, at: 1_700 });
    expect(await sessions.read(id)).toMatchObject({ death: { at: 1_700, told: false } });
  });

  it("begins anew with a newer secret, alive and unclaimed, under a generation that never was", async () => {
    const { sessions } = await begun();
    await sessions.saveRefreshed(id, claim, refreshed);
    const old = { id: "claim-2", generation: 2 };
    await sessions.claimRefresh(id, old, times);
    await sessions.beginChain(id, { digest: "digest-b", putAt: 101, refreshToken: "b0" });
    expect(await sessions.read(id)).toMatchObject({
      seedDigest: "digest-b",
      refreshToken: "b0",
      generation: 3,
      access: undefined,
      claim: undefined,
    });
    expect(await sessions.saveRefreshed(id, old, refreshed)).toBe(false);
  });

  it.each([100, 99])("does not begin anew with a secret of %i, when it knows one of 100", async (putAt) => {
    const { sessions } = await begun();
    await sessions.beginChain(id, { digest: "digest-b", putAt, refreshToken: "b0" });
    expect(await sessions.read(id)).toMatchObject({ refreshToken: "r0", generation: 1 });
  });

  it("is revived by a newer version of its own secret only, and only when it is dead", async () => {
    const { sessions } = await begun();
    await sessions.revive(id, { digest: "digest-a", putAt: 101 });
    expect(await sessions.read(id)).toMatchObject({ secretPutAt: 100 });
    await sessions.claimRefresh(id, claim, times);
    await sessions.bury(id, claim, death);
    await sessions.revive(id, { digest: "digest-a", putAt: 100 });
    await sessions.revive(id, { digest: "digest-b", putAt: 101 });
    expect(await sessions.read(id)).toMatchObject({ death: { ...death, told: false } });
    await sessions.revive(id, { digest: "digest-a", putAt: 101 });
    expect(await sessions.read(id)).toMatchObject({ death: undefined, secretPutAt: 101, attempts: 0 });
  });

  it("lets whatever else goes wrong in DynamoDB through", async () => {
    const { table, sessions } = await begun();
    table.loseNextAnswer();
    await expect(sessions.claimRefresh(id, claim, times)).rejects.toThrow("got lost");
    expect(await sessions.claimRefresh(id, claim, times)).toBe(true);
  });

  const stored = {
    pk: { S: `user-session#${id}` },
    seedDigest: { S: "digest-a" },
    secretPutAt: { N: "100" },
    generation: { N: "2" },
    refreshToken: { S: "r1" },
    accessToken: { S: "t1" },
    issuedAt: { N: "1000" },
    renewAt: { N: "840000.5" },
    attempts: { N: "1" },
    settledBy: { S: "claim-2" },
    deadAt: { N: "1500" },
    refusal: { S: "client-refused" },
    words: { S: "the server said no" },
    toldOfDeathAt: { N: "1500" },
  };
  const ended = {
    seedDigest: "digest-a",
    secretPutAt: 100,
    generation: 2,
    refreshToken: "r1",
    access: { token: "t1", issuedAt: 1_000, renewAt: 840_000.5 },
    claim: undefined,
    attempts: 1,
    retryAt: undefined,
    death: { ...death, told: true },
  };

  it("is stored as texts and numbers, under names that do not change", async () => {
    const { table, sessions } = await begun();
    await sessions.claimRefresh(id, claim, times);
    expect(table.items.get(`user-session#${id}`)).toMatchObject({
      claimId: { S: "claim-1" },
      claimUntil: { N: "2000" },
    });
    await sessions.saveRefreshed(id, claim, { ...refreshed, access: { ...refreshed.access, renewAt: 840_000.5 } });
    const second = { id: "claim-2", generation: 2 };
    await sessions.claimRefresh(id, second, times);
    await sessions.bury(id, second, death);
    await sessions.markTold(id, death.at);
    expect([...table.items.values()]).toEqual([stored]);
  });

  it("is read as an older version of the bridge stored it", async () => {
    const { table, sessions } = given();
    table.items.set(`user-session#${id}`, stored);
    expect(await sessions.read(id)).toEqual(ended);
    const { deadAt: _, refusal: __, words: ___, toldOfDeathAt: ____, ...alive } = stored;
    const claimed = { claimId: { S: "claim-1" }, claimUntil: { N: "2000" } };
    table.items.set(`user-session#${id}`, { ...alive, ...claimed, retryAt: { N: "5000" } });
    const claimOf = { id: "claim-1", until: 2_000 };
    expect(await sessions.read(id)).toEqual({ ...ended, death: undefined, claim: claimOf, retryAt: 5_000 });
  });

  it("is told of an item that is not whole", async () => {
    const { table, sessions } = await begun();
    delete table.items.get(`user-session#${id}`)?.["refreshToken"];
    await expect(sessions.read(id)).rejects.toThrow("lacks refreshToken");
  });
});

type Operation = (sessions: UserSessionStore) => Promise<unknown>;

const seeds = fc.record({
  digest: fc.constantFrom("digest-a", "digest-b"),
  putAt: fc.integer({ min: 1, max: 4 }),
  refreshToken: fc.constantFrom("r0", "s0"),
});
const claims = fc.record({ id: fc.constantFrom("x", "y", "z"), generation: fc.integer({ min: 1, max: 4 }) });
const moment = fc.integer({ min: 0, max: 20 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  seeds.map(
    (value): Operation =>
      (sessions) =>
        sessions.beginChain(id, value),
  ),
  seeds.map(
    (value): Operation =>
      (sessions) =>
        sessions.revive(id, value),
  ),
  fc.tuple(claims, moment, fc.nat({ max: 5 }), fc.integer({ min: 1, max: 4 })).map(
    ([owner, now, length, secretPutAt]): Operation =>
      (sessions) =>
        sessions.claimRefresh(id, owner, { now, until: now + length, secretPutAt }),
  ),
  fc.tuple(claims, fc.nat({ max: 9 }), moment).map(
    ([owner, number, at]): Operation =>
      (sessions) =>
        sessions.saveRefreshed(id, owner, {
          refreshToken: `r${number}`,
          access: { token: `t${number}`, issuedAt: at, renewAt: at + 0.5 },
        }),
  ),
  fc.tuple(claims, moment).map(
    ([owner, retryAt]): Operation =>
      (sessions) =>
        sessions.release(id, owner, retryAt),
  ),
  fc.tuple(claims, fc.constantFrom<SessionDeath["refusal"]>("grant-refused", "client-refused")).map(
    ([owner, refusal]): Operation =>
      (sessions) =>
        sessions.bury(id, owner, { at: 1, refusal, words: "no" }),
  ),
  fc.constantFrom(1, 2).map(
    (deadAt): Operation =>
      (sessions) =>
        sessions.markTold(id, deadAt),
  ),
);

describe("the ledger's sessions and those in memory", () => {
  it("are the same after any operations, also where each is sent again because its answer was lost", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(operation, fc.constantFrom(1, 2)), { maxLength: 25 }), async (operations) => {
        const { sessions } = given();
        const model = sessionStoreInMemory();
        for (const operate of operations.flatMap(([each, length]) => Array.from({ length }, () => each))) {
          expect(await operate(sessions)).toBe(await operate(model));
          expect(await sessions.read(id)).toEqual(await model.read(id));
        }
      }),
      { numRuns: 150 },
    );
  });
});
