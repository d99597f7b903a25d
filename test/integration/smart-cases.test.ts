import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { beginSignIn, finishSignIn, signIn } from "#local/portal-sign-in.ts";
import type { Fault } from "#local/simulator/faults/fault-schema.ts";
import { SmallBrowser } from "#local/small-browser.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "../fixtures/bridge-under-test.ts";
import { smartLaunches, under } from "../fixtures/smart-launches.ts";

const clientId = "integra-bridge-smart";

/** What people who build SMART apps have reported of real servers, EHRs and browsers, and what lenient servers answer. */
describe("reported cases of SMART launches", () => {
  let test: BridgeUnderTest;
  let launches: ReturnType<typeof smartLaunches>;

  beforeAll(async () => {
    test = await bridgeUnderTest({
      simulator: { patients: 8 },
      settings: {
        smart: {
          scopes: ["openid", "fhirUser", "offline_access", "launch/patient", "patient/*.rs"],
          ehrLaunches: [{ name: "simulator", caller: "arn:aws:iam::000000000000:root" }],
        },
      },
    });
    launches = smartLaunches(test);
  });

  afterAll(async () => {
    await test.stop();
  });

  const ehrLaunch = () => {
    const launch = { clientId, userId: "dora", patientId: launches.patientId(3) };
    return new URL(test.simulator.ehrLaunch(launch));
  };

  describe("G1: an EHR launch whose iss", () => {
    it.each<[string, (base: URL) => string]>([
      ["is another server's", ({ pathname }) => `https://attacker.example${pathname}`],
      ["has a user name", ({ protocol, host, pathname }) => `${protocol}//${host}@attacker.example${pathname}`],
      ["has another port", ({ protocol, hostname, pathname }) => `${protocol}//${hostname}:1${pathname}`],
      ["has dots in its path", ({ origin, pathname }) => `${origin}/integra/other/../..${pathname}`],
      ["has a slash twice", ({ origin, pathname }) => `${origin}/${pathname}`],
      ["has capital letters", ({ href }) => href.toUpperCase()],
    ])("%s is refused, and no server is asked", async (_, change) => {
      const url = ehrLaunch();
      url.searchParams.set("iss", change(new URL(url.searchParams.get("iss") ?? "")));
      const before = test.simulator.log.length;
      expect((await new SmallBrowser().open(url)).status).toBe(400);
      expect(test.simulator.log.length).toBe(before);
    });

    it("has a slash at its end begins, and the audience is the configured FHIR base", async () => {
      const url = ehrLaunch();
      url.searchParams.set("iss", `${url.searchParams.get("iss")}/`);
      const { status, location } = await new SmallBrowser().open(url);
      expect([status, location?.searchParams.get("aud")]).toEqual([303, test.simulator.fhirBaseUrl]);
    });
  });

  it("G2: a callback in a frame, where the cookie is missing, offers a window of its own, in which it works", async () => {
    const { browser, callback } = await launches.upToCallback();
    const headers = { "sec-fetch-dest": "iframe" };
    const framed = await new SmallBrowser().open(callback.location ?? "", { headers });
    expect(framed.html).toContain('target="_blank"');
    expect((await finishSignIn(browser, callback)).title).toBe("You are connected");
  });

  it("G3: previews and scanners that open a link and a callback spend nothing", async () => {
    const link = await launches.newLink();
    for (const method of ["HEAD", "GET"]) await new SmallBrowser().open(link.url, { method });
    const browser = new SmallBrowser();
    const callback = await signIn(browser, await beginSignIn(browser, link.url), { user: "pat" });
    for (const method of ["HEAD", "GET"]) await new SmallBrowser().open(callback.location ?? "", { method });
    expect((await finishSignIn(browser, callback)).title).toBe("You are connected");
  });

  it("G4: an error with the state ends the link, one without ends nothing, and its text is shown nowhere", async () => {
    const { browser, callback, link } = await launches.upToCallback();
    const url = new URL(callback.location ?? "");
    url.searchParams.delete("code");
    url.searchParams.set("error", "access_denied");
    url.searchParams.set("error_description", "PLANTED");
    const withoutState = new URL(url);
    withoutState.searchParams.delete("state");
    const unknown = await browser.open(withoutState);
    expect([unknown.status, (await launches.readLink(link.id)).state]).toEqual([400, "pending"]);
    const page = await browser.open(url);
    const end = await browser.submit(page);
    for (const { html } of [unknown, page, end]) expect(html).not.toContain("PLANTED");
    expect((await launches.readLink(link.id)).state).toBe("denied");
  });

  describe("G5: a server", () => {
    it("whose SMART configuration has no keys is found by its OpenID configuration", async () => {
      test.simulator.faults.script("smart-configuration", [{ kind: "odd-discovery", change: "no-jwks-uri" }]);
      const { link, end } = await launches.linkUser("pat");
      expect([end.title, (await launches.readLink(link.id)).state]).toEqual(["You are connected", "linked"]);
    });

    it.each<[string, Fault, number]>([
      ["without a SMART configuration", { kind: "status", status: 404 }, 503],
      ["that does not send its configuration", { kind: "stall" }, 503],
      ["that sends HTML", { kind: "garbage" }, 503],
      ["with endpoints elsewhere", { kind: "odd-discovery", change: "foreign-endpoints" }, 502],
      ["with an endless configuration", { kind: "odd-discovery", change: "oversized" }, 503],
    ])("%s begins nothing and spends nothing", async (_, fault, status) => {
      const link = await launches.newLink();
      const browser = new SmallBrowser();
      test.simulator.faults.script("smart-configuration", [fault]);
      expect((await browser.submit(await browser.open(link.url))).status).toBe(status);
      expect((await beginSignIn(browser, link.url)).title).toBe("Sign in");
    });
  });

  describe("G6 and lenient servers: an answer to the code", () => {
    it.each<[string, Fault]>([
      ["whose scope hides the refresh token", { kind: "odd-token-answer", form: "scope-hides-refresh-token" }],
      ["with status 201", { kind: "odd-token-answer", form: "created-status" }],
      ["with the scope as a list", { kind: "odd-token-answer", form: "scope-as-list" }],
      ["without a scope", { kind: "odd-token-answer", form: "no-scope" }],
      ["without a token type", { kind: "odd-token-answer", form: "no-token-type" }],
      ["with the patient as a reference", { kind: "odd-token-answer", form: "patient-as-reference" }],
      ["with the patient as a number", { kind: "odd-token-answer", form: "patient-as-number" }],
    ])("%s links the person and their patient", async (_, fault) => {
      test.simulator.faults.script("user-token", [fault]);
      const { link } = await launches.linkUser("pat");
      expect(await launches.readLink(link.id)).toMatchObject({ state: "linked", patient: launches.patientId(0) });
    });

    it.each<[string, Fault, string]>([
      ["without a refresh token", { kind: "odd-token-answer", form: "no-refresh-token" }, "refresh-token-missing"],
      ["with fewer scopes", { kind: "odd-token-answer", form: "fewer-scopes" }, "scopes-missing"],
      ["without an id_token", { kind: "odd-token-answer", form: "no-id-token" }, "identity-unproven"],
      ["that is an HTML page", { kind: "garbage" }, "server-unavailable"],
    ])("%s is a failure with the reason", async (_, fault, reason) => {
      test.simulator.faults.script("user-token", [fault]);
      const { link } = await launches.linkUser("pat");
      expect(await launches.readLink(link.id)).toMatchObject({ state: "failed", reason });
    });
  });

  it.each(["created-status", "null-members", "scope-as-list", "no-id-token"] as const)(
    "lenient servers: a refresh that is answered with %s keeps the session",
    async (form) => {
      const { link } = await launches.linkUser("pat");
      test.simulator.faults.script("user-token", [{ kind: "odd-token-answer", form }]);
      const answer = await launches.caller.send(`/fhir/Patient/${launches.patientId(0)}`, under(link.id));
      expect([answer.status, (await launches.readLink(link.id)).state]).toEqual([200, "linked"]);
    },
  );

  it("G7: a standalone launch sends no launch, and an EHR that wants one ends the link in plain words", async () => {
    const { url, id } = await launches.newLink();
    const browser = new SmallBrowser();
    const begun = await browser.submit(await browser.open(url));
    expect([begun.location?.searchParams.has("launch"), begun.location?.searchParams.get("scope")]).toEqual([
      false,
      expect.stringContaining("launch/patient"),
    ]);
    test.simulator.faults.script("consent", [{ kind: "odd-callback", form: "launch-code-required" }]);
    await finishSignIn(browser, await signIn(browser, await browser.follow(begun), { user: "pat" }));
    expect(await launches.readLink(id)).toMatchObject({ state: "failed", reason: "authorization-refused" });
  });
});
