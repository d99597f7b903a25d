import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Simulator } from "#local/simulator/simulator.ts";
import { SYNTHETIC_PASSWORD } from "#local/simulator/smart/synthetic-users.ts";
import { choicesOf, type View } from "#local/small-browser.ts";
import {
  allow,
  authorizationUrl,
  exchangeForm,
  open,
  POST_APP,
  postToken,
  REDIRECT_URI,
  signIn,
  startSmartSimulator,
  submit,
} from "./launch-client.ts";

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSmartSimulator();
});
afterEach(() => simulator.close());

type Changes = Record<string, string | readonly string[] | null>;
const authorize = async (changes: Changes = {}): Promise<View> => open(await authorizationUrl(simulator, changes));
const parametersOf = ({ location }: View): Record<string, string> => Object.fromEntries(location?.searchParams ?? []);
const reason = (): string | null | undefined => simulator.log.at(-1)?.reason;

const asConsentForm = (html: string): string => html.replace(/action="[^"]+"/, 'action="/integra/Oauth2/consent"');

describe("an authorization request that may not be answered at the callback", () => {
  const cases: [string, Changes][] = [
    ["an unknown client", { client_id: "<script>" }],
    ["no client", { client_id: null }],
    ["two clients", { client_id: [POST_APP.clientId, "other"] }],
    ["another redirect URI", { redirect_uri: "https://attacker.example/" }],
    ["a longer redirect URI", { redirect_uri: `${REDIRECT_URI}&more=1` }],
    ["no redirect URI", { redirect_uri: null }],
    ["two redirect URIs", { redirect_uri: [REDIRECT_URI, REDIRECT_URI] }],
  ];
  it.each(cases)("gets a page and no redirect: %s", async (_name, changes) => {
    const view = await authorize(changes);
    expect([view.status, view.location]).toEqual([400, null]);
    expect(view.headers.get("content-type")).toBe("text/html;charset=utf-8");
    expect(view.html).toContain('<p role="alert">The app');
    expect(view.html).not.toContain("<script");
  });

  it("gets a page if the app has no redirect URI, the address lacks provider=idx, or the method is another", async () => {
    simulator.registerApp({ clientId: "portal", authMethod: "none" });
    expect((await authorize({ client_id: "portal" })).status).toBe(400);
    expect((await authorize({ provider: "other" })).location).not.toBeNull();
    const url = await authorizationUrl(simulator);
    url.searchParams.delete("provider");
    expect((await open(url)).status).toBe(400);
    expect((await open(await authorizationUrl(simulator), { method: "PUT" })).status).toBe(405);
  });
});

describe("an authorization request with another fault", () => {
  const cases: [string, Changes, string][] = [
    ["a repeated parameter", { aud: ["a", "b"] }, "invalid_request"],
    ["no scope", { scope: null }, "invalid_request"],
    ["no aud", { aud: null }, "invalid_request"],
    ["another aud", { aud: "https://other.example/fhir" }, "invalid_request"],
    ["another response_type", { response_type: "token" }, "unsupported_response_type"],
    ["another response_mode", { response_mode: "fragment" }, "invalid_request"],
    ["no PKCE", { code_challenge: null, code_challenge_method: null }, "invalid_request"],
    ["plain PKCE", { code_challenge_method: "plain" }, "invalid_request"],
    ["no method of PKCE", { code_challenge_method: null }, "invalid_request"],
    ["a short challenge", { code_challenge: "abc" }, "invalid_request"],
    ["a scope of systems", { scope: "system/*.rs" }, "invalid_scope"],
    ["a scope to write", { scope: "patient/*.cruds" }, "invalid_scope"],
    ["a scope of an unknown type", { scope: "patient/Starship.rs" }, "invalid_scope"],
    ["an invented launch", { launch: "invented", scope: "launch openid" }, "invalid_request"],
    ["a launch without its scope", { launch: "invented" }, "invalid_request"],
    ["the scope launch in a standalone launch", { scope: "launch openid" }, "invalid_request"],
    ["a request object", { request: "x" }, "request_not_supported"],
    ["prompt=none", { prompt: "none" }, "login_required"],
  ];
  it.each(cases)("comes back with the error, the state and iss: %s", async (_name, changes, error) => {
    const view = await authorize(changes);
    expect(view.status).toBe(303);
    expect(view.location?.href.startsWith(REDIRECT_URI)).toBe(true);
    expect(parametersOf(view)).toMatchObject({ error, state: "state-of-the-app", iss: simulator.issuer, tenant: "1" });
    expect(reason()).toContain(error);
  });

  it("comes back without a state if the request had none, or two", async () => {
    for (const state of [null, ["one", "two"]]) {
      const parameters = parametersOf(await authorize({ state }));
      expect(parameters["error"]).toBe("invalid_request");
      expect(parameters).not.toHaveProperty("state");
    }
  });

  it("comes back without iss if the option says so", async () => {
    simulator.settings.issuerInCallback = false;
    expect(parametersOf(await authorize({ aud: null }))).not.toHaveProperty("iss");
  });

  it("a registered app gets only its scopes", async () => {
    simulator.registerApp({ ...POST_APP, scopes: ["openid"] });
    expect(parametersOf(await authorize({ scope: "openid offline_access" }))["error"]).toBe("invalid_scope");
    expect((await authorize({ scope: "openid" })).status).toBe(200);
  });
});

describe("the pages of a sign-in", () => {
  it("have no script, are not stored, lead to the app only, and label each field", async () => {
    const pages = [await authorize()];
    const choice = (await signIn(simulator, "gus")).view;
    const [patient = ""] = choicesOf(choice, "patient");
    pages.push(choice, await submit(choice, { patient }));
    expect(pages.map(({ html }) => /<h1>(.*?)<\/h1>/.exec(html)?.[1])).toEqual([
      "Sign in",
      "Choose a patient",
      "Allow access?",
    ]);
    for (const { html, headers } of pages) {
      expect(html).toContain('<html lang="en">');
      expect(html).not.toMatch(/<script|\son\w+=|style="/);
      const fields = [...html.matchAll(/<(?:input|select) id="([^"]+)"/g)].map(([, id]) => id);
      for (const id of fields) expect(html).toContain(`<label for="${id}">`);
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("content-security-policy")).toMatch(
        /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self' https:\/\/app\.example; frame-ancestors 'self'; base-uri 'none'$/,
      );
    }
  });

  it("escape the name of the app", async () => {
    simulator.registerApp({ ...POST_APP, name: "<b>App</b>" });
    const { html } = await authorize();
    expect(html).toContain("&lt;b&gt;App&lt;/b&gt; asks you to sign in");
  });

  it("an authorization request can be a form", async () => {
    const url = await authorizationUrl(simulator);
    const body = new URLSearchParams(url.searchParams);
    const page = await open(`${url.origin}${url.pathname}?provider=idx`, { method: "POST", body });
    expect(page.html).toContain("<h1>Sign in</h1>");
  });

  it("a wrong password gets the page again, and a user without a password never signs in", async () => {
    simulator.registerUser({ userId: "clara", patients: "all" });
    const page = await authorize();
    for (const [username, password] of [
      ["pat", "wrong"],
      ["clara", ""],
      ["nobody", SYNTHETIC_PASSWORD],
    ]) {
      const again = await submit(page, { username: username ?? "", password: password ?? "" });
      expect(again.status).toBe(403);
      expect(again.html).toContain('<p role="alert">The user name or the password is wrong.</p>');
    }
    const consent = await submit(page, { username: "pat", password: SYNTHETIC_PASSWORD });
    expect(consent.html).toContain("signed in as Pat");
  });

  it("a user without a patient comes back with access_denied", async () => {
    simulator.registerUser({ userId: "nina", patients: [], password: SYNTHETIC_PASSWORD });
    expect(parametersOf((await signIn(simulator, "nina")).view)["error"]).toBe("access_denied");
  });

  it("only one of the user's patients can be chosen", async () => {
    const { view } = await signIn(simulator, "gus");
    const foreign = simulator.records.ofType("Patient")[0]?.id ?? "";
    const again = await submit(view, { patient: foreign });
    expect([again.status, choicesOf(again, "patient")]).toEqual([403, choicesOf(view, "patient")]);
  });

  it("no step can be left out", async () => {
    const page = await authorize();
    const skipped = await submit({ ...page, html: asConsentForm(page.html) }, { decision: "allow" });
    expect(skipped.html).toContain("<h1>Sign in</h1>");
    const choice = await submit(page, { username: "gus", password: SYNTHETIC_PASSWORD });
    const again = await submit({ ...choice, html: asConsentForm(choice.html) }, { decision: "allow" });
    expect(again.html).toContain("<h1>Choose a patient</h1>");
  });

  it("end with the decision, and with the time", async () => {
    const { view } = await signIn(simulator, "pat");
    expect((await submit(view, { decision: "allow" })).status).toBe(303);
    const repeated = await submit(view, { decision: "allow" });
    expect([repeated.status, repeated.location]).toEqual([400, null]);
    const late = await authorize();
    simulator.advanceClock(601);
    expect((await submit(late, { username: "pat", password: SYNTHETIC_PASSWORD })).status).toBe(400);
  });
});

describe("the decision", () => {
  it("a denial comes back with access_denied and without a code", async () => {
    const { view } = await signIn(simulator, "pat");
    const parameters = parametersOf(await submit(view, { decision: "deny" }));
    expect(parameters).toMatchObject({ error: "access_denied", state: "state-of-the-app", iss: simulator.issuer });
    expect(parameters).not.toHaveProperty("code");
  });

  it("the user can grant fewer scopes, but no others", async () => {
    const { view, verifier } = await signIn(simulator, "pat", { scope: "openid offline_access patient/*.rs" });
    const granted = await submit(view, { decision: "allow", scope: ["patient/*.rs", "user/*.rs"] });
    const { body } = await postToken(simulator, exchangeForm({ view: granted, verifier }));
    expect(body["scope"]).toBe("patient/*.rs");
    expect(body).toHaveProperty("patient");
    for (const name of ["id_token", "refresh_token"]) expect(body).not.toHaveProperty(name);
  });

  it("fhirUser is granted only for users with a resource, launch/encounter only in an EHR launch", async () => {
    simulator.registerUser({ userId: "nina", patients: "all", password: SYNTHETIC_PASSWORD });
    const allowed = await allow(await signIn(simulator, "nina", { scope: "openid fhirUser launch/encounter" }));
    expect((await postToken(simulator, exchangeForm(allowed))).body["scope"]).toBe("openid");
  });

  it("the log has neither passwords nor codes nor the values of parameters", async () => {
    const { view } = await allow(await signIn(simulator, "pat"));
    const text = JSON.stringify(simulator.log);
    const code = view.location?.searchParams.get("code") ?? "";
    expect(simulator.secretsSeen().userSecrets).toContain(code);
    for (const secret of [code, SYNTHETIC_PASSWORD, "state-of-the-app", "nonce-of-the-app"]) {
      expect(text).not.toContain(secret);
    }
    expect(simulator.log.at(-1)).toMatchObject({ endpoint: "consent", clientId: POST_APP.clientId, userId: "pat" });
  });
});
