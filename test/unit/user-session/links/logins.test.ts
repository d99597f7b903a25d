import { describe, expect, it } from "vitest";
import { LaunchFailed } from "#user-session/language/launch-faults.ts";
import { linkStateOf } from "#user-session/language/link.ts";
import { beginEhrLogin, beginLogin, findInvitation } from "#user-session/links/begin-login.ts";
import { removeLink } from "#user-session/links/remove-link.ts";
import {
  Browser,
  begin,
  callBack,
  createLink,
  linkIdOf,
  loginsInMemory,
  sessionOutcome,
  smartConfiguration,
  tokenOf,
} from "../../../fixtures/login-in-memory.ts";

const minutes = 60_000;

async function stateOf({ records, clock }: ReturnType<typeof loginsInMemory>, number = 1) {
  const stored = await records.find(linkIdOf(number));
  return stored && linkStateOf(stored.record, clock.now);
}

describe("a link's one-time URL", () => {
  it("shows the link as often as it is looked up, and changes nothing", async () => {
    const logins = loginsInMemory();
    const record = await createLink(logins);
    const before = structuredClone([...logins.table.items]);
    for (const _ of [1, 2, 3]) expect(await findInvitation(logins.ports, linkIdOf(1), tokenOf(1))).toEqual(record);
    expect([...logins.table.items]).toEqual(before);
  });

  it("begins one login", async () => {
    const logins = loginsInMemory();
    await createLink(logins);
    const begun = await beginLogin(logins.ports, linkIdOf(1), tokenOf(1));
    expect(begun).toMatchObject({ cookie: { name: `__Host-${linkIdOf(1)}`, maxAgeSeconds: 900 } });
    expect(await beginLogin(logins.ports, linkIdOf(1), tokenOf(1))).toBe("used");
    expect(await findInvitation(logins.ports, linkIdOf(1), tokenOf(1))).toBe("used");
  });

  it("begins one login, although two requests send it at once", async () => {
    const logins = loginsInMemory();
    await createLink(logins);
    const both = await Promise.all([1, 2].map(() => beginLogin(logins.ports, linkIdOf(1), tokenOf(1))));
    expect(both.filter((begun) => begun === "used")).toHaveLength(1);
  });

  it.each([
    ["of another link", linkIdOf(2), tokenOf(1), "unknown"],
    ["with another token", linkIdOf(1), tokenOf(2), "unknown"],
    ["of no link", linkIdOf(9), tokenOf(9), "unknown"],
  ])("%s is unknown", async (_, id, token, fault) => {
    const logins = loginsInMemory();
    await createLink(logins, 1);
    await createLink(logins, 2);
    expect(await findInvitation(logins.ports, id, token)).toBe(fault);
    expect(await beginLogin(logins.ports, id, token)).toBe(fault);
  });

  it("expires", async () => {
    const logins = loginsInMemory();
    await createLink(logins);
    logins.clock.now += 30 * minutes;
    expect(await beginLogin(logins.ports, linkIdOf(1), tokenOf(1))).toBe("expired");
    expect(await stateOf(logins)).toEqual({ state: "expired" });
  });

  it("is not spent while the server does not tell its configuration", async () => {
    const logins = loginsInMemory();
    await createLink(logins);
    const failing = {
      ...logins.ports,
      readConfiguration: () => Promise.reject(new LaunchFailed("no", { reason: "server-unusable" })),
    };
    await expect(beginLogin(failing, linkIdOf(1), tokenOf(1))).rejects.toThrow("no");
    expect(await beginLogin(logins.ports, linkIdOf(1), tokenOf(1))).toMatchObject({ cookie: {} });
  });

  it("is stored as a digest, like the secrets of its login", async () => {
    const logins = loginsInMemory();
    await createLink(logins);
    const browser = new Browser();
    const state = await begin(logins, browser);
    const stored = JSON.stringify([...logins.table.items]);
    for (const secret of [tokenOf(1), state, ...browser.cookies.values()]) expect(stored).not.toContain(secret);
  });
});

describe("a login", () => {
  it("links the person, stores the session and publishes it once", async () => {
    const logins = loginsInMemory();
    await createLink(logins);
    const browser = new Browser();
    const state = await begin(logins, browser);
    expect(await stateOf(logins)).toEqual({ state: "pending" });
    expect(await callBack(logins, browser, { state, code: "code-1" })).toMatchObject({
      kind: "ended",
      end: { state: "linked" },
    });
    expect(await stateOf(logins)).toMatchObject({ state: "linked" });
    expect([...logins.sessions.values()]).toEqual(["refresh-1"]);
    expect(logins.exchanged).toEqual(["code-1"]);
    expect(logins.events.map(({ type }) => type)).toEqual(["User Linked"]);
    const { linked } = (await logins.records.find(linkIdOf(1)))?.record ?? {};
    expect(linked).toMatchObject({ subject: "person-1", patient: "123", tokenUrl: smartConfiguration.tokenUrl.href });
    expect(logins.sessions.has(linked?.sessionId ?? "")).toBe(true);
  });

  it("of an EHR links a new person of the caller that the settings name", async () => {
    const logins = loginsInMemory();
    const browser = new Browser();
    const link = { linkId: linkIdOf(7), caller: "arn:aws:iam::1:role/ehr", scopes: ["launch"], returnUrl: null };
    const sent = browser.follow(await beginEhrLogin(logins.ports, link, "launch-1"));
    expect([sent.get("launch"), sent.get("aud")]).toEqual(["launch-1", "https://fhir.example/r4/"]);
    await callBack(logins, browser, { state: sent.get("state") ?? "", code: "c" });
    expect((await logins.records.find(linkIdOf(7)))?.record).toMatchObject({
      caller: "arn:aws:iam::1:role/ehr",
      linked: { subject: "person-1" },
    });
  });

  it("succeeds beside another login in the same browser, each with its own cookie", async () => {
    const logins = loginsInMemory();
    const browser = new Browser();
    await createLink(logins, 1);
    await createLink(logins, 2);
    const first = await begin(logins, browser, 1);
    const second = await begin(logins, browser, 2);
    expect(await callBack(logins, browser, { state: first, code: "a" })).toMatchObject({ end: { state: "linked" } });
    logins.answers.outcome = sessionOutcome("person-2", "refresh-2");
    expect(await callBack(logins, browser, { state: second, code: "b" })).toMatchObject({ end: { state: "linked" } });
    expect(logins.sessions.size).toBe(2);
  });

  it("ends as denied if the person says no", async () => {
    const logins = loginsInMemory();
    await createLink(logins);
    const browser = new Browser();
    const state = await begin(logins, browser);
    const query = `error=access_denied&state=${state}&error_description=PLANTED`;
    expect(await callBack(logins, browser, query)).toMatchObject({ end: { state: "denied" } });
    expect(logins.events).toMatchObject([{ type: "User Link Failed", detail: { state: "denied", reason: null } }]);
    expect(JSON.stringify([logins.events, [...logins.table.items]])).not.toContain("PLANTED");
  });

  it.each([
    ["server_error", "server-unavailable"],
    ["temporarily_unavailable", "server-unavailable"],
    ["invalid_scope", "authorization-refused"],
    ["invented", "authorization-refused"],
  ])("ends with the error %s as %s", async (error, reason) => {
    const logins = loginsInMemory();
    await createLink(logins);
    const browser = new Browser();
    const state = await begin(logins, browser);
    expect(await callBack(logins, browser, { state, error })).toMatchObject({ end: { state: "failed", reason } });
  });

  it("that fails gives the refresh token back, and stores no session", async () => {
    const logins = loginsInMemory();
    await createLink(logins);
    const browser = new Browser();
    const state = await begin(logins, browser);
    const failure = new LaunchFailed("the id_token's aud is missing or wrong", { reason: "identity-unproven" });
    logins.answers.outcome = { kind: "failure", failure, issued: "refresh-9" };
    expect(await callBack(logins, browser, { state, code: "c" })).toMatchObject({
      end: { state: "failed", reason: "identity-unproven" },
    });
    expect(logins.revoked).toEqual(["refresh-9"]);
    expect(logins.sessions.size).toBe(0);
  });

  it("that stops between the exchange and the storing of the session ends as interrupted", async () => {
    const logins = loginsInMemory();
    await createLink(logins);
    const browser = new Browser();
    const state = await begin(logins, browser);
    const crashing = { ...logins, ports: { ...logins.ports, exchange: () => Promise.reject(new Error("crash")) } };
    await expect(callBack(crashing, browser, { state, code: "c" })).rejects.toThrow("crash");
    expect(await stateOf(logins)).toEqual({ state: "pending" });
    logins.clock.now += minutes;
    expect(await stateOf(logins)).toMatchObject({ state: "failed", reason: "interrupted" });
  });

  it("whose event cannot be published is linked all the same", async () => {
    const logins = loginsInMemory();
    await createLink(logins);
    const browser = new Browser();
    const state = await begin(logins, browser);
    const mute = { ...logins, ports: { ...logins.ports, bus: { publish: () => Promise.reject(new Error("down")) } } };
    expect(await callBack(mute, browser, { state, code: "c" })).toMatchObject({ end: { state: "linked" } });
    expect((await logins.records.find(linkIdOf(1)))?.record.launch.published).toBe(false);
  });

  it("that is removed during its exchange keeps no session, and gives the refresh token back", async () => {
    const logins = loginsInMemory();
    await createLink(logins);
    const browser = new Browser();
    const state = await begin(logins, browser);
    const { exchange, records } = logins.ports;
    const removing = {
      ...logins.ports,
      exchange: async (login: Parameters<typeof exchange>[0]) => {
        await removeLink(logins.ports, linkIdOf(1));
        return await exchange(login);
      },
      records,
    };
    const finished = await callBack({ ...logins, ports: removing }, browser, { state, code: "c" });
    expect(finished).toEqual({ kind: "unusable", fault: "unknown" });
    expect(logins.sessions.size).toBe(0);
    expect(logins.revoked).toEqual(["refresh-1"]);
    expect(logins.events.map(({ type }) => type)).toEqual(["User Link Revoked"]);
  });
});

async function linkedOnce() {
  const logins = loginsInMemory();
  const created = await createLink(logins);
  const browser = new Browser();
  await callBack(logins, browser, { state: await begin(logins, browser), code: "c" });
  const stored = await logins.records.find(linkIdOf(1));
  if (stored === undefined) throw new Error("no link");
  logins.clock.now += minutes;
  const createdAt = logins.clock.now;
  const launch = { ...created.launch, createdAt, expiresAt: createdAt + 30 * minutes };
  await logins.records.replace(stored, { ...stored.record, launch });
  return { logins, browser };
}

describe("a link that is connected again", () => {
  it("keeps its id, and replaces the session. The server is not asked to revoke: it may revoke the new one as well", async () => {
    const { logins, browser } = await linkedOnce();
    logins.answers.outcome = sessionOutcome("person-1", "refresh-2");
    const state = await begin(logins, browser);
    expect(await callBack(logins, browser, { state, code: "d" })).toMatchObject({ end: { state: "linked" } });
    expect([...logins.sessions.values()]).toEqual(["refresh-2"]);
    expect(logins.revoked).toEqual([]);
    expect(logins.events.at(-1)).toMatchObject({ type: "User Linked", detail: { earlierSession: "not-asked" } });
  });

  it("keeps its session if the new launch fails, and asks the server for no revocation that may end it", async () => {
    const { logins, browser } = await linkedOnce();
    const failure = new LaunchFailed("no", { reason: "scopes-missing" });
    logins.answers.outcome = { kind: "failure", failure, issued: "refresh-2" };
    const state = await begin(logins, browser);
    expect(await callBack(logins, browser, { state, code: "d" })).toMatchObject({ end: { state: "failed" } });
    expect([logins.revoked, [...logins.sessions.values()]]).toEqual([[], ["refresh-1"]]);
    expect(await stateOf(logins)).toMatchObject({ state: "linked" });
  });

  it("never becomes another person's", async () => {
    const { logins, browser } = await linkedOnce();
    logins.answers.outcome = sessionOutcome("person-2", "refresh-2");
    const state = await begin(logins, browser);
    expect(await callBack(logins, browser, { state, code: "d" })).toMatchObject({
      end: { state: "failed", reason: "other-person" },
    });
    expect(logins.revoked).toEqual(["refresh-2"]);
    expect([...logins.sessions.values()]).toEqual(["refresh-1"]);
    expect(await stateOf(logins)).toMatchObject({ state: "linked" });
  });

  it("keeps its session if nobody signs in", async () => {
    const { logins } = await linkedOnce();
    expect(await stateOf(logins)).toEqual({ state: "pending" });
    logins.clock.now += 31 * minutes;
    expect(await stateOf(logins)).toMatchObject({ state: "linked" });
  });
});

describe("a callback is refused, and stores nothing,", () => {
  interface Attack {
    attack: (logins: ReturnType<typeof loginsInMemory>, browser: Browser, state: string) => Promise<unknown>;
    fault: string;
  }

  it.each<[string, Attack]>([
    [
      "without the cookie of the browser that began",
      { attack: (logins, _, state) => callBack(logins, new Browser(), { state, code: "c" }), fault: "no-cookie" },
    ],
    [
      "with the cookie of another login",
      {
        attack: async (logins, browser, state) => {
          await createLink(logins, 2);
          await begin(logins, browser, 2);
          browser.cookies.set(`__Host-${linkIdOf(1)}`, browser.cookies.get(`__Host-${linkIdOf(2)}`) ?? "");
          return await callBack(logins, browser, { state, code: "c" });
        },
        fault: "no-cookie",
      },
    ],
    [
      "with an invented state",
      { attack: (logins, browser) => callBack(logins, browser, { state: "s", code: "c" }), fault: "unknown" },
    ],
    [
      "with an altered state",
      {
        attack: (logins, browser, state) => callBack(logins, browser, { state: `${state}x`, code: "c" }),
        fault: "unknown",
      },
    ],
    [
      "from another server",
      {
        attack: (logins, browser, state) =>
          callBack(logins, browser, { state, code: "c", iss: "https://evil.example" }),
        fault: "other-server",
      },
    ],
    [
      "with two codes",
      {
        attack: (logins, browser, state) => callBack(logins, browser, `state=${state}&code=a&code=b`),
        fault: "malformed",
      },
    ],
    [
      "with an error and no state",
      { attack: (logins, browser) => callBack(logins, browser, { error: "access_denied" }), fault: "malformed" },
    ],
    [
      "a quarter of an hour late",
      {
        attack: (logins, browser, state) => {
          logins.clock.now += 15 * minutes;
          return callBack(logins, browser, { state, code: "c" });
        },
        fault: "expired",
      },
    ],
  ])("%s", async (_, { attack, fault }) => {
    const logins = loginsInMemory();
    await createLink(logins);
    const browser = new Browser();
    const state = await begin(logins, browser);
    const before = logins.table.items.get(`link#${linkIdOf(1)}`);
    expect(await attack(logins, browser, state)).toEqual({ kind: "unusable", fault });
    expect(logins.table.items.get(`link#${linkIdOf(1)}`)).toEqual(before);
    expect([logins.exchanged, logins.events, [...logins.sessions]]).toEqual([[], [], []]);
  });

  it("from a server that always names itself, without its name", async () => {
    const logins = loginsInMemory();
    logins.answers.configuration = { ...smartConfiguration, namesIssuer: true };
    await createLink(logins);
    const browser = new Browser();
    const state = await begin(logins, browser);
    const unnamed = await callBack(logins, browser, { state, code: "c" });
    expect(unnamed).toEqual({ kind: "unusable", fault: "other-server" });
    const named = await callBack(logins, browser, { state, code: "c", iss: smartConfiguration.issuer });
    expect(named).toMatchObject({ end: { state: "linked" } });
  });

  it("that is sent again", async () => {
    const logins = loginsInMemory();
    await createLink(logins);
    const browser = new Browser();
    const state = await begin(logins, browser);
    await callBack(logins, browser, { state, code: "c" });
    expect(await callBack(logins, browser, { state, code: "c" })).toEqual({ kind: "unusable", fault: "used" });
    expect(logins.exchanged).toEqual(["c"]);
  });

  it("one of two that come at once", async () => {
    const logins = loginsInMemory();
    await createLink(logins);
    const browser = new Browser();
    const state = await begin(logins, browser);
    const both = await Promise.all([1, 2].map(() => callBack(logins, browser, { state, code: "c" })));
    expect(both.map(({ kind }) => kind).toSorted()).toEqual(["ended", "unusable"]);
    expect(logins.exchanged).toEqual(["c"]);
  });
});
