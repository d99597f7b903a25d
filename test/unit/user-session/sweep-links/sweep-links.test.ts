import { describe, expect, it } from "vitest";
import { removeLink } from "#user-session/links/remove-link.ts";
import { settleLink } from "#user-session/links/settle-link.ts";
import { sweepLinks } from "#user-session/sweep-links/sweep-links.ts";
import {
  Browser,
  begin,
  callBack,
  createLink,
  type LoginsInMemory,
  linkIdOf,
  loginsInMemory,
  sessionOutcome,
} from "../../../fixtures/login-in-memory.ts";

const minutes = 60_000;

/** What the ends of a test's links are, and sweeps of them. */
function swept(logins: LoginsInMemory, mostLinks = 10) {
  const counted = { ends: 0 };
  const sweep = async (laterMs = 15 * minutes) => {
    logins.clock.now += laterMs;
    const step = sweepLinks({
      ...logins.ports,
      records: logins.records,
      settle: (linkId, now) => settleLink({ ...logins.ports, now: () => now }, linkId),
      mostLinks,
      countEnd: () => {
        counted.ends += 1;
      },
    });
    return await step(
      { time: new Date(logins.clock.now).toISOString() },
      {
        signal: new AbortController().signal,
        remainingMs: () => 60_000,
      },
    );
  };
  const published = () => logins.events.map(({ type, detail }) => [type, "state" in detail ? detail.state : null]);
  return { sweep, counted, published };
}

const down = { publish: () => Promise.reject(new Error("down")) };

/** A process that stops at the nth call of one of these ports. */
function stoppingAt(logins: LoginsInMemory, name: string): LoginsInMemory {
  const stop = () => Promise.reject(new Error(`stopped at ${name}`));
  const { ports } = logins;
  const { sessions } = ports;
  const stops: Record<string, Partial<typeof ports>> = {
    exchange: { exchange: stop },
    "storing the session": { sessions: { ...sessions, begin: stop } },
    "the end of the link": {
      sessions: {
        ...sessions,
        begin: async (id, token) => {
          await sessions.begin(id, token);
          await stop();
        },
      },
    },
    retiring: { sessions: { ...sessions, retire: stop } },
    revoking: { revoke: stop },
    deleting: { sessions: { ...sessions, remove: stop } },
    publishing: { bus: down },
  };
  return { ...logins, ports: { ...ports, ...stops[name] } };
}

async function linkedLogin() {
  const logins = loginsInMemory();
  const created = await createLink(logins);
  const browser = new Browser();
  await callBack(logins, browser, { state: await begin(logins, browser), code: "c" });
  return { logins, created, browser };
}

describe("a sweep of links", () => {
  it("publishes once that nobody used a link in time, which is no fault", async () => {
    const logins = loginsInMemory();
    const { sweep, counted, published } = swept(logins);
    await createLink(logins);
    expect(await sweep(29 * minutes)).toEqual({ checked: 0, published: 0 });
    expect(await sweep(1 * minutes)).toEqual({ checked: 1, published: 1 });
    expect(await sweep()).toEqual({ checked: 0, published: 0 });
    expect(published()).toEqual([["User Link Failed", "expired"]]);
    expect(counted.ends).toBe(0);
  });

  it("publishes once that nobody finished a sign-in in time", async () => {
    const logins = loginsInMemory();
    const { sweep, published } = swept(logins);
    await createLink(logins);
    await begin(logins, new Browser());
    expect(await sweep(14 * minutes)).toEqual({ checked: 0, published: 0 });
    expect(await sweep(1 * minutes)).toEqual({ checked: 1, published: 1 });
    expect(published()).toEqual([["User Link Failed", "expired"]]);
  });

  it.each(["exchange", "storing the session", "the end of the link"])(
    "ends a launch that stopped at %s, and leaves no token",
    async (place) => {
      const logins = loginsInMemory();
      const { sweep, counted, published } = swept(logins);
      await createLink(logins);
      const browser = new Browser();
      const state = await begin(logins, browser);
      await expect(callBack(stoppingAt(logins, place), browser, { state, code: "c" })).rejects.toThrow("stopped");
      expect(await sweep(59_000)).toEqual({ checked: 0, published: 0 });
      expect(await sweep(1_000)).toEqual({ checked: 1, published: 1 });
      expect(await sweep()).toEqual({ checked: 0, published: 0 });
      expect(logins.events).toMatchObject([{ type: "User Link Failed", detail: { reason: "interrupted" } }]);
      expect([published().length, counted.ends, logins.sessions.size]).toEqual([1, 1, 0]);
      expect(logins.revoked).toEqual(place === "the end of the link" ? ["refresh-1"] : []);
    },
  );

  it("publishes what could not be published, as often as it takes", async () => {
    const logins = loginsInMemory();
    const { sweep, counted, published } = swept(logins);
    await createLink(logins);
    const browser = new Browser();
    const state = await begin(logins, browser);
    await callBack(stoppingAt(logins, "publishing"), browser, { state, code: "c" });
    const { bus } = logins.ports;
    logins.ports.bus = down;
    await expect(sweep()).rejects.toThrow("1 links could not be settled");
    logins.ports.bus = bus;
    expect(await sweep()).toEqual({ checked: 1, published: 1 });
    expect([published(), counted.ends]).toEqual([[["User Linked", null]], 1]);
    expect((await logins.records.find(linkIdOf(1)))?.record.launch.published).toBe(true);
  });

  it.each(["retiring", "revoking", "deleting", "publishing"])(
    "carries on a removal that stopped at %s: one event, no token",
    async (place) => {
      const { logins } = await linkedLogin();
      const { sweep } = swept(logins);
      await removeLink(stoppingAt(logins, place).ports, linkIdOf(1)).catch(() => undefined);
      expect((await logins.records.find(linkIdOf(1)))?.record).toMatchObject({ linked: null, removal: {} });
      expect(await sweep()).toEqual({ checked: 1, published: 1 });
      expect(await sweep()).toEqual({ checked: 0, published: 0 });
      expect([logins.sessions.size, new Set(logins.revoked)]).toEqual([0, new Set(["refresh-1"])]);
      expect(logins.events.slice(1)).toMatchObject([{ type: "User Link Revoked", detail: { atServer: "revoked" } }]);
    },
  );

  it.each(["retiring", "deleting", "publishing"])(
    "carries on a reconnection that stopped at %s: the new session stays, the earlier one is deleted",
    async (place) => {
      const { logins, created, browser } = await linkedLogin();
      const { sweep } = swept(logins);
      const stored = await logins.records.find(linkIdOf(1));
      if (stored === undefined) throw new Error("no link");
      const launch = { ...created.launch, createdAt: logins.clock.now + 1 };
      await logins.records.replace(stored, { ...stored.record, launch });
      logins.answers.outcome = sessionOutcome("person-1", "refresh-2");
      const state = await begin(logins, browser);
      await callBack(stoppingAt(logins, place), browser, { state, code: "d" });
      expect(await sweep()).toEqual({ checked: 1, published: 1 });
      expect(await sweep()).toEqual({ checked: 0, published: 0 });
      expect([...logins.sessions.values()]).toEqual(["refresh-2"]);
      expect(logins.revoked).toEqual([]);
      const linked = logins.events.filter(({ type }) => type === "User Linked");
      expect(linked).toMatchObject([{}, { detail: { earlierSession: "not-asked" } }]);
    },
  );

  it("says nothing of a launch that was pending when its link was removed, but that it was removed", async () => {
    const logins = loginsInMemory();
    const { sweep, published } = swept(logins);
    await createLink(logins);
    await removeLink(logins.ports, linkIdOf(1));
    expect(await sweep(60 * minutes)).toEqual({ checked: 0, published: 0 });
    expect(published()).toEqual([["User Link Revoked", null]]);
  });

  it("deletes the session of an exchange that stopped after its link was removed", async () => {
    const logins = loginsInMemory();
    const { sweep } = swept(logins);
    await createLink(logins);
    const browser = new Browser();
    const state = await begin(logins, browser);
    const removing = stoppingAt(logins, "the end of the link");
    const { exchange } = removing.ports;
    removing.ports.exchange = async (login) => {
      await removeLink(logins.ports, linkIdOf(1));
      return await exchange(login);
    };
    await expect(callBack(removing, browser, { state, code: "c" })).rejects.toThrow("stopped");
    expect(logins.sessions.size).toBe(1);
    await sweep();
    expect([logins.sessions.size, logins.revoked]).toEqual([0, ["refresh-1"]]);
    expect(logins.events.map(({ type }) => type)).toEqual(["User Link Revoked"]);
  });

  it("looks at the links that wait longest first, and at so many only", async () => {
    const logins = loginsInMemory();
    const { sweep } = swept(logins, 1);
    await createLink(logins, 1);
    logins.clock.now += minutes;
    await createLink(logins, 2);
    expect(await sweep(30 * minutes)).toEqual({ checked: 1, published: 1 });
    expect(logins.events).toMatchObject([{ detail: { linkId: linkIdOf(1) } }]);
    expect(await sweep()).toEqual({ checked: 1, published: 1 });
  });
});
