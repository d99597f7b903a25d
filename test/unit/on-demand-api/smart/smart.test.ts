import { describe, expect, it } from "vitest";
import type { OpenRequest } from "#on-demand-api/gateway/open-api.ts";
import { type ApiRouteKey, apiRoutes } from "#on-demand-api/language/api-routes.ts";
import { errorPage } from "#on-demand-api/smart/fault-pages.ts";
import { wordsOf } from "#on-demand-api/smart/link-pages.ts";
import { serveSmartPages } from "#on-demand-api/smart/smart.ts";
import { OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { LaunchFailed, launchFailures } from "#user-session/language/launch-faults.ts";
import { SessionSecretUnusable } from "#user-session/language/session-faults.ts";
import { logins } from "#user-session/links/logins.ts";
import { expectDescribed } from "../../../fixtures/described-answers.ts";
import { createLink, linkIdOf, loginsInMemory, tokenOf } from "../../../fixtures/login-in-memory.ts";

const { signal } = new AbortController();
const caller = "arn:aws:iam::1:user/portal";

/** The pages, on logins in memory. */
function pages() {
  const memory = loginsInMemory();
  const exchange = memory.ports.exchange;
  const handle = serveSmartPages({
    serverName: "fhir.example",
    newLinkId: () => linkIdOf(77),
    settings: {
      scopes: ["openid", "offline_access", "launch/patient"],
      applications: [{ caller, name: "Portal <of> Anytown" }],
      ehrLaunches: [{ name: "ehr", caller: "arn:aws:iam::1:role/ehr", returnUrl: "https://ehr.example/done" }],
    },
    logins: logins({
      ...memory.ports,
      readClient: () => Promise.resolve({ id: "bridge", authentication: { method: "none" } }),
      exchange: (_, { code }) => exchange({ launch: {} as never, code: code.code }),
    }),
  });
  const cookies = new Map<string, string[]>();
  const call = async (route: ApiRouteKey, request: Partial<OpenRequest> = {}) => {
    const own = { route, path: {}, queryString: "", headers: {}, body: Buffer.alloc(0) };
    const answer = await handle({ ...own, cookies: (name) => cookies.get(name) ?? [], ...request }, { signal });
    expectDescribed(route, answer);
    return { ...answer, html: answer.body.toString("utf8") };
  };
  const path = { token: `${linkIdOf(1)}.${tokenOf(1)}` };
  /** Begins the login of the first link, keeps its cookie, and returns the state. */
  const begin = async () => {
    const { headers, cookies: [cookie = ""] = [] } = await call("POST /connect/{token}", { path });
    const [name = "", value = ""] = cookie.split(";", 1)[0]?.split("=") ?? [];
    cookies.set(name, [value]);
    return { state: new URL(headers["location"] ?? "").searchParams.get("state") ?? "", name, cookie };
  };
  const send = (form: Record<string, string>) =>
    call("POST /smart/callback", { body: Buffer.from(new URLSearchParams(form).toString()) });
  return { memory, call, path, begin, send, cookies };
}

describe("the page of a link", () => {
  it("names the caller's application, escaped, and changes nothing by GET and HEAD", async () => {
    const { memory, call, path } = pages();
    await createLink(memory);
    const before = structuredClone([...memory.table.items]);
    expect((await call("GET /connect/{token}", { path })).html).toContain("Portal &lt;of&gt; Anytown");
    expect((await call("HEAD /connect/{token}", { path })).html).toBe("");
    expect([...memory.table.items]).toEqual(before);
  });

  it("begins the login with a cookie that only this host and no script gets", async () => {
    const { memory, begin } = pages();
    await createLink(memory);
    const { cookie, name } = await begin();
    expect(name).toBe(`__Host-${linkIdOf(1)}`);
    expect(cookie.split("; ").slice(1)).toEqual(["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=900"]);
  });

  it.each(["cross-site", "same-site", "none"])(
    "is shown again, and spends nothing, if a form of another site begins the sign-in (%s)",
    async (site) => {
      const { memory, call, path } = pages();
      await createLink(memory);
      const before = structuredClone([...memory.table.items]);
      const answer = await call("POST /connect/{token}", { path, headers: { "sec-fetch-site": site } });
      expect([answer.status, answer.cookies]).toEqual([200, undefined]);
      expect(answer.html).toContain("Continue to sign in");
      expect([...memory.table.items]).toEqual(before);
      const own = await call("POST /connect/{token}", { path, headers: { "sec-fetch-site": "same-origin" } });
      expect(own.status).toBe(303);
    },
  );

  it.each([
    ["unknown", { token: "x" }, 404],
    ["of another token", { token: `${linkIdOf(1)}.${tokenOf(2)}` }, 404],
  ])("that is %s shows its own words", async (_, token, status) => {
    const { memory, call } = pages();
    await createLink(memory);
    expect((await call("GET /connect/{token}", { path: token })).status).toBe(status);
    expect((await call("POST /connect/{token}", { path: token })).status).toBe(status);
  });
});

describe("the callback", () => {
  it("sends itself on by POST, and nothing happens by GET", async () => {
    const { memory, call, begin } = pages();
    await createLink(memory);
    const { state } = await begin();
    const page = await call("GET /smart/callback", { queryString: `state=${state}&code=a%22b` });
    expect(page.html).toContain('value="a&quot;b"');
    expect(page.headers["content-security-policy"]).toMatch(/script-src 'sha256-[^']+'/);
    expect(memory.exchanged).toEqual([]);
  });

  it("links the person, and removes the cookie", async () => {
    const { memory, begin, send } = pages();
    await createLink(memory);
    const { state, name } = await begin();
    const end = await send({ state, code: "c" });
    expect(end).toMatchObject({ status: 200, linkId: linkIdOf(1) });
    expect(end.cookies).toEqual([expect.stringMatching(new RegExp(`^${name}=; .*Max-Age=0$`))]);
    expect(memory.exchanged).toEqual(["c"]);
  });

  it("with the cookie twice is refused, because one may be another page's", async () => {
    const { memory, begin, send, cookies } = pages();
    await createLink(memory);
    const { state, name } = await begin();
    cookies.set(name, [...(cookies.get(name) ?? []), "planted"]);
    const refused = await send({ state, code: "c" });
    expect([refused.status, memory.exchanged]).toEqual([400, []]);
    expect(refused.html).toContain("window of its own");
  });
});

const launch = (query: string, headers = {}, name = "ehr") =>
  pages().call("GET /smart/launch/{name}", { path: { name }, queryString: query, headers });

describe("an EHR launch", () => {
  const iss = encodeURIComponent("https://fhir.example/r4");

  it("goes to the server with the EHR's launch, and asks for no choice of a patient", async () => {
    const { headers, linkId } = await launch(`iss=${iss}&launch=l1`);
    const sent = new URL(headers["location"] ?? "").searchParams;
    expect([sent.get("launch"), sent.get("scope"), linkId]).toEqual([
      "l1",
      "launch openid offline_access",
      linkIdOf(77),
    ]);
  });

  it.each([
    [`iss=${iss}`, "ehr", 400],
    [`iss=${iss}&launch=`, "ehr", 400],
    [`iss=${iss}&launch=a&launch=b`, "ehr", 400],
    [`iss=${iss}&iss=${iss}&launch=a`, "ehr", 400],
    [`iss=${encodeURIComponent("https://fhir.example/x/../r4")}&launch=a`, "ehr", 400],
    [`iss=${iss}&launch=a`, "other", 404],
  ])("with %s at %s is refused", async (query, name, status) => {
    const { status: answered, cookies } = await launch(query, {}, name);
    expect([answered, cookies]).toEqual([status, undefined]);
  });

  it("by HEAD begins nothing", async () => {
    const { call, memory } = pages();
    const { status } = await call("HEAD /smart/launch/{name}", {
      path: { name: "ehr" },
      queryString: `iss=${iss}&launch=a`,
    });
    expect([status, memory.table.items.size]).toEqual([204, 0]);
  });
});

describe("the words for people", () => {
  it("each fault has a page, which repeats no message of the fault", () => {
    const faults = [
      ...launchFailures.map((reason) => new LaunchFailed("secret-words", { reason })),
      new ServerUnavailable("secret-words"),
      new SessionSecretUnusable("secret-words"),
      new OriginRefused("secret-words"),
      new Error("secret-words"),
    ];
    for (const page of faults.map(errorPage)) {
      expect(page.status).toBeGreaterThanOrEqual(500);
      expect(page.body.toString()).not.toContain("secret-words");
    }
  });

  it.each([
    ["patient/*.rs", "read all health data of the person whose record you choose"],
    ["user/Observation.read", "read Observation that you may see yourself"],
    ["patient/Goal.cruds", "read and change Goal of the person"],
    ["offline", "access while you are away"],
    ["odd<scope>", "<code>odd&lt;scope&gt;</code>"],
  ])("%s is %s", (scope, words) => {
    expect(wordsOf(scope).toString()).toContain(words);
  });

  it("every open page is served by a function of its own", () => {
    const pageRoutes = Object.entries(apiRoutes).filter(([key]) => / \/(?:connect|smart)\//.test(key));
    expect(new Set(pageRoutes.map(([, { servedBy, open }]) => `${servedBy} ${open}`))).toEqual(new Set(["smart true"]));
    expect(Object.values(apiRoutes).filter(({ servedBy }) => servedBy === "smart")).toHaveLength(pageRoutes.length);
  });
});
