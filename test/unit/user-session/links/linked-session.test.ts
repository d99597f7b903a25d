import { describe, expect, it } from "vitest";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { SessionDead } from "#user-session/language/session-faults.ts";
import type { OAuthClient, SmartClient, UserTokens } from "#user-session/language/user-session.ts";
import { beginLinkedSession, linkedSession } from "#user-session/links/linked-session.ts";
import { currentAccessToken } from "#user-session/session-refresh.ts";
import { userSessions } from "#user-session/session-store.ts";
import { tableInMemory } from "../../../fixtures/table-in-memory.ts";

/** When the secret of the SMART client was stored, unless a test stores it again. */
const storedAt = 1_000;
const tokens = (number: number): UserTokens => ({
  accessToken: `access-${number}`,
  refreshToken: `refresh-${number}`,
  expiresInSeconds: 900,
  scope: undefined,
});

function keeper(answers: (UserTokens | Error)[]) {
  const store = userSessions(tableInMemory().client, "ledger");
  const clock = { now: 1_000_000 };
  const sent: string[] = [];
  const client: SmartClient = { id: "smart", authentication: { method: "none" }, storedAt };
  const ports = {
    store,
    refresh: (_: OAuthClient, refreshToken: string) => {
      sent.push(refreshToken);
      const answer = answers.shift();
      return answer instanceof Error || answer === undefined ? Promise.reject(answer) : Promise.resolve(answer);
    },
    now: () => clock.now,
    sleep: () => Promise.resolve(),
    onEndedSession: () => Promise.resolve(),
  };
  const session = linkedSession({ sessionId: "link-1.a" }, () => Promise.resolve(client));
  const storeClient = () => {
    client.storedAt = clock.now;
  };
  return { store, clock, sent, storeClient, token: () => currentAccessToken(ports, session) };
}

describe("the session of a link", () => {
  it("begins with the refresh token of its launch, and goes on with each rotation", async () => {
    const { store, clock, sent, token } = keeper([tokens(2), tokens(3)]);
    await beginLinkedSession(store, "link-1.a", "refresh-1", clock.now);
    expect(await token()).toBe("access-2");
    expect(await token()).toBe("access-2");
    clock.now += 900_000;
    expect(await token()).toBe("access-3");
    expect(sent).toEqual(["refresh-1", "refresh-2"]);
  });

  it("outlasts a server that gives no answer", async () => {
    const { store, clock, sent, token } = keeper([new ServerUnavailable("down"), tokens(2)]);
    await beginLinkedSession(store, "link-1.a", "refresh-1", clock.now);
    clock.now += 1;
    await token().catch(() => undefined);
    clock.now += 10_000;
    expect(await token()).toBe("access-2");
    expect(sent).toEqual(["refresh-1", "refresh-1"]);
  });

  it("ends if the server refuses it, says how its user renews it, and sends no further request", async () => {
    const { store, clock, sent, token } = keeper([new SessionDead("refused", { refusal: "grant-refused" })]);
    await beginLinkedSession(store, "link-1.a", "refresh-1", clock.now);
    const words = "refused. Connect the link again: its user has to sign in once more";
    for (const _ of [1, 2]) await expect(token()).rejects.toMatchObject({ name: "SessionDead", message: words });
    expect(sent).toHaveLength(1);
  });

  it("that ended because the server refused the client goes on once the client's secret is stored again", async () => {
    const refused = new SessionDead("refused", { refusal: "client-refused" });
    const { store, clock, sent, storeClient, token } = keeper([refused, refused, tokens(2)]);
    await beginLinkedSession(store, "link-1.a", "refresh-1", clock.now);
    // Stored after the launch, and wrong: the session ends once, and no request is sent until the next version.
    clock.now += 60_000;
    storeClient();
    clock.now += 60_000;
    for (const _ of [1, 2]) await expect(token()).rejects.toMatchObject({ refusal: "client-refused" });
    expect(sent).toEqual(["refresh-1"]);
    storeClient();
    await expect(token()).rejects.toMatchObject({ refusal: "client-refused" });
    clock.now += 60_000;
    storeClient();
    expect(await token()).toBe("access-2");
    expect(sent).toEqual(["refresh-1", "refresh-1", "refresh-1"]);
  });

  it("whose refresh token was refused stays ended if the client's secret is stored again", async () => {
    const { store, clock, sent, storeClient, token } = keeper([
      new SessionDead("refused", { refusal: "grant-refused" }),
      tokens(2),
    ]);
    await beginLinkedSession(store, "link-1.a", "refresh-1", clock.now);
    await expect(token()).rejects.toMatchObject({ refusal: "grant-refused" });
    clock.now += 60_000;
    storeClient();
    await expect(token()).rejects.toMatchObject({ refusal: "grant-refused" });
    expect(sent).toEqual(["refresh-1"]);
  });

  it("that was given up stays ended if the client's secret is stored again", async () => {
    const { store, clock, sent, storeClient, token } = keeper([
      new SessionDead("refused", { refusal: "client-refused" }),
      tokens(2),
    ]);
    await beginLinkedSession(store, "link-1.a", "refresh-1", clock.now);
    await expect(token()).rejects.toMatchObject({ refusal: "client-refused" });
    await store.retire("link-1.a", { at: clock.now, message: "removed" });
    clock.now += 60_000;
    storeClient();
    await expect(token()).rejects.toMatchObject({ message: "removed" });
    expect(sent).toEqual(["refresh-1"]);
  });

  it("that was removed is refused without a request", async () => {
    const { sent, token } = keeper([]);
    await expect(token()).rejects.toMatchObject({
      name: "SessionDead",
      message: expect.stringContaining("was removed") as string,
    });
    expect(sent).toEqual([]);
  });
});
