import { describe, expect, it } from "vitest";
import { sessionStateAttributes } from "#user-session/language/session-state.ts";
import { sessionStates } from "#user-session/session-states.ts";
import { userSessions } from "#user-session/session-store.ts";
import { tableInMemory } from "../../fixtures/table-in-memory.ts";

const seed = { digest: "digest-a", putAt: 100, refreshToken: "hidden-refresh" };
const claim = { id: "claim-1", generation: 1 };
const access = { token: "hidden-access", issuedAt: 1_000, renewAt: 840_000 };

async function begun() {
  const table = tableInMemory();
  const sessions = userSessions(table.client, "ledger");
  await sessions.beginChain("service", seed);
  await sessions.claimRefresh("service", claim, { now: 1_000, until: 2_000, secretPutAt: 100 });
  return { table, sessions, read: sessionStates(table.client, "ledger") };
}

describe("the state of a session", () => {
  it("is that of the stored session, whatever happened to it, and has no token", async () => {
    const { sessions, read } = await begun();
    expect(await read("another")).toBeUndefined();
    expect(await read("service")).toEqual({ access: undefined, attempts: 1, retryAt: undefined, end: undefined });
    await sessions.release("service", claim, 5_000);
    expect((await read("service"))?.retryAt).toBe(5_000);
    await sessions.saveRefreshed("service", claim, { refreshToken: "hidden-next", access });
    expect(await read("service")).toEqual({
      access: { issuedAt: 1_000 },
      attempts: 0,
      retryAt: undefined,
      end: undefined,
    });
    await sessions.retire("service", { at: 1_500, message: "the server said no" });
    expect((await read("service"))?.end).toEqual({ at: 1_500, refusal: "grant-refused" });
  });

  it("names no attribute that has a token, so a policy can keep its reader from them", async () => {
    const { table, sessions } = await begun();
    await sessions.saveRefreshed("service", claim, { refreshToken: "hidden-next", access });
    const item = table.items.get("user-session#service") ?? {};
    const hidden = Object.entries(item).flatMap(([name, value]) =>
      JSON.stringify(value).includes("hidden") ? [name] : [],
    );
    expect(hidden.toSorted()).toEqual(["accessToken", "refreshToken"]);
    expect(sessionStateAttributes.filter((name) => hidden.includes(name))).toEqual([]);
  });
});
