import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ServerUnavailable } from "#platform/faults/faults.ts";
import { claimMs, sessionTokens } from "#user-session/session-refresh.ts";
import { refreshUserToken } from "#user-session/token-endpoint.ts";
import { userServer } from "#user-session/user-server.ts";
import {
  type Answer,
  issuedTokens,
  sentTokensOf,
  serverUnavailable,
  sessionDead,
  sessionId,
  sessionUnderTest,
  start,
} from "../../fixtures/session-under-test.ts";
import { tokenReplies } from "../../fixtures/token-answers.ts";

describe("a session's access token", () => {
  it("a session begins with the secret's refresh token, and continues with each rotated one", async () => {
    const setting = sessionUnderTest([issuedTokens(1), issuedTokens(2), issuedTokens(3)]);
    for (const expected of ["t1", "t2", "t3"]) {
      expect(await setting.token()).toBe(expected);
      setting.clock.now += 900_000;
    }
    expect(sentTokensOf(setting)).toEqual(["r0", "r1", "r2"]);
    expect(setting.record()).toMatchObject({ refreshToken: "r3", attempts: 0, claim: undefined });
  });

  it("a session keeps its refresh token if the server does not rotate it", async () => {
    const setting = sessionUnderTest([
      issuedTokens(1, { refreshToken: "r0" }),
      issuedTokens(2, { refreshToken: "r0" }),
    ]);
    await setting.token();
    setting.clock.now += 900_000;
    expect(await setting.token()).toBe("t2");
    expect(sentTokensOf(setting)).toEqual(["r0", "r0"]);
  });

  it.each([
    ["899 s", 899, 839_000],
    ["300 s", 300, 240_000],
    ["5 s", 5, 4_000],
  ])(
    "an access token that lives %s is used until its margin begins, without a read of the secret",
    async (_, life, keptMs) => {
      const setting = sessionUnderTest([issuedTokens(1, { expiresInSeconds: life }), issuedTokens(2)]);
      await setting.token();
      const { readings } = setting.stored;
      setting.clock.now += keptMs - 1;
      expect(await setting.token()).toBe("t1");
      expect(setting.stored.readings).toBe(readings);
      setting.clock.now += 1;
      expect(await setting.token()).toBe("t2");
    },
  );

  it("an access token that is due for renewal on arrival is still used once", async () => {
    const setting: ReturnType<typeof sessionUnderTest> = sessionUnderTest([
      () => {
        setting.clock.now += 3_000;
        return Promise.resolve(issuedTokens(1, { expiresInSeconds: 2 }));
      },
    ]);
    expect(await setting.token()).toBe("t1");
  });

  it("the lifetime of an access token counts from its request", async () => {
    const setting: ReturnType<typeof sessionUnderTest> = sessionUnderTest([
      () => {
        setting.clock.now += 8_000;
        return Promise.resolve(issuedTokens(1));
      },
    ]);
    await setting.token();
    expect(setting.record()?.access).toEqual({ token: "t1", issuedAt: start, renewAt: start + 839_000 });
  });

  it("an authorised request gets the current token, and another one after a 401", async () => {
    const setting = sessionUnderTest([issuedTokens(1), issuedTokens(2)]);
    const tokens = sessionTokens(setting.ports, setting.session);
    expect(await tokens.current()).toBe("t1");
    setting.clock.now += 20_000;
    expect(await tokens.replacement("t1")).toBe("t2");
    expect(await tokens.replacement("t1")).toBe("t2");
    expect(sentTokensOf(setting)).toEqual(["r0", "r1"]);
  });

  it("a token that is refused right after it was issued is not refreshed", async () => {
    const setting = sessionUnderTest([issuedTokens(1)]);
    await setting.token();
    setting.clock.now += 9_999;
    expect(await setting.faultOf("t1")).toMatchObject({ name: "AccessRefused" });
    expect(sentTokensOf(setting)).toEqual(["r0"]);
  });
});

describe("a token endpoint that fails", () => {
  // E8
  it("a refresh token without an access token is stored, and the session continues with it", async () => {
    const setting = sessionUnderTest([issuedTokens(1, { accessToken: undefined }), issuedTokens(2)]);
    expect(await setting.token()).toBe("t2");
    expect(sentTokensOf(setting)).toEqual(["r0", "r1"]);
    expect(setting.pauses).toEqual([500]);
    expect(setting.record()).toMatchObject({ refreshToken: "r2", attempts: 0, claim: undefined });
  });

  it("refresh tokens without access tokens are stored at growing intervals", async () => {
    const setting = sessionUnderTest([1, 2, 3].map((number) => issuedTokens(number, { accessToken: undefined })));
    expect(await setting.faultOf()).toMatchObject({ name: "ServerUnavailable", retryAfterMs: 10_000 });
    expect(setting.pauses).toEqual([500, 2_000]);
    expect(setting.record()).toMatchObject({
      refreshToken: "r3",
      access: undefined,
      attempts: 3,
      claim: undefined,
      retryAt: setting.clock.now + 10_000,
    });
  });

  it("no answer loses a rotated refresh token that stood in it", async () => {
    await fc.assert(
      fc.asyncProperty(tokenReplies, async ({ status, members, answer }) => {
        const setting = sessionUnderTest([
          () =>
            refreshUserToken(
              {
                server: userServer({ baseUrl: "https://portal.example" }),
                http: () => Promise.resolve(answer()),
                now: () => setting.clock.now,
                onUnreadable: () => undefined,
              },
              { id: "bridge", authentication: { method: "none" } },
              "r0",
            ),
          serverUnavailable(3_600_000),
        ]);
        const outcome = await setting.token().catch((fault: Error) => fault.name);
        const rotated = members["refresh_token"] === "refresh-1";
        expect(setting.record()?.refreshToken === "refresh-1").toBe(rotated);
        const issued = status < 300 && members["access_token"] === "access-1";
        expect(outcome === "access-1").toBe(issued);
        const [given] = [members["access_token"]].flat();
        const read = typeof given === "string" ? given.trim() : given;
        expect(issued ? [outcome] : ["SessionDead", "ServerUnavailable", read]).toContain(outcome);
        // A session that has a new refresh token has not ended.
        expect(rotated && setting.record()?.end !== undefined).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("a call tries the token endpoint three times; later calls send no request before the delay has passed", async () => {
    const setting = sessionUnderTest(Array.from({ length: 4 }, () => serverUnavailable()));
    expect(await setting.faultOf()).toMatchObject({
      name: "ServerUnavailable",
      message: "HTTP 503",
      retryAfterMs: 10_000,
    });
    expect(setting.pauses).toEqual([500, 2_000]);
    expect(setting.tokenRequests).toHaveLength(3);
    setting.clock.now += 6_000;
    expect(await setting.faultOf()).toMatchObject({ name: "ServerUnavailable", retryAfterMs: 4_000 });
    expect(setting.tokenRequests).toHaveLength(3);
    setting.clock.now += 4_000;
    expect(await setting.faultOf()).toMatchObject({ retryAfterMs: 30_000 });
    expect(setting.tokenRequests).toHaveLength(4);
  });

  it("the delay between refreshes grows up to five minutes", async () => {
    const setting = sessionUnderTest(Array.from({ length: 20 }, () => serverUnavailable()));
    const rests: unknown[] = [];
    for (let call = 0; call < 6; call += 1) {
      const fault = await setting.faultOf();
      const rest = (fault as ServerUnavailable).retryAfterMs ?? 0;
      rests.push(rest);
      setting.clock.now += rest;
    }
    expect(rests).toEqual([10_000, 30_000, 60_000, 300_000, 300_000, 300_000]);
  });

  it.each([
    ["120 s", 120_000, 120_000],
    ["a day, up to an hour", 86_400_000, 3_600_000],
  ])("the delay follows a Retry-After of %s", async (_, retryAfterMs, delayMs) => {
    const setting = sessionUnderTest([serverUnavailable(retryAfterMs)]);
    expect(await setting.faultOf()).toMatchObject({ name: "ServerUnavailable", retryAfterMs: delayMs });
    expect(setting.pauses).toEqual([]);
  });

  it("a short Retry-After does not shorten the delay", async () => {
    const setting = sessionUnderTest([serverUnavailable(1), issuedTokens(1)]);
    expect(await setting.token()).toBe("t1");
    expect(setting.pauses).toEqual([500]);
  });

  it("once the token endpoint recovers, the same refresh token is sent again", async () => {
    const setting = sessionUnderTest([serverUnavailable(), issuedTokens(1)]);
    expect(await setting.token()).toBe("t1");
    expect(sentTokensOf(setting)).toEqual(["r0", "r0"]);
    expect(setting.record()).toMatchObject({ attempts: 0, retryAt: undefined });
  });

  it("an unexpected error passes through unchanged and does not end the session", async () => {
    const setting = sessionUnderTest([new TypeError("a bug"), issuedTokens(1)]);
    expect(await setting.faultOf()).toBeInstanceOf(TypeError);
    expect(setting.record()).toMatchObject({ claim: undefined, end: undefined, retryAt: start + 500 });
  });

  it("the token endpoint's fault is reported even if the ledger fails as well", async () => {
    const setting = sessionUnderTest([serverUnavailable(60_000)], (store) => ({
      ...store,
      release: () => Promise.reject(new Error("the ledger is down")),
    }));
    expect(await setting.faultOf()).toMatchObject({ name: "ServerUnavailable", message: "HTTP 503" });
  });
});

describe("a refresh whose tokens cannot be stored at once", () => {
  it("new tokens are stored at the third attempt, before they are used", async () => {
    let writes = 0;
    const setting = sessionUnderTest([issuedTokens(1)], (store) => ({
      ...store,
      saveRefreshed: (...outcome) => {
        writes += 1;
        return writes < 3 ? Promise.reject(new Error("throttled")) : store.saveRefreshed(...outcome);
      },
    }));
    expect(await setting.token()).toBe("t1");
    expect(setting.pauses).toEqual([200, 1_000]);
    expect(setting.record()).toMatchObject({ refreshToken: "r1" });
  });

  it("tokens that cannot be stored are not used, and the message of the end that follows says what happened", async () => {
    const setting = sessionUnderTest([issuedTokens(1), sessionDead()], (store) => ({
      ...store,
      saveRefreshed: () => Promise.reject(new Error("throttled")),
    }));
    expect(await setting.faultOf()).toMatchObject({ message: "throttled" });
    setting.clock.now += 500;
    expect(await setting.faultOf()).toMatchObject({
      name: "SessionDead",
      message: expect.stringContaining("may have been rotated then") as string,
    });
  });

  it("a refresh whose claim took too long to write is not sent", async () => {
    let slow = true;
    const setting: ReturnType<typeof sessionUnderTest> = sessionUnderTest([issuedTokens(1)], (store) => ({
      ...store,
      claimRefresh: async (...claim) => {
        const claimed = await store.claimRefresh(...claim);
        if (slow) setting.clock.now += claimMs / 4 + 1;
        slow = false;
        return claimed;
      },
    }));
    expect(await setting.token()).toBe("t1");
    expect(setting.tokenRequests).toHaveLength(1);
    expect(setting.pauses).toEqual([500]);
  });
});

/** The first call's refresh lasts until another process has refreshed. `second` is the answer to that refresh. */
function overtaken(second: Answer) {
  const setting: ReturnType<typeof sessionUnderTest> = sessionUnderTest([
    async () => {
      setting.clock.now += claimMs;
      await setting.faultOf();
      return issuedTokens(1);
    },
    second,
  ]);
  return setting;
}

describe("a refresh that outlives its claim", () => {
  it("a refresh that outlives its claim continues the chain if the other refresh was refused", async () => {
    const setting = overtaken(sessionDead());
    expect(await setting.token()).toBe("t1");
    expect(setting.record()).toMatchObject({ refreshToken: "r1", end: undefined });
  });

  it("a refresh that outlives its claim gives way to a faster one", async () => {
    const setting = overtaken(issuedTokens(2));
    expect(await setting.token()).toBe("t2");
    expect(setting.record()).toMatchObject({ refreshToken: "r2" });
  });

  it("a refusal that arrives after the claim does not end a session that another process refreshed", async () => {
    const setting: ReturnType<typeof sessionUnderTest> = sessionUnderTest([
      async () => {
        setting.clock.now += claimMs;
        await setting.token();
        throw sessionDead();
      },
      issuedTokens(2),
    ]);
    expect(await setting.token()).toBe("t2");
    expect(setting.record()).toMatchObject({ end: undefined });
  });
});

describe("a call that waits for another process's refresh", () => {
  it("a call that waits for another process's refresh gives up within 25 s, and says when to retry", async () => {
    const setting = sessionUnderTest([]);
    const { store } = setting.ports;
    await store.beginChain(sessionId, { digest: "d", putAt: start, refreshToken: "r0" });
    const never = { now: start, until: start + 3_600_000, secretPutAt: start };
    await store.claimRefresh(sessionId, { id: "other", generation: 1 }, never);
    const fault = await setting.faultOf();
    expect(fault).toMatchObject({ name: "ServerUnavailable", retryAfterMs: 2_000 });
    expect(setting.clock.now - start).toBeGreaterThan(20_000);
    expect(setting.clock.now - start).toBeLessThanOrEqual(25_000);
    expect(setting.tokenRequests).toEqual([]);
  });
});
