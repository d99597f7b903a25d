import { describe, expect, it } from "vitest";
import type { ApiRequest } from "#on-demand-api/gateway/api.ts";
import { linkIds } from "#on-demand-api/gateway/link-ids.ts";
import type { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import type { ApiRouteKey } from "#on-demand-api/language/api-routes.ts";
import { serveLinks } from "#on-demand-api/links/links.ts";
import type { SessionEnd } from "#user-session/language/user-session.ts";
import { beginLogin, findInvitation } from "#user-session/links/begin-login.ts";
import { removeLink } from "#user-session/links/remove-link.ts";
import { reportLink } from "#user-session/links/settle-link.ts";
import { apiRequest } from "../../../fixtures/api-request.ts";
import { asDescribed } from "../../../fixtures/described-answers.ts";
import { Browser, callBack, loginsInMemory, sessionOutcome } from "../../../fixtures/login-in-memory.ts";

const { signal } = new AbortController();

interface Content {
  id: string;
  url: string;
  state: string;
  reason: string | null;
  reference: string | null;
  patient: string | null;
  atServer: string;
  earlierSession: string | null;
  message: string | null;
}

const problemOf = (answer: Promise<unknown>) =>
  answer.then(
    () => Promise.reject(new Error("a problem was expected")),
    (problem: ApiProblem) => problem,
  );

function linksApi() {
  const logins = loginsInMemory();
  const { records, ports } = logins;
  const ends = new Map<string, SessionEnd>();
  const handle = serveLinks({
    records,
    ids: linkIds(() => Promise.resolve("s".repeat(64))),
    settings: {
      scopes: ["openid", "fhirUser", "offline_access"],
      returnUrls: ["https://portal.example/done"],
      linkMinutes: 30,
    },
    settle: (linkId) => reportLink(ports, linkId),
    remove: (linkId) => removeLink(ports, linkId),
    findEnd: (sessionId) => Promise.resolve(ends.get(sessionId)),
    apiUrl: "https://api.example",
    now: () => logins.clock.now,
  });
  const call = async (route: ApiRouteKey, more: Partial<ApiRequest> = {}) => {
    const answer = await asDescribed(route, handle(apiRequest(route, more), { signal }));
    return { ...answer, content: JSON.parse(answer.body.toString("utf8")) as Content };
  };
  const post = (body: object = {}, headers: Record<string, string> = {}, caller = "clara") =>
    call("POST /links", { body: Buffer.from(JSON.stringify({ launch: "standalone", ...body })), headers, caller });
  /** Signs a person in by a link's URL. */
  const signIn = async (url: string, parameters: Record<string, string> = { code: "c" }) => {
    const [id = "", token = ""] = (url.split("/").at(-1) ?? "").split(".");
    const begun = await beginLogin(ports, id, token);
    if (typeof begun === "string") throw new Error(begun);
    const browser = new Browser();
    const state = browser.follow(begun).get("state") ?? "";
    return await callBack(logins, browser, { state, ...parameters });
  };
  const get = (id: string, caller = "clara") => call("GET /links/{id}", { path: { id }, caller });
  const remove = (id: string, caller = "clara") => call("DELETE /links/{id}", { path: { id }, caller });
  return { logins, ends, post, get, remove, signIn };
}

describe("a POST to /links", () => {
  it("makes a link whose URL is stored as a digest, and valid for the setting's time", async () => {
    const { post, logins } = linksApi();
    const { status, headers, content } = await post({ reference: "user-7", returnUrl: "https://portal.example/done" });
    expect([status, headers["location"]]).toEqual([201, `https://api.example/links/${content.id}`]);
    expect(content).toMatchObject({ state: "pending", reference: "user-7", expiresAt: "2026-11-26T12:30:00.000Z" });
    const token = content.url.split(".").at(-1) ?? "";
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(JSON.stringify([...logins.table.items])).not.toContain(token);
  });

  it("that is repeated gets the same link and URL, and nothing begins anew", async () => {
    const { post, signIn, logins } = linksApi();
    const key = { "idempotency-key": "k" };
    const first = await post({}, key);
    logins.clock.now += 60_000;
    expect((await post({}, key)).content).toEqual(first.content);
    await signIn(first.content.url);
    expect((await post({}, key)).content).toMatchObject({ url: first.content.url, state: "linked" });
    expect((await post({}, key, "other")).content.id).not.toBe(first.content.id);
  });

  it("with a used key and another body is refused", async () => {
    const { post } = linksApi();
    const key = { "idempotency-key": "k" };
    await post({}, key);
    expect((await problemOf(post({ reference: "x" }, key))).status).toBe(422);
  });

  it.each<[string, object]>([
    ["an unknown member", { more: 1 }],
    ["another launch", { launch: "ehr" }],
    ["a return URL that only begins like the configured one", { returnUrl: "https://portal.example/done/" }],
    ["a return URL of another case", { returnUrl: "https://PORTAL.example/done" }],
    ["a scope that the setting does not have", { scopes: ["openid", "offline_access", "user/*.cruds"] }],
    ["scopes without openid", { scopes: ["offline_access"] }],
    ["scopes without lasting access", { scopes: ["openid"] }],
    ["a malformed id to connect again", { reconnect: "x" }],
    ["a reference for a link that exists", { reconnect: `link-${"0".repeat(32)}`, reference: "x" }],
  ])("with %s is refused", async (_, body) => {
    const { post, logins } = linksApi();
    expect((await problemOf(post(body))).status).toBe(400);
    expect(logins.table.items.size).toBe(0);
  });
});

describe("a link that is connected again", () => {
  it("keeps its id, its reference and its session, until the same person has signed in", async () => {
    const { post, signIn, get, logins } = linksApi();
    const { content: first } = await post({ reference: "user-7" });
    await signIn(first.url);
    const before = [...logins.sessions.keys()];
    const again = await post({ reconnect: first.id });
    expect(again.content).toMatchObject({ id: first.id, reference: "user-7", state: "pending" });
    expect(again.content.url).not.toBe(first.url);
    expect([...logins.sessions.keys()]).toEqual(before);
    await signIn(again.content.url);
    expect((await get(first.id)).content.state).toBe("linked");
    expect(logins.sessions.size).toBe(1);
    expect([...logins.sessions.keys()]).not.toEqual(before);
  });

  it("makes its earlier URL worthless", async () => {
    const { post, logins } = linksApi();
    const { content: first } = await post();
    await post({ reconnect: first.id });
    const token = first.url.split(".").at(-1) ?? "";
    expect(await findInvitation(logins.ports, first.id, token)).toBe("unknown");
  });

  it("by a repeated POST is launched once", async () => {
    const { post } = linksApi();
    const { content: first } = await post();
    const key = { "idempotency-key": "again" };
    const again = await post({ reconnect: first.id }, key);
    expect((await post({ reconnect: first.id }, key)).content).toEqual(again.content);
  });

  it("stays its caller's", async () => {
    const { post } = linksApi();
    const { content } = await post();
    expect((await problemOf(post({ reconnect: content.id }, {}, "other"))).status).toBe(404);
  });

  it("waits while its user's code is exchanged", async () => {
    const { post, signIn, logins } = linksApi();
    const { content } = await post();
    let problem: ApiProblem | undefined;
    logins.ports.exchange = async () => {
      problem = await problemOf(post({ reconnect: content.id }));
      return sessionOutcome();
    };
    await signIn(content.url);
    expect(problem?.status).toBe(409);
  });
});

describe("a GET of a link", () => {
  it("shows the patient and the reason to its caller only", async () => {
    const { post, get, signIn } = linksApi();
    const { content } = await post();
    await signIn(content.url);
    expect((await get(content.id)).content).toMatchObject({ state: "linked", patient: "123", reason: null });
    expect((await problemOf(get(content.id, "other"))).status).toBe(404);
  });

  it("publishes once that the launch has expired", async () => {
    const { post, get, logins } = linksApi();
    const { content } = await post();
    logins.clock.now += 30 * 60_000;
    for (const _ of [1, 2]) expect((await get(content.id)).content.state).toBe("expired");
    expect(logins.events).toMatchObject([{ type: "User Link Failed", detail: { state: "expired" } }]);
  });

  it("shows that its session has ended, why, and what to do", async () => {
    const { post, get, signIn, logins, ends } = linksApi();
    const { content } = await post();
    await signIn(content.url);
    const message = "refused. Connect the link again: its user has to sign in once more";
    const [sessionId = ""] = logins.sessions.keys();
    ends.set(sessionId, { at: logins.clock.now, refusal: "grant-refused", message, published: true });
    expect((await get(content.id)).content).toMatchObject({ state: "ended", reason: "grant-refused", message });
    const again = await post({ reconnect: content.id });
    expect(again.content.state).toBe("pending");
    await signIn(again.content.url);
    expect((await get(content.id)).content).toMatchObject({ state: "linked", earlierSession: "not-asked" });
  });

  it("is answered although an end cannot be published, and a new launch waits for that", async () => {
    const { post, get, logins } = linksApi();
    const { content } = await post();
    logins.clock.now += 30 * 60_000;
    const { bus } = logins.ports;
    logins.ports.bus = { publish: () => Promise.reject(new Error("down")) };
    expect((await get(content.id)).content.state).toBe("expired");
    expect((await problemOf(post({ reconnect: content.id }))).status).toBe(409);
    logins.ports.bus = bus;
    await post({ reconnect: content.id });
    expect(logins.events).toHaveLength(1);
  });
});

describe("a DELETE of a link", () => {
  it("removes the link and its session here, and then asks the server", async () => {
    const { post, remove, get, signIn, logins } = linksApi();
    const { content } = await post();
    await signIn(content.url);
    expect((await problemOf(remove(content.id, "other"))).status).toBe(404);
    expect((await remove(content.id)).content).toEqual({ id: content.id, atServer: "revoked" });
    expect([logins.sessions.size, logins.revoked]).toEqual([0, ["refresh-1"]]);
    expect((await get(content.id)).content).toMatchObject({
      state: "revoked",
      atServer: "revoked",
      reason: null,
      patient: null,
    });
    expect(logins.events.at(-1)).toMatchObject({ type: "User Link Revoked", detail: { atServer: "revoked" } });
  });

  it("that the server did not revoke says so to whoever reads the link later", async () => {
    const { post, remove, get, signIn, logins } = linksApi();
    const { content } = await post();
    await signIn(content.url);
    logins.answers.revocation = "failed";
    for (const _ of [1, 2]) expect((await remove(content.id)).content.atServer).toBe("failed");
    expect((await get(content.id)).content).toMatchObject({
      state: "revoked",
      atServer: "failed",
      reason: "revocation-failed",
      message: expect.stringContaining("at the portal") as string,
    });
    expect(logins.sessions.size).toBe(0);
    expect(logins.events.filter(({ type }) => type === "User Link Revoked")).toHaveLength(1);
  });

  it("cannot be undone: its URL, its key and a reconnect are worthless", async () => {
    const { post, remove, logins } = linksApi();
    const key = { "idempotency-key": "k" };
    const { content } = await post({}, key);
    await remove(content.id);
    const token = content.url.split(".").at(-1) ?? "";
    expect(await findInvitation(logins.ports, content.id, token)).toBe("unknown");
    expect(await beginLogin(logins.ports, content.id, token)).toBe("unknown");
    expect((await problemOf(post({}, key))).status).toBe(422);
    expect((await problemOf(post({ reconnect: content.id }))).status).toBe(409);
  });

  it("of a link that nobody used has nothing to revoke", async () => {
    const { post, remove, logins } = linksApi();
    const { content } = await post();
    expect((await remove(content.id)).content.atServer).toBe("nothing-to-revoke");
    expect(logins.revoked).toEqual([]);
  });

  it("says what the server answered, although the link changed in between", async () => {
    const { post, remove, signIn, logins } = linksApi();
    const { content } = await post();
    await signIn(content.url);
    const { revoke } = logins.ports;
    logins.ports.revoke = async (...place) => {
      const stored = await logins.records.find(content.id);
      if (stored !== undefined) await logins.records.replace(stored, stored.record);
      return await revoke(...place);
    };
    expect((await remove(content.id)).content.atServer).toBe("revoked");
    expect((await logins.records.find(content.id))?.record).toMatchObject({ linked: null, givenUp: [] });
  });
});
