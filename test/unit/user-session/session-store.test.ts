import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SessionEnd, UserSessionStore } from "#user-session/language/user-session.ts";
import { userSessions } from "#user-session/session-store.ts";
import { sessionStoreInMemory } from "../../fixtures/session-store-in-memory.ts";
import { tableInMemory } from "../../fixtures/table-in-memory.ts";

const id = "service";
const seed = { digest: "digest-a", putAt: 100, refreshToken: "r0" };
const claim = { id: "claim-1", generation: 1 };
const times = { now: 1_000, until: 2_000, secretPutAt: 100 };
const refreshed = { refreshToken: "r1", access: { token: "t1", issuedAt: 1_000, renewAt: 840_000 } };
const end: Omit<SessionEnd, "published"> = { at: 1_500, refusal: "client-refused", message: "the server said no" };

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
  it("a session is unknown before its chain begins", async () => {
    expect(await given().sessions.read(id)).toBeUndefined();
  });

  it("a session begins with the refresh token of its secret", async () => {
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
      end: undefined,
    });
  });

  it("a session does not affect other sessions", async () => {
    const { sessions } = await begun();
    expect(await sessions.read("another")).toBeUndefined();
  });

  it("a refresh has one owner, however many processes try to claim it", async () => {
    const { sessions } = await begun();
    const ids = Array.from({ length: 20 }, (_, number) => `claim-${number}`);
    const claimed = await Promise.all(ids.map((owner) => sessions.claimRefresh(id, { ...claim, id: owner }, times)));
    expect(claimed.filter(Boolean)).toHaveLength(1);
    expect(await sessions.read(id)).toMatchObject({ claim: { until: 2_000 }, attempts: 1 });
  });

  it("a refresh gets another owner after the claim has run out, and not before", async () => {
    const { sessions } = await begun();
    await sessions.claimRefresh(id, claim, times);
    const other = { id: "claim-2", generation: 1 };
    expect(await sessions.claimRefresh(id, other, { ...times, now: 1_999 })).toBe(false);
    expect(await sessions.claimRefresh(id, other, { ...times, now: 2_000, until: 3_000 })).toBe(true);
    expect(await sessions.read(id)).toMatchObject({ claim: { id: "claim-2", until: 3_000 }, attempts: 2 });
  });

  it("a refresh is stored as a whole: both tokens, a new generation, no claim", async () => {
    const { sessions } = await begun();
    await sessions.claimRefresh(id, claim, times);
    expect(await sessions.saveRefreshed(id, claim, refreshed)).toBe(true);
    expect(await sessions.read(id)).toMatchObject({ ...refreshed, generation: 2, claim: undefined, attempts: 0 });
  });

  it("a refresh token without an access token is stored: the old access token goes, and the retry comes later", async () => {
    const { sessions } = await begun();
    await sessions.saveRefreshed(id, claim, refreshed);
    const next = { id: "claim-2", generation: 2 };
    await sessions.claimRefresh(id, next, times);
    expect(await sessions.saveRefreshed(id, next, { refreshToken: "r2", access: undefined, retryAt: 5_000 })).toBe(
      true,
    );
    expect(await sessions.read(id)).toMatchObject({
      refreshToken: "r2",
      access: undefined,
      generation: 3,
      claim: undefined,
      attempts: 1,
      retryAt: 5_000,
    });
  });

  it("a claim or refresh of a past generation is not stored", async () => {
    const { sessions } = await begun();
    await sessions.saveRefreshed(id, claim, refreshed);
    const late = { id: "late", generation: 1 };
    expect(await sessions.claimRefresh(id, late, times)).toBe(false);
    expect(await sessions.saveRefreshed(id, late, { ...refreshed, refreshToken: "other" })).toBe(false);
    expect(await sessions.endSession(id, late, end)).toBe(false);
    expect(await sessions.read(id)).toMatchObject({ refreshToken: "r1", end: undefined });
  });

  it("the refresh of an owner whose claim ran out is stored, because its tokens are the only ones", async () => {
    const { sessions } = await begun();
    await sessions.claimRefresh(id, claim, times);
    const other = { id: "claim-2", generation: 1 };
    await sessions.claimRefresh(id, other, { ...times, now: 2_000, until: 3_000 });
    await sessions.endSession(id, other, end);
    expect(await sessions.saveRefreshed(id, claim, refreshed)).toBe(true);
    expect(await sessions.read(id)).toMatchObject({ refreshToken: "r1", end: undefined, claim: undefined });
  });

  it("a session is not refreshed for a while after a refresh without a result", async () => {
    const { sessions } = await begun();
    await sessions.claimRefresh(id, claim, times);
    await sessions.release(id, claim, 5_000);
    const next = { id: "claim-2", generation: 1 };
    expect(await sessions.claimRefresh(id, next, { ...times, now: 4_999 })).toBe(false);
    expect(await sessions.claimRefresh(id, next, { ...times, now: 5_000, until: 6_000 })).toBe(true);
    await sessions.release(id, claim, 99_000);
    expect(await sessions.read(id)).toMatchObject({ retryAt: undefined, claim: { id: "claim-2" }, attempts: 2 });
  });

  it("only the owner of the refresh ends a session, and an ended session is not refreshed", async () => {
    const { sessions } = await begun();
    await sessions.claimRefresh(id, claim, times);
    expect(await sessions.endSession(id, { id: "other", generation: 1 }, end)).toBe(false);
    expect(await sessions.endSession(id, claim, end)).toBe(true);
    expect(await sessions.read(id)).toMatchObject({ end: { ...end, published: false }, claim: undefined });
    expect(await sessions.claimRefresh(id, { id: "claim-2", generation: 1 }, times)).toBe(false);
  });

  it("a retired session gives its newest refresh token, and neither a refresh that runs nor a new one brings it back", async () => {
    const { sessions } = await begun();
    await sessions.saveRefreshed(id, claim, refreshed);
    const running = { id: "claim-2", generation: 2 };
    await sessions.claimRefresh(id, running, times);
    for (const _ of [1, 2]) expect(await sessions.retire(id, { at: 4_000, message: "gone" })).toBe("r1");
    expect(await sessions.saveRefreshed(id, running, { ...refreshed, refreshToken: "r2" })).toBe(false);
    const { generation = 0 } = (await sessions.read(id)) ?? {};
    expect(await sessions.claimRefresh(id, { id: "claim-3", generation }, { ...times, now: 9_000 })).toBe(false);
    expect(await sessions.read(id)).toMatchObject({ access: undefined, end: { message: "gone", published: true } });
    expect(await sessions.retire("another", { at: 4_000, message: "gone" })).toBeUndefined();
  });

  it("a session stores which of its ends was published", async () => {
    const { sessions } = await begun();
    await sessions.markEndPublished(id, end.at);
    expect(await sessions.read(id)).toMatchObject({ end: undefined });
    await sessions.claimRefresh(id, claim, times);
    await sessions.endSession(id, claim, end);
    await sessions.markEndPublished(id, end.at - 1);
    expect(await sessions.read(id)).toMatchObject({ end: { published: false } });
    await sessions.markEndPublished(id, end.at);
    expect(await sessions.read(id)).toMatchObject({ end: { ...end, published: true } });
    await sessions.reopen(id, { digest: "digest-a", putAt: 101 });
    await sessions.claimRefresh(id, claim, { ...times, secretPutAt: 101 });
    await sessions.endSession(id, claim, { ...end, at: 1_700 });
    expect(await sessions.read(id)).toMatchObject({ end: { at: 1_700, published: false } });
  });

  it("a newer secret begins a new chain, alive and unclaimed, with a generation that was never used", async () => {
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

  it.each([100, 99])("a secret stored at %i begins no new chain if one of 100 is known", async (putAt) => {
    const { sessions } = await begun();
    await sessions.beginChain(id, { digest: "digest-b", putAt, refreshToken: "b0" });
    expect(await sessions.read(id)).toMatchObject({ refreshToken: "r0", generation: 1 });
  });

  it("only a newer version of its own secret revives a session, and only an ended one", async () => {
    const { sessions } = await begun();
    await sessions.reopen(id, { digest: "digest-a", putAt: 101 });
    expect(await sessions.read(id)).toMatchObject({ secretPutAt: 100 });
    await sessions.claimRefresh(id, claim, times);
    await sessions.endSession(id, claim, end);
    await sessions.reopen(id, { digest: "digest-a", putAt: 100 });
    await sessions.reopen(id, { digest: "digest-b", putAt: 101 });
    expect(await sessions.read(id)).toMatchObject({ end: { ...end, published: false } });
    await sessions.reopen(id, { digest: "digest-a", putAt: 101 });
    expect(await sessions.read(id)).toMatchObject({ end: undefined, secretPutAt: 101, attempts: 0 });
  });

  it("other errors of DynamoDB are thrown", async () => {
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
    end: { ...end, published: true },
  };

  it("a session is stored as texts and numbers under names that do not change", async () => {
    const { table, sessions } = await begun();
    await sessions.claimRefresh(id, claim, times);
    expect(table.items.get(`user-session#${id}`)).toMatchObject({
      claimId: { S: "claim-1" },
      claimUntil: { N: "2000" },
    });
    await sessions.saveRefreshed(id, claim, { ...refreshed, access: { ...refreshed.access, renewAt: 840_000.5 } });
    const second = { id: "claim-2", generation: 2 };
    await sessions.claimRefresh(id, second, times);
    await sessions.endSession(id, second, end);
    await sessions.markEndPublished(id, end.at);
    expect([...table.items.values()]).toEqual([stored]);
  });

  it("a session that an older version stored is read", async () => {
    const { table, sessions } = given();
    table.items.set(`user-session#${id}`, stored);
    expect(await sessions.read(id)).toEqual(ended);
    const { deadAt: _, refusal: __, words: ___, toldOfDeathAt: ____, ...alive } = stored;
    const claimed = { claimId: { S: "claim-1" }, claimUntil: { N: "2000" } };
    table.items.set(`user-session#${id}`, { ...alive, ...claimed, retryAt: { N: "5000" } });
    const claimOf = { id: "claim-1", until: 2_000 };
    expect(await sessions.read(id)).toEqual({ ...ended, end: undefined, claim: claimOf, retryAt: 5_000 });
  });

  it("an item of a session that lacks an attribute is an error", async () => {
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
        sessions.reopen(id, value),
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
  fc.tuple(claims, fc.constantFrom<SessionEnd["refusal"]>("grant-refused", "client-refused")).map(
    ([owner, refusal]): Operation =>
      (sessions) =>
        sessions.endSession(id, owner, { at: 1, refusal, message: "no" }),
  ),
  fc.constantFrom(1, 2).map(
    (endedAt): Operation =>
      (sessions) =>
        sessions.markEndPublished(id, endedAt),
  ),
  fc.constant<Operation>((sessions) => sessions.remove(id)),
  fc.constant<Operation>((sessions) => sessions.retire(id, { at: 4_000, message: "retired" })),
);

describe("the ledger's sessions and those in memory", () => {
  it("the ledger's sessions and those in memory are the same after any operations, even if each is repeated", async () => {
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
