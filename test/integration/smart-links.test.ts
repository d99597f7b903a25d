import { InvokeCommand, LambdaClient, paginateListFunctions } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiCaller, apiCaller } from "#local/api-caller.ts";
import { demoLaunches, linkUser as linkUserOfDemo, tryOtherPatient } from "#local/link-demo.ts";
import { clientSettings } from "#local/local-bridge.ts";
import { beginSignIn, finishSignIn, signIn } from "#local/portal-sign-in.ts";
import { SmallBrowser } from "#local/small-browser.ts";
import { linkPage, removedLink } from "#on-demand-api/language/link-messages.ts";
import { bundleOf, endedRequest, outcomeOf, postCcdRequest, problemOf } from "../fixtures/api-answers.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "../fixtures/bridge-under-test.ts";
import { iamUser } from "../fixtures/iam-user.ts";
import { newLink, postLink, readLink } from "../fixtures/link-calls.ts";

const returnUrl = "https://portal.example/linked?tab=records";
const otherUser = "arn:aws:iam::000000000000:user/other";

const under = (link: string) => ({ headers: { "integra-link": link } });

describe("SMART launches on the local AWS", () => {
  let test: BridgeUnderTest;
  let caller: ApiCaller;
  let other: ApiCaller;

  beforeAll(async () => {
    test = await bridgeUnderTest({
      simulator: { patients: 8, ccdDurationMs: 200 },
      settings: {
        smart: {
          ...demoLaunches,
          returnUrls: [returnUrl],
          ehrLaunches: [{ name: "simulator", caller: otherUser }],
        },
      },
    });
    caller = apiCaller(test.bridge.outputs);
    other = apiCaller(test.bridge.outputs, await iamUser(test.bridge, "other", true));
  });

  afterAll(async () => {
    await test.stop();
  });

  const patientId = (place: number) => test.simulator.records.ofType("Patient")[place]?.id ?? "";

  async function linkUser(user: string, body: object = {}, patient?: string) {
    const browser = new SmallBrowser();
    const link = await newLink(caller, body);
    const end = await finishSignIn(
      browser,
      await signIn(browser, await beginSignIn(browser, link.url), { user, patient }),
    );
    return { link, end, browser };
  }

  /** A sweep of links, as if the schedule were due so many minutes later. */
  async function sweep(minutes: number): Promise<unknown> {
    const lambda = new LambdaClient(clientSettings(test.bridge.aws));
    for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {})) {
      const found = Functions.find((one) => one.Environment?.Variables?.["POWERTOOLS_SERVICE_NAME"] === "sweep-links");
      if (found === undefined) continue;
      const Payload = JSON.stringify({ time: new Date(Date.now() + minutes * 60_000).toISOString() });
      const { FunctionName } = found;
      const { Payload: answer, FunctionError } = await lambda.send(new InvokeCommand({ FunctionName, Payload }));
      const text = answer?.transformToString() ?? "";
      if (FunctionError !== undefined) throw new Error(text);
      return JSON.parse(text);
    }
    throw new Error("there is no function sweep-links");
  }

  describe("a standalone launch", () => {
    it("links a user, and the link serves the CCD of its patient", async () => {
      const { link, end } = await linkUser("pat", { returnUrl, reference: "user-7" });
      expect(end.location?.href).toBe(`${returnUrl}&link=${link.id}&state=linked`);
      const linked = await readLink(caller, link.id);
      expect(linked).toMatchObject({ state: "linked", patient: patientId(0), reference: "user-7", reason: null });
      const created = await endedRequest(caller, { patientId: patientId(0), link: link.id });
      expect(created).toMatchObject({ state: "ready", failure: null });
      expect(created.documents.length).toBeGreaterThan(0);
    });

    it("answers a repeated POST with the same link and the same URL", async () => {
      const headers = { "idempotency-key": "one-user" };
      const first = await newLink(caller, { reference: "a" }, headers);
      expect(await newLink(caller, { reference: "a" }, headers)).toEqual(first);
      await problemOf(await postLink(caller, { reference: "b" }, headers), 422);
    });

    it("shows who asks for what on the link's page, which spends nothing and has no script", async () => {
      const { url, id } = await newLink(caller);
      const browser = new SmallBrowser();
      const head = await browser.open(url, { method: "HEAD" });
      expect([head.status, head.html]).toEqual([200, ""]);
      for (const _ of [1, 2]) {
        const page = await browser.open(url);
        expect([page.status, page.title]).toEqual([200, "Connect your health record"]);
        expect(page.html).toContain("read all health data of the person whose record you choose");
        expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
        expect(page.headers.get("cache-control")).toBe("no-store");
        expect(page.headers.get("referrer-policy")).toBe("no-referrer");
      }
      expect((await readLink(caller, id)).state).toBe("pending");
      expect(browser.cookies.get(new URL(url).origin)?.size).toBe(0);
      expect((await beginSignIn(browser, url)).title).toBe("Sign in");
      const used = await new SmallBrowser().open(url);
      expect([used.status, used.title]).toEqual([410, "This link was already used"]);
    });

    it("is shown by `npm start`: its pages, its patient, and that it serves no other", async () => {
      const { link, patient, report } = await linkUserOfDemo(caller);
      expect(await readLink(caller, link)).toMatchObject({ state: "linked", patient: patientId(1) });
      expect(patient).toBe(patientId(1));
      expect(report.split("\n").slice(1, -1)).toEqual([
        "  bridge  Connect your health record",
        "  portal  Sign in",
        "  portal  Choose a patient",
        "  portal  Allow access?",
        "  bridge  Finishing the sign-in",
        "  bridge  You are connected",
      ]);
      expect(await tryOtherPatient(caller, link, patientId(0))).toContain("answers 403");
      await expect(tryOtherPatient(caller, link, patient)).rejects.toThrow("answered 200");
    });

    it("ends as denied if the person says no", async () => {
      const browser = new SmallBrowser();
      const link = await newLink(caller);
      const end = await finishSignIn(
        browser,
        await signIn(browser, await beginSignIn(browser, link.url), { user: "pat", decision: "deny" }),
      );
      expect([end.status, end.title]).toEqual([200, "You are not connected"]);
      expect(await readLink(caller, link.id)).toMatchObject({ state: "denied", patient: null });
      const event = await test.awaitLinkEvent(link.id, "User Link Failed");
      expect(event.detail).toMatchObject({ state: "denied", launch: "standalone" });
      await problemOf(await postCcdRequest(caller, { patientId: patientId(0), link: link.id }), 409);
    });

    it("keeps the link's id if its user connects again, and refuses another person", async () => {
      const { link } = await linkUser("gus", {}, patientId(1));
      const stranger = new SmallBrowser();
      const again = await newLink(caller, { reconnect: link.id });
      expect(again.id).toBe(link.id);
      const refused = await finishSignIn(
        stranger,
        await signIn(stranger, await beginSignIn(stranger, again.url), { user: "pat" }),
      );
      expect(refused.title).toBe("The connection failed");
      expect(await readLink(caller, link.id)).toMatchObject({ state: "linked", patient: patientId(1) });
      await linkUser("gus", { reconnect: link.id }, patientId(2));
      expect(await readLink(caller, link.id)).toMatchObject({ state: "linked", patient: patientId(2) });
      expect(await readLink(caller, link.id)).toMatchObject({ earlierSession: "not-asked" });
      expect((await caller.send(`/fhir/Patient/${patientId(2)}`, under(link.id))).status).toBe(200);
      await outcomeOf(await caller.send(`/fhir/Patient/${patientId(1)}`, under(link.id)), 403);
    });

    it("is revoked here and at the server if its caller removes the link", async () => {
      const { link } = await linkUser("pat");
      const removed = await caller.send(`/links/${link.id}`, { method: "DELETE" });
      expect(removedLink.parse(await removed.json())).toEqual({ id: link.id, atServer: "revoked" });
      expect(await readLink(caller, link.id)).toMatchObject({ state: "revoked", atServer: "revoked", patient: null });
      await outcomeOf(await caller.send(`/fhir/Patient/${patientId(0)}`, under(link.id)), 409);
      const event = await test.awaitLinkEvent(link.id, "User Link Revoked");
      expect(event.detail).toMatchObject({ atServer: "revoked" });
    });

    it("is listed for its caller only, the newest first and page by page", async () => {
      for (let number = 0; number < 26; number += 1) await newLink(caller, { reference: `listed-${number}` });
      const first = linkPage.parse(await (await caller.get("/links")).json());
      expect(first.links[0]?.reference).toBe("listed-25");
      expect(first.links).toHaveLength(25);
      const second = linkPage.parse(await (await caller.get(first.next ?? "")).json());
      expect(second.links[0]?.reference).toBe("listed-0");
      const ofOther = linkPage.parse(await (await other.get("/links")).json());
      expect(ofOther.links.filter(({ reference }) => reference !== null)).toEqual([]);
      await problemOf(await caller.get("/links?after=x"), 400);
    });
  });

  describe("a link that nobody finishes", () => {
    it("is published by a sweep once its launch has expired, and once only", async () => {
      const link = await newLink(caller);
      const isOurs = ({ detail }: { detail: object }) => "linkId" in detail && detail.linkId === link.id;
      await sweep(29);
      expect(test.everyEvent().filter(isOurs)).toEqual([]);
      await sweep(31);
      const event = await test.awaitLinkEvent(link.id, "User Link Failed");
      expect(event.detail).toMatchObject({ state: "expired", reason: null });
      expect(await sweep(31)).toEqual({ checked: 0, published: 0 });
    });
  });

  describe("an EHR launch", () => {
    const clientId = "integra-bridge-smart";

    it("links the EHR's user for the caller whom the settings name", async () => {
      const browser = new SmallBrowser();
      const url = test.simulator.ehrLaunch({ clientId, userId: "dora", patientId: patientId(3) });
      const consent = await browser.follow(await browser.open(url));
      const end = await finishSignIn(browser, await browser.submit(consent, { decision: "allow" }));
      expect([end.status, end.title]).toEqual([200, "You are connected"]);
      const { links } = linkPage.parse(await (await other.get("/links")).json());
      const link = links.find(({ launch }) => launch === "ehr");
      expect(link).toMatchObject({ state: "linked", patient: patientId(3) });
      expect((await other.send(`/fhir/Patient/${patientId(3)}`, under(link?.id ?? ""))).status).toBe(200);
      await outcomeOf(await caller.send(`/fhir/Patient/${patientId(3)}`, under(link?.id ?? "")), 404);
    });

    it.each([
      ["another server", { iss: "https://elsewhere.example/r4" }],
      ["a user name in the server's place", { iss: "http://127.0.0.1@elsewhere.example/integra/fhir/r4" }],
      ["two servers", "two"],
      ["no launch", { launch: null }],
    ])("with %s is refused without any request", async (_, change) => {
      const url = new URL(test.simulator.ehrLaunch({ clientId, userId: "dora", patientId: patientId(3) }));
      if (change === "two") url.searchParams.append("iss", test.simulator.fhirBaseUrl);
      else
        for (const [name, value] of Object.entries(change)) {
          if (value === null) url.searchParams.delete(name);
          else url.searchParams.set(name, value);
        }
      const before = test.simulator.log.length;
      const page = await new SmallBrowser().open(url);
      expect([page.status, page.title]).toEqual([400, "This launch cannot begin"]);
      expect(test.simulator.log.length).toBe(before);
    });

    it("in a frame offers a window of its own, and sets no cookie", async () => {
      const url = test.simulator.ehrLaunch({ clientId, userId: "dora", patientId: patientId(3) });
      const page = await new SmallBrowser().open(url, { headers: { "sec-fetch-dest": "iframe" } });
      expect(page.html).toContain('target="_blank"');
      expect(page.headers.getSetCookie()).toEqual([]);
    });
  });

  describe("a session of a link", () => {
    it("that the server has ended is shown with its reason, published, and revived by a reconnection", async () => {
      const { link } = await linkUser("pat");
      test.simulator.withdrawConsent({ userId: "pat", clientId: "integra-bridge-smart" });
      await outcomeOf(await caller.send(`/fhir/Patient/${patientId(0)}`, under(link.id)), 503);
      expect(await readLink(caller, link.id)).toMatchObject({
        state: "ended",
        reason: "grant-refused",
        message: expect.stringContaining("Connect the link again") as string,
      });
      const event = await test.awaitSessionEnd();
      expect(event.detail).toMatchObject({ linkId: link.id, refusal: "grant-refused" });
      await linkUser("pat", { reconnect: link.id });
      expect(await readLink(caller, link.id)).toMatchObject({ state: "linked", reason: null });
    });

    it("serves its own caller and its own patient only", async () => {
      const { link } = await linkUser("gus", {}, patientId(1));
      await outcomeOf(await other.send(`/fhir/Patient/${patientId(1)}`, under(link.id)), 404);
      await problemOf(await postCcdRequest(other, { patientId: patientId(1), link: link.id }), 404);
      const before = test.simulator.log.length;
      expect(await outcomeOf(await caller.send(`/fhir/Patient/${patientId(2)}`, under(link.id)), 403)).toContain(
        "one patient",
      );
      const observations = `/fhir/Observation?patient=${patientId(2)}`;
      await outcomeOf(await caller.send(observations, under(link.id)), 403);
      await outcomeOf(await caller.send("/fhir/Patient?gender=male&birthdate=2001-01-01", under(link.id)), 403);
      await problemOf(await postCcdRequest(caller, { patientId: patientId(2), link: link.id }), 403);
      expect(test.simulator.log.length).toBe(before);
      const own = await bundleOf(await caller.send("/fhir/Observation", under(link.id)));
      expect(own.entry?.length).toBeGreaterThan(0);
      for (const { resource } of own.entry ?? [])
        expect(resource).toMatchObject({ subject: { reference: `Patient/${patientId(1)}` } });
    });

    it("withholds a resource of another patient that its user may see", async () => {
      const { link } = await linkUser("gus", {}, patientId(1));
      const foreign = test.simulator.records.ofPatient(patientId(2)).find(({ type }) => type === "Observation");
      const said = await outcomeOf(await caller.send(`/fhir/Observation/${foreign?.id}`, under(link.id)), 403);
      expect(said).toContain("another patient");
      expect(said).not.toContain(patientId(2));
    });
  });
});
