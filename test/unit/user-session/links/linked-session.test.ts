import { describe, expect, it } from "vitest";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { SessionDead } from "#user-session/language/session-faults.ts";
import type { OAuthClient, UserTokens } from "#user-session/language/user-session.ts";
import { beginLinkedSession, linkedSession } from "#user-session/links/linked-session.ts";
import { currentAccessToken } from "#user-session/session-refresh.ts";
import { userSessions } from "#user-session/session-store.ts";
import { tableInMemory } from "../../../fixtures/table-in-memory.ts";

const client: OAuthClient = { id: "smart", authentication: { method: "none" } };
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
  return { store, clock, sent, token: () => currentAccessToken(ports, session) };
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

  it("that was removed is refused without a request", async () => {
    const { sent, token } = keeper([]);
    await expect(token()).rejects.toMatchObject({
      name: "SessionDead",
      message: expect.stringContaining("was removed") as string,
    });
    expect(sent).toEqual([]);
  });
});
