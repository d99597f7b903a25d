import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type LocalConsole, startLocalConsole } from "#local/console/local-console.ts";
import { type LocalIssuer, localUser, startLocalIssuer } from "#local/console/local-issuer.ts";
import { demoLaunches } from "#local/link-demo.ts";
import { beginSignIn, finishSignIn, type PortalVisit, signIn as signInAtPortal } from "#local/portal-sign-in.ts";
import { SmallBrowser } from "#local/small-browser.ts";
import { createdLink } from "#on-demand-api/language/link-messages.ts";
import { searchable } from "../fixtures/api-answers.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "../fixtures/bridge-under-test.ts";
import { pageFaults, startChromium, type WatchedChromium } from "../fixtures/chromium.ts";
import { findLeaks, type ScannedText } from "../fixtures/marker-scan.ts";
import { patientMarkers, reported } from "../fixtures/patient-markers.ts";

const heading = (page: Page, name: string | RegExp) => page.getByRole("heading", { level: 1, name });

/** Presses the key Tab until the button, the field or the link with this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  while (passed.at(-1) !== name) {
    if (passed.length > 40) throw new Error(`the key Tab does not reach ${name}, but ${passed.join(", ")}`);
    await page.keyboard.press("Tab");
    passed.push(await focused(page));
  }
}

const focused = (page: Page) => page.evaluate<string>("document.activeElement.textContent.trim()");

/** Lets the API answer no call of this kind until `release`, which returns as soon as the page has the first answer. */
async function holdCalls(page: Page, url: RegExp, method: string) {
  let count = 0;
  const held = Promise.withResolvers<void>();
  const isMeant = (request: { method: () => string; url: () => string }) =>
    request.method() === method && url.test(request.url());
  await page.route(url, async (route) => {
    if (isMeant(route.request())) {
      count += 1;
      await held.promise;
    }
    await route.continue();
  });
  return {
    count: () => count,
    release: async () => {
      const answered = page.waitForResponse((response) => isMeant(response.request()));
      held.resolve();
      await (await answered).finished();
    },
  };
}

const focusIsVisible = (page: Page) =>
  page.evaluate<boolean>("getComputedStyle(document.activeElement).outlineStyle !== 'none'");

async function signIn(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/** Expects a page that everybody can read, on a phone and in both colour schemes. */
async function expectReadable(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await pageFaults(page, true), colorScheme).toEqual([]);
  }
}

/** The scopes of a link whose person chooses no patient. */
const userScopes = ["openid", "fhirUser", "offline_access", "user/*.rs"];

/** Opens a link's address and signs in at the portal, as the person does who got the address. */
async function connect(url: string, visit: PortalVisit): Promise<void> {
  const browser = new SmallBrowser();
  const end = await finishSignIn(browser, await signInAtPortal(browser, await beginSignIn(browser, url), visit));
  expect(end.title).toBe("You are connected");
}

const openPage = (page: Page, name: string) => page.getByRole("link", { name, exact: true }).click();

describe("the console in a real browser", () => {
  let chromium: WatchedChromium;
  let issuer: LocalIssuer;
  let test: BridgeUnderTest;
  let served: LocalConsole;
  /** Everything that a browser, a proxy or an operator could keep of the pages: addresses, titles, stored items and messages. */
  const kept: ScannedText[] = [];

  beforeAll(async () => {
    [chromium, issuer] = await Promise.all([startChromium(), startLocalIssuer()]);
    test = await bridgeUnderTest({
      simulator: { patients: 4, searchCombinations: "guide", ccdDurationMs: 200 },
      settings: { api: { jwt: issuer.trust }, smart: { scopes: [...demoLaunches.scopes, "user/*.rs"] } },
    });
    served = await startLocalConsole({ apiUrl: test.bridge.outputs.apiUrl, issuer });
  });

  afterEach(async () => {
    test.simulator.faults.clear();
    issuer.signInAs(localUser.sub);
    for (const context of contexts.splice(0)) await keepStored(context);
    await chromium.closeProfiles();
  });

  afterAll(async () => {
    await Promise.all([chromium?.close(), served?.close(), test?.stop(), issuer?.close()]);
  });

  const contexts: BrowserContext[] = [];

  /** Opens the console on a small phone, and watches what leaves the page. */
  async function open(place = ""): Promise<Page> {
    const context = await chromium.open();
    contexts.push(context);
    const page = await context.newPage();
    page.on("request", (request) => kept.push({ where: "an address", text: request.url() }));
    page.on("console", (message) => kept.push({ where: "a console message", text: message.text() }));
    page.on("framenavigated", async (frame) => {
      if (frame === page.mainFrame()) kept.push({ where: "an address", text: frame.url() });
    });
    await page.goto(`${served.url}${place}`);
    return page;
  }

  async function keepStored(context: BrowserContext): Promise<void> {
    for (const page of context.pages()) {
      kept.push({ where: "a title", text: await page.title() });
      kept.push({ where: "the address", text: page.url() });
    }
    kept.push({ where: "storage", text: JSON.stringify(await context.storageState({ indexedDB: true })) });
    for (const page of context.pages()) {
      const stored = await page.evaluate<string>("JSON.stringify([{ ...sessionStorage }, { ...localStorage }])");
      kept.push({ where: "session storage", text: stored });
    }
  }

  async function searchPatient(page: Page, change: Partial<ReturnType<typeof searchable>> = {}): Promise<void> {
    const patient = { ...searchable(test.simulator, 0), ...change };
    await page.getByLabel("Date of birth").fill(patient.birthdate);
    await page.getByLabel("Gender").selectOption(patient.gender);
    await page.getByLabel("Telephone").fill(patient.phone);
    await page.getByRole("button", { name: "Search" }).click();
  }

  /** Whose sessions the simulator served since its log had this length: in searches, requests for CCDs and their downloads. */
  const usersSince = (length: number) =>
    new Set(
      test.simulator.log
        .slice(length)
        .filter(({ endpoint }) => ["patient-search", "ccd-request", "ccd-download"].includes(endpoint))
        .map(({ endpoint, userId }) => `${endpoint} of ${userId}`),
    );

  /** Makes a link with these scopes, by the API and as the page's user. The page Links asks for all scopes of the stage. */
  async function makeLink(page: Page, reference: string, scopes: string[]) {
    const call = page.waitForRequest(/\/api\/links$/);
    await openPage(page, "Links");
    const { authorization = "" } = (await call).headers();
    const body = JSON.stringify({ launch: "standalone", reference, scopes });
    const headers = { authorization, "content-type": "application/json" };
    const answer = await fetch(`${served.url}api/links`, { method: "POST", headers, body });
    return createdLink.parse(await answer.json());
  }

  it("starts an export, watches it to its end and previews a file, and charts what came before", async () => {
    const page = await open();
    await signIn(page);
    await page.getByText("No export matches.").waitFor();
    await expectReadable(page);
    test.simulator.settings.errorFile = "error";
    // The export runs until its page was looked at.
    test.simulator.settings.exportDurationMs = 600_000;
    await page.getByRole("button", { name: "Start the export" }).click();
    await page.getByRole("button", { name: "Cancel the export" }).waitFor();
    await expectReadable(page);
    await expect.poll(() => test.simulator.jobs()).toHaveLength(1);
    test.simulator.settings.exportDurationMs = 300;
    test.simulator.completeJobs();
    await heading(page, "All patients partial").waitFor();
    await page.getByRole("heading", { name: "Where the time went" }).waitFor();
    await page.getByRole("heading", { name: "Lines by type" }).waitFor();
    await page
      .getByRole("button", { name: /^Preview file \d+\. Patient/ })
      .first()
      .click();
    expect(await page.locator("pre").innerText()).toContain('"resourceType":"Patient"');
    await page.getByRole("button", { name: /^Preview file \d+\. OperationOutcome/ }).click();
    await page.getByText("1 resource could not be exported").waitFor();
    await expectReadable(page);

    test.simulator.settings.errorFile = "none";
    await page.getByRole("link", { name: "All exports" }).click();
    await page.getByLabel("Resource types").fill("Patient Condition");
    await page.getByRole("button", { name: "Start the export" }).click();
    await heading(page, "All patients: Condition, Patient completed").waitFor();
    await openPage(page, "Exports");
    await page.getByRole("heading", { name: "The last 2 exports that ended" }).waitFor();
    await expectReadable(page);
    await page.getByLabel("State").selectOption("completed");
    await page.getByText("All patients: Condition, Patient").waitFor();
    await expect.poll(() => page.locator("main li").count()).toBe(1);
  });

  it("cancels an export, by the keyboard alone", async () => {
    const page = await open();
    await tabTo(page, "Sign in");
    await page.keyboard.press("Enter");
    await heading(page, "Exports").waitFor();
    test.simulator.settings.exportDurationMs = 600_000;
    await tabTo(page, "Start the export");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Cancel the export" }).waitFor();
    await tabTo(page, "Cancel the export");
    expect(await focusIsVisible(page)).toBe(true);
    await page.keyboard.press("Enter");
    await heading(page, "All patients cancelled").waitFor();
    test.simulator.settings.exportDurationMs = 300;
  });

  it("while the API is slow, says what it awaits, keeps the focus, and takes nobody away from another page", async () => {
    const page = await open();
    await signIn(page);
    const start = await holdCalls(page, /\/api\/exports$/, "POST");
    await tabTo(page, "Start the export");
    await page.keyboard.press("Enter");
    await page.locator('button[aria-disabled="true"]').waitFor();
    expect(await focused(page)).toBe("Start the export");
    // A second press is no second export.
    await page.keyboard.press("Enter");
    await openPage(page, "Patients");
    await start.release();
    await page.evaluate("new Promise((done) => setTimeout(done, 300))");
    expect([start.count(), new URL(page.url()).hash]).toEqual([1, "#/patients"]);

    const list = await holdCalls(page, /\/api\/links$/, "GET");
    await openPage(page, "Links");
    await page.getByText("Your links are being read.").waitFor();
    await list.release();
    await page.getByText("Your links are being read.").waitFor({ state: "detached" });
  });

  it.each([
    { end: "partial", types: "Immunization Patient", subject: "Immunization, Patient", match: "immunization_file_1" },
    { end: "failed", types: "Immunization", subject: "Immunization", match: "immunization_file_1" },
  ])("resumes an export that ended $end, which then completes", async ({ end, types, subject, match }) => {
    const page = await open();
    await signIn(page);
    test.simulator.faults.script("download", [{ kind: "status", status: 403, body: "attachment-not-found", match }]);
    await page.getByLabel("Resource types").fill(types);
    await page.getByRole("button", { name: "Start the export" }).click();
    await heading(page, `All patients: ${subject} ${end}`).waitFor();
    await expectReadable(page);
    const address = page.url();
    await page.getByRole("button", { name: "Fetch the missing files" }).press("Enter");
    await heading(page, `All patients: ${subject} completed`).waitFor();
    // The export is the same one, and its page stays.
    expect(page.url()).toBe(address);
    expect(await page.getByRole("button", { name: "Fetch the missing files" }).count()).toBe(0);
    await page.getByRole("button", { name: /^Preview file 1\. Immunization/ }).click();
    await page.locator("pre").waitFor();
  });

  it("says in words why an export was refused, or failed", async () => {
    const page = await open();
    await signIn(page);
    await page.getByLabel("Resource types").fill("Unicorn");
    await page.getByRole("button", { name: "Start the export" }).click();
    await page.getByText("Unicorn").last().waitFor();
    await expectReadable(page);
    test.simulator.faults.script("kick-off", [{ kind: "status", status: 400, body: "portal" }]);
    await page.getByLabel("Resource types").fill("");
    await page.getByRole("button", { name: "Start the export" }).click();
    await heading(page, "All patients failed").waitFor();
    await page.getByText("KickOffRejected").waitFor();
    await expectReadable(page);
  });

  it("shows a user without rights why the exports are closed", async () => {
    const page = await open();
    issuer.signInAs("visitor");
    await signIn(page);
    await page.locator(".failure").waitFor();
    expect(await page.getByRole("button", { name: /^Preview/ }).count()).toBe(0);
  });

  it("finds a patient, requests CCDs and shows a document", async () => {
    const page = await open();
    await expectReadable(page);
    await signIn(page);
    await openPage(page, "Patients");
    await searchPatient(page);
    await page.getByText("1 found.").waitFor();
    await expectReadable(page);
    await page.getByRole("button", { name: "Request CCDs" }).click();
    await page.getByText(/^\d+ documents?, since/).waitFor();
    await expectReadable(page);
    await page.getByRole("button", { name: /^Read document 1/ }).click();
    const frame = page.frameLocator("iframe");
    await frame.getByText("This page was derived").waitFor();
    await expectReadable(page);
    const family = searchable(test.simulator, 0).family;
    expect(await frame.locator("body").innerText()).toContain(family);
    // The page's style sheet applies, so both policies allow it.
    expect(await frame.locator("dl").evaluate("getComputedStyle(document.querySelector('dl')).display")).toBe("grid");
    // On a phone, names stand above their values and leave them the width.
    expect((await frame.locator("dd").first().boundingBox())?.width).toBeGreaterThan(200);
    // A link of the table of contents moves the document, and not the console.
    await frame.getByRole("navigation").getByRole("link").last().click();
    await expect.poll(() => frame.locator("body").evaluate("scrollY")).toBeGreaterThan(0);
    await page.getByRole("button", { name: "Back to the patients" }).click();
    await page.getByText("1 found.").waitFor();
  });

  it("says in words why a request is refused", async () => {
    const page = await open("#/patients");
    await signIn(page);
    await searchPatient(page, { phone: "" });
    await page.getByText("IntegraConnect does not accept these search parameters").first().waitFor();
    await expectReadable(page);
  });

  it("says in words why CCDs did not come", async () => {
    const page = await open("#/patients");
    await signIn(page);
    await searchPatient(page);
    test.simulator.faults.script("ccd-request", [{ kind: "status", status: 400, body: "portal" }]);
    await page.getByRole("button", { name: "Request CCDs" }).click();
    await page.getByText(/^No documents came\..*HTTP 400/).waitFor();
    await expectReadable(page);
  });

  it("creates a link, shows its address once, and removes it", async () => {
    const page = await open("#/links");
    await signIn(page);
    await page.getByText("You have no links.").waitFor();
    await page.getByLabel("Reference").fill("user-17");
    await page.getByRole("button", { name: "Create a link" }).click();
    await page.getByText(`${test.bridge.outputs.apiUrl}/connect/`).waitFor();
    await expectReadable(page);
    await page.getByRole("button", { name: "Hide" }).click();
    await page.getByRole("button", { name: "Remove link user-17" }).click();
    await page.getByRole("button", { name: "Remove the link" }).click();
    await page.getByText("revoked").waitFor();
  });

  it("reads a patient as the person who signed in for the chosen link", async () => {
    issuer.signInAs("coordinator");
    const page = await open();
    await signIn(page);
    const link = await makeLink(page, "physician-1", userScopes);
    const links = page.waitForResponse(/\/api\/links$/);
    await openPage(page, "Patients");
    await (await links).finished();
    await page.getByRole("button", { name: "Search" }).waitFor();
    // Nobody has signed in for the link yet.
    expect(await page.getByLabel("Read as").count()).toBe(0);

    await connect(link.url, { user: "dora" });
    await openPage(page, "Links");
    await openPage(page, "Patients");
    await page.getByLabel("Read as").press("ArrowDown");
    expect(await page.getByLabel("Read as").inputValue()).toBe(link.id);
    await expectReadable(page);
    const before = test.simulator.log.length;
    await searchPatient(page);
    await page.getByText("1 found.").waitFor();
    await openPage(page, "Links");
    await openPage(page, "Patients");
    expect(await page.getByLabel("Read as").inputValue()).toBe(link.id);
    await page.getByRole("button", { name: "Request CCDs" }).click();
    await page.getByText(/^\d+ documents?, since/).waitFor();
    await page.getByText("read as physician-1").waitFor();
    await expectReadable(page);
    expect(usersSince(before)).toEqual(
      new Set(["patient-search of dora", "ccd-request of dora", "ccd-download of dora"]),
    );
    const stored = "JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie])";
    expect(await page.evaluate(stored)).not.toContain(link.id);

    const afterwards = test.simulator.log.length;
    await page.getByLabel("Read as").press("ArrowUp");
    await expect.poll(() => page.getByText("1 found.").count()).toBe(0);
    await searchPatient(page);
    await page.getByText("1 found.").waitFor();
    expect(usersSince(afterwards)).toEqual(new Set(["patient-search of portal-user"]));
  });

  it("requests CCDs of the one patient whom a link serves, without a search", async () => {
    issuer.signInAs("guardian's coordinator");
    const page = await open("#/links");
    await signIn(page);
    await page.getByLabel("Reference").fill("guardian-1");
    await page.getByRole("button", { name: "Create a link" }).click();
    const url = await page.locator("code.secret").innerText();
    await connect(url, { user: "gus", patient: searchable(test.simulator, 2).id });
    await openPage(page, "Patients");
    await page.getByLabel("Read as").press("ArrowDown");
    await page.getByRole("heading", { name: "The link's patient" }).waitFor();
    expect(await page.getByRole("button", { name: "Search" }).count()).toBe(0);
    const before = test.simulator.log.length;
    await page.getByRole("button", { name: "Request CCDs" }).click();
    await page.getByText(/^\d+ documents?, since/).waitFor();
    await expectReadable(page);
    expect(usersSince(before)).toEqual(new Set(["ccd-request of gus", "ccd-download of gus"]));
    await page.getByRole("button", { name: /^Read document 1/ }).click();
    const { family } = searchable(test.simulator, 2);
    await page.frameLocator("iframe").getByText(family).first().waitFor();

    // A link that was removed stays chosen, so that nothing is read under another identity.
    await openPage(page, "Links");
    await page.getByRole("button", { name: "Remove link guardian-1" }).click();
    await page.getByRole("button", { name: "Remove the link" }).click();
    await page.getByText("revoked").waitFor();
    await openPage(page, "Patients");
    await page.getByRole("button", { name: "Back to the patients" }).click();
    await page.getByRole("button", { name: "Request CCDs" }).click();
    await page.getByText("The link was removed").waitFor();
  });

  it("says in words that the links could not be read, and goes on with the stage's own session", async () => {
    const page = await open();
    await page.route("**/api/links", (route) => route.fulfill({ status: 403, body: "{}" }));
    await signIn(page);
    await openPage(page, "Patients");
    await page.getByText("Your links could not be read").waitFor();
    await page.getByText("Patients are read in the stage's own session.").waitFor();
    await expectReadable(page);
    expect(await page.getByLabel("Read as").count()).toBe(0);
    const before = test.simulator.log.length;
    await searchPatient(page);
    await page.getByText("1 found.").waitFor();
    expect(usersSince(before)).toEqual(new Set(["patient-search of portal-user"]));
  });

  it("shows the health of the stage, and checks it again", async () => {
    const page = await open("#/health");
    await signIn(page);
    await page.getByText("integra-bridge/local/client has a client id, a scope and a key").waitFor();
    // Each check could be made: no permission is missing.
    expect(await page.locator("main li").allInnerTexts()).not.toContainEqual(expect.stringMatching(/could not/i));
    await expectReadable(page);
    const before = await page.locator("time").getAttribute("datetime");
    await page.getByRole("button", { name: "Check again" }).click();
    await expect.poll(() => page.locator("time").getAttribute("datetime")).not.toBe(before);
  });

  it("signs a user out who does nothing, and an expired sign-in leads back to the same page", async () => {
    const page = await open("#/patients");
    await page.clock.install();
    await signIn(page);
    await page.clock.fastForward("14:30");
    await page.getByRole("button", { name: "Stay signed in" }).click();
    await page.clock.fastForward("15:05");
    await heading(page, "You were signed out").waitFor();
    await expect.poll(() => page.evaluate("document.activeElement.textContent")).toBe("You were signed out");
    await expectReadable(page);
    await page.getByRole("button", { name: "Sign in again" }).click();
    await heading(page, "Patients").waitFor();
    await page.clock.fastForward("01:00:05");
    await heading(page, "Your sign-in has expired").waitFor();
    // The issuer's clock did not move.
    await page.clock.setSystemTime(Date.now());
    await page.getByRole("button", { name: "Sign in again" }).click();
    await heading(page, "Patients").waitFor();
    expect(page.url()).toBe(`${served.url}#/patients`);
  });

  it("says so if the issuer refuses the sign-in", async () => {
    const page = await open();
    issuer.refuseNext();
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "The sign-in failed" }).waitFor();
    expect(page.url()).toBe(served.url);
    await signIn(page);
  });

  it("keeps nothing of a patient in addresses, titles, storage or messages", () => {
    expect(kept.length).toBeGreaterThan(50);
    expect(reported(findLeaks(kept, patientMarkers(test.simulator)))).toEqual([]);
  });
});
