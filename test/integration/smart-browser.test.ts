import type { BrowserContext, Frame, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ApiCaller, apiCaller } from "#local/api-caller.ts";
import { freePort } from "#local/local-aws/server.ts";
import { SYNTHETIC_PASSWORD } from "#local/simulator/smart/synthetic-users.ts";
import { linkPage } from "#on-demand-api/language/link-messages.ts";
import { endedRequest } from "../fixtures/api-answers.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "../fixtures/bridge-under-test.ts";
import { pageFaults, startChromium, type WatchedChromium } from "../fixtures/chromium.ts";
import { iamUser } from "../fixtures/iam-user.ts";
import { newLink, readLink } from "../fixtures/link-calls.ts";
import { type OtherSite, startOtherSite } from "../fixtures/other-site.ts";

const clinic = "arn:aws:iam::000000000000:user/clinic";
const hostile = "call 0900-EVIL";

/** Waits for the page with this heading. */
const awaitPage = (page: Page | Frame, heading: string) =>
  page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();

/** Waits for a page of ours, which must be readable for everybody. */
async function expectPage(page: Page | Frame, heading: string): Promise<void> {
  await awaitPage(page, heading);
  expect(await pageFaults(page), heading).toEqual([]);
}

async function begin(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByRole("button", { name: "Continue to sign in" }).click();
}

async function signIn(page: Page, user: string): Promise<void> {
  await page.getByLabel("User name").fill(user);
  await page.getByLabel("Password").fill(SYNTHETIC_PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
}

async function choosePatient(page: Page, patient: string): Promise<void> {
  await page.getByLabel("Patient whose records").selectOption(patient);
  await page.getByRole("button", { name: "Continue" }).click();
}

const decide = (page: Page, decision: "Allow" | "Deny") => page.getByRole("button", { name: decision }).click();

/** Presses the key Tab until the button, the field or the link with this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  while (passed.at(-1) !== name) {
    if (passed.length > 12) throw new Error(`the key Tab does not reach ${name}, but ${passed.join(", ")}`);
    await page.keyboard.press("Tab");
    const focused = "(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()";
    passed.push(await page.evaluate<string>(focused));
  }
}

const focusIsVisible = (page: Page) =>
  page.evaluate<boolean>("getComputedStyle(document.activeElement).outlineStyle !== 'none'");

describe("SMART launches in a real browser", () => {
  let chromium: WatchedChromium;
  let site: OtherSite;
  /** The portal's pages, on another site than the bridge's, as on the internet. */
  let portal: string;
  let test: BridgeUnderTest;
  let caller: ApiCaller;
  let clinicCaller: ApiCaller;

  beforeAll(async () => {
    [chromium, site] = await Promise.all([startChromium(), startOtherSite()]);
    const port = await freePort(0);
    portal = `http://localhost:${port}`;
    test = await bridgeUnderTest({
      simulator: { port, patients: 8, ccdDurationMs: 200 },
      settings: {
        smart: {
          scopes: ["openid", "fhirUser", "offline_access", "launch/patient", "patient/*.rs"],
          returnUrls: [site.page("/linked", "<h1>Back in the application</h1>")],
          ehrLaunches: [{ name: "simulator", caller: clinic }],
          applications: [{ caller: clinic, name: "Clinic of Anytown" }],
          authorizationOrigins: [portal],
        },
      },
    });
    const fault = { kind: "odd-discovery", change: "foreign-endpoints", origin: portal } as const;
    test.simulator.faults.maxConsecutive = Number.POSITIVE_INFINITY;
    test.simulator.faults.rates("smart-configuration", [
      { rate: 1, fault: { ...fault, members: ["authorization_endpoint"] } },
    ]);
    caller = apiCaller(test.bridge.outputs);
    clinicCaller = apiCaller(test.bridge.outputs, await iamUser(test.bridge, "clinic", true));
  });

  afterEach(() => chromium.closeProfiles());

  afterAll(async () => {
    await Promise.all([chromium?.close(), site?.close(), test?.stop()]);
  });

  const patientId = (place: number) => test.simulator.records.ofType("Patient")[place]?.id ?? "";
  const callbackUrl = () => `${test.bridge.outputs.apiUrl}/smart/callback`;

  /** A sign-in that waits on the callback's page, because the browser has no script. */
  async function upToCallback(): Promise<{ context: BrowserContext; page: Page; link: string }> {
    const context = await chromium.open({ javaScriptEnabled: false });
    const page = await context.newPage();
    const { url, id } = await newLink(caller);
    await begin(page, url);
    await signIn(page, "pat");
    await decide(page, "Allow");
    await page.waitForURL(`${callbackUrl()}?**`);
    return { context, page, link: id };
  }

  /** Chooses the user, the patient and the app on the EHR's page. */
  async function openEhr(patient: string): Promise<Page> {
    const page = await (await chromium.open()).newPage();
    await page.goto(`${portal}/ehr`);
    await page.getByLabel("User of the EHR").selectOption("dora");
    await page.getByLabel("Patient whose record is open").selectOption(patient);
    await page.getByLabel("App").selectOption("integra-bridge-smart");
    return page;
  }
  async function linkOfPatient(patient: string) {
    const { links } = linkPage.parse(await (await clinicCaller.get("/links")).json());
    return links.find((link) => link.launch === "ehr" && link.patient === patient);
  }

  describe("a standalone launch", () => {
    it("links a user by the keyboard alone, and the link serves the CCD of the chosen patient", async () => {
      const page = await (await chromium.open()).newPage();
      const { url, id } = await newLink(clinicCaller, { returnUrl: `${site.origin}/linked` });
      await page.goto(url);
      await expectPage(page, "Connect your health record");
      await tabTo(page, "Continue to sign in");
      expect(await focusIsVisible(page)).toBe(true);
      await page.keyboard.press("Enter");
      await awaitPage(page, "Sign in");
      expect(new URL(page.url()).origin).toBe(portal);
      await tabTo(page, "User name");
      await page.keyboard.type("gus");
      await tabTo(page, "Password");
      await page.keyboard.type(SYNTHETIC_PASSWORD);
      await page.keyboard.press("Enter");
      await awaitPage(page, "Choose a patient");
      await page.keyboard.press("Tab");
      await page.keyboard.press("ArrowDown");
      await tabTo(page, "Continue");
      await page.keyboard.press("Enter");
      await awaitPage(page, "Allow access?");
      await tabTo(page, "Allow");
      await page.keyboard.press("Enter");
      await awaitPage(page, "Back in the application");
      expect(page.url()).toBe(`${site.origin}/linked?link=${id}&state=linked`);

      const link = await readLink(clinicCaller, id);
      expect(link).toMatchObject({ state: "linked", patient: patientId(2) });
      const body = { patientId: patientId(2), link: id };
      const request = await endedRequest(clinicCaller, body);
      expect(request).toMatchObject({ state: "ready", failure: null });
      expect(request.documents.length).toBeGreaterThan(0);
    });

    it("links a user whose browser runs no script, by the button", async () => {
      const { page, link } = await upToCallback();
      expect((await readLink(caller, link)).state).toBe("pending");
      await page.getByRole("button", { name: "Continue" }).click();
      await awaitPage(page, "You are connected");
      expect(await readLink(caller, link)).toMatchObject({ state: "linked", patient: patientId(0) });
    });

    it("ends as denied if the person says no", async () => {
      const page = await (await chromium.open()).newPage();
      const { url, id } = await newLink(caller);
      await begin(page, url);
      await signIn(page, "pat");
      await decide(page, "Deny");
      await expectPage(page, "You are not connected");
      expect((await readLink(caller, id)).state).toBe("denied");
    });

    it("keeps two logins of one browser apart", async () => {
      const context = await chromium.open();
      const [one, two] = [await context.newPage(), await context.newPage()];
      const [first, second] = [await newLink(caller), await newLink(caller)];
      await begin(one, first.url);
      await begin(two, second.url);
      await signIn(two, "gus");
      await signIn(one, "pat");
      await choosePatient(two, patientId(2));
      await decide(one, "Allow");
      await expectPage(one, "You are connected");
      await decide(two, "Allow");
      await expectPage(two, "You are connected");
      expect((await readLink(caller, first.id)).patient).toBe(patientId(0));
      expect((await readLink(caller, second.id)).patient).toBe(patientId(2));
      expect(await context.cookies(callbackUrl())).toEqual([]);
    });

    it("spends nothing by HEAD, by a prefetch or by a page that is loaded again", async () => {
      const context = await chromium.open();
      const page = await context.newPage();
      const { url } = await newLink(caller);
      const prefetch = context.waitForEvent("response", (response) => response.url() === url);
      await page.goto(site.page("/mail", `<link rel="prefetch" href="${url}"><a href="${url}">Your link</a>`));
      expect((await prefetch).status()).toBe(200);
      expect((await context.request.head(url)).status()).toBe(200);
      await page.getByRole("link", { name: "Your link" }).click();
      await expectPage(page, "Connect your health record");
      await page.reload();
      await page.getByRole("button", { name: "Continue to sign in" }).click();
      await awaitPage(page, "Sign in");

      const callback = await upToCallback();
      expect((await callback.context.request.head(callback.page.url())).status()).toBe(200);
      await callback.page.reload();
      expect((await readLink(caller, callback.link)).state).toBe("pending");
      await callback.page.getByRole("button", { name: "Continue" }).click();
      await awaitPage(callback.page, "You are connected");
    });

    it("does not end in another site's frame, but in a window of its own", async () => {
      const { context, page, link } = await upToCallback();
      const framing = await context.newPage();
      await framing.goto(
        site.page("/framing", `<iframe name="app" src="${page.url().replaceAll("&", "&amp;")}"></iframe>`),
      );
      const frame = framing.frame({ name: "app" }) ?? framing.mainFrame();
      await awaitPage(frame, "Open this application in a window of its own");
      expect((await readLink(caller, link)).state).toBe("pending");
      const opened = framing.waitForEvent("popup");
      await frame.getByRole("link", { name: "Open it in a window of its own" }).click();
      const alone = await opened;
      await alone.getByRole("button", { name: "Continue" }).click();
      await awaitPage(alone, "You are connected");
      expect((await readLink(caller, link)).state).toBe("linked");
    });

    it("shows no word of an error's description", async () => {
      const page = await (await chromium.open()).newPage();
      const { url, id } = await newLink(caller);
      test.simulator.faults.script("consent", [{ kind: "odd-callback", form: "hostile-description" }]);
      await begin(page, url);
      await signIn(page, "pat");
      const described = page.waitForRequest((request) => request.url().includes("error_description="));
      await decide(page, "Allow");
      const description = new URL((await described).url()).searchParams.get("error_description") ?? "";
      await expectPage(page, "You are not connected");
      const words = new Set(description.split(/[^\p{L}\p{N}]+/u).filter((word) => word.length > 5));
      const shown = await page.content();
      expect(words.size).toBeGreaterThan(0);
      expect([...words].filter((word) => shown.includes(word))).toEqual([]);
      expect((await readLink(caller, id)).state).toBe("denied");

      await page.goto(`${callbackUrl()}?error=access_denied&error_description=${encodeURIComponent(hostile)}`);
      await expectPage(page, "This sign-in cannot be finished");
      expect(await page.content()).not.toContain(hostile);
    });

    it("has a page for people at each end", async () => {
      const page = await (await chromium.open()).newPage();
      const { url } = await newLink(caller);
      await page.goto(`${url}x`);
      await expectPage(page, "This link is not valid");
      await begin(page, url);
      await page.goto(url);
      await expectPage(page, "This link was already used");
      test.simulator.faults.script("user-token", [{ kind: "altered-id-token", form: "bad-signature" }]);
      await begin(page, (await newLink(caller)).url);
      await signIn(page, "pat");
      await decide(page, "Allow");
      await expectPage(page, "The connection failed");
      // The callback's page sends itself: the answer 204 keeps the browser on it.
      await page.route(callbackUrl(), (route) => route.fulfill({ status: 204 }));
      await page.goto(`${callbackUrl()}?state=x&code=y`, { waitUntil: "commit" });
      await expectPage(page, "Finishing the sign-in");
    });
  });

  describe("an EHR launch", () => {
    it("in a window links the EHR's user for the caller whom the settings name", async () => {
      const ehr = await openEhr(patientId(3));
      const opened = ehr.waitForEvent("popup");
      await ehr.getByRole("button", { name: "Launch in a window" }).click();
      const page = await opened;
      await decide(page, "Allow");
      await expectPage(page, "You are connected");
      expect((await linkOfPatient(patientId(3)))?.state).toBe("linked");
    });

    it("in a frame of the EHR gets no cookie, and goes on in a window of its own", async () => {
      const ehr = await openEhr(patientId(4));
      await ehr.getByRole("button", { name: "Launch in this page" }).click();
      await expect.poll(() => ehr.frame({ name: "app-frame" })?.url()).toContain("/smart/launch/simulator");
      const frame = ehr.frame({ name: "app-frame" }) ?? ehr.mainFrame();
      await expectPage(frame, "Open this application in a window of its own");
      expect(await ehr.context().cookies(callbackUrl())).toEqual([]);
      const opened = ehr.waitForEvent("popup");
      await frame.getByRole("link", { name: "Open it in a window of its own" }).click();
      const page = await opened;
      await decide(page, "Allow");
      await expectPage(page, "You are connected");
      expect((await linkOfPatient(patientId(4)))?.state).toBe("linked");
    });

    it("with another server is refused", async () => {
      const page = await (await chromium.open()).newPage();
      const launch = { clientId: "integra-bridge-smart", userId: "dora", patientId: patientId(3) };
      const url = new URL(test.simulator.ehrLaunch(launch));
      url.searchParams.set("iss", "https://elsewhere.example/r4");
      await page.goto(url.href);
      await expectPage(page, "This launch cannot begin");
    });
  });

  describe("an attack", () => {
    it("by a link that somebody else asked for: the page says who gets the access, and spends nothing", async () => {
      const page = await (await chromium.open()).newPage();
      const { url, id } = await newLink(clinicCaller);
      await page.goto(url);
      await expectPage(page, "Connect your health record");
      const text = await page.getByRole("main").innerText();
      expect(text).toContain("Clinic of Anytown asks to connect to your health record");
      expect(text).toContain("whoever sent you this link gets the access");
      await page.close();
      expect((await readLink(clinicCaller, id)).state).toBe("pending");
    });

    it("by a form of another site: the person reads the link's page first", async () => {
      const page = await (await chromium.open()).newPage();
      const { url } = await newLink(caller);
      await page.goto(site.page("/prize", `<form method="post" action="${url}"><button>Win a prize</button></form>`));
      await page.getByRole("button", { name: "Win a prize" }).click();
      await expectPage(page, "Connect your health record");
      await page.getByRole("button", { name: "Continue to sign in" }).click();
      await awaitPage(page, "Sign in");
    });

    it("by a frame over the link's page: the browser shows nothing in it", async () => {
      const page = await (await chromium.open()).newPage();
      const { url } = await newLink(caller);
      const refused = page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
      await page.goto(site.page("/game", `<iframe name="hidden" src="${url}"></iframe>`));
      await refused;
      expect(chromium.faults()).toEqual([expect.stringContaining("frame-ancestors 'none'")]);
      expect(await page.frame({ name: "hidden" })?.getByRole("button").count()).toBe(0);
    });

    it("by the callback of the attacker's own sign-in: the victim's browser did not begin it", async () => {
      const attacker = await upToCallback();
      const victim = await (await chromium.open()).newPage();
      await victim.goto(attacker.page.url());
      await expectPage(victim, "This browser did not begin the sign-in");
      expect((await readLink(caller, attacker.link)).state).toBe("pending");
    });

    it("by a callback that another site posts: no cookie comes with it", async () => {
      const { context, page, link } = await upToCallback();
      const fields = [...new URL(page.url()).searchParams].map(
        ([name, value]) => `<input name="${name}" value="${value}">`,
      );
      const form = `<form method="post" action="${callbackUrl()}">${fields.join("")}<button>Go</button></form>`;
      const other = await context.newPage();
      await other.goto(site.page("/post", form));
      await other.getByRole("button", { name: "Go" }).click();
      await awaitPage(other, "This browser did not begin the sign-in");
      expect((await readLink(caller, link)).state).toBe("pending");
    });
  });
});
