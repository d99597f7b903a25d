/*
 * `npm run screenshots`: writes a picture of each page of the console into docs/images/. The stage is the local one, and all data is
 * synthetic. Times and ids differ from run to run.
 */
import { join } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import { startLocalConsole } from "#local/console/local-console.ts";
import { startLocalIssuer } from "#local/console/local-issuer.ts";
import { demoLaunches } from "#local/link-demo.ts";
import { runStoppable } from "#local/run-stoppable.ts";
import type { Simulator } from "#local/simulator/simulator.ts";
import { searchable } from "../fixtures/api-answers.ts";
import { type BridgeUnderTest, bridgeUnderTest, completed } from "../fixtures/bridge-under-test.ts";
import { startChromium } from "../fixtures/chromium.ts";

const images = join(import.meta.dirname, "..", "..", "docs", "images");
const screen: BrowserContextOptions = { viewport: { width: 1000, height: 720 }, colorScheme: "light" };

const takePicture = async (page: Page, name: string): Promise<void> => {
  const path = join(images, `console-${name}.png`);
  await page.screenshot({ path });
  console.log(path);
};

await runStoppable(async (signal) => {
  const [chromium, issuer] = await Promise.all([startChromium(), startLocalIssuer()]);
  try {
    const settings = { api: { jwt: issuer.trust }, smart: demoLaunches };
    const bridge = await bridgeUnderTest({ simulator: { patients: 40, ccdDurationMs: 200 }, settings, signal });
    try {
      await runExports(bridge);
      const served = await startLocalConsole({ apiUrl: bridge.bridge.outputs.apiUrl, issuer });
      try {
        const page = await (await chromium.open(screen)).newPage();
        await page.goto(served.url);
        await takePages(page, bridge);
      } finally {
        await served.close();
      }
    } finally {
      await bridge.stop();
    }
  } finally {
    await Promise.all([chromium.close(), issuer.close()]);
  }
});

/** A few exports of different sizes, so that the charts have something to show. */
async function runExports({ exportBy, simulator }: BridgeUnderTest): Promise<void> {
  simulator.settings.errorFile = "none";
  const types = ["Patient", "Condition", "Observation", "Encounter", "Immunization"];
  for (const count of [1, 3, 2, 5, 4]) completed(await exportBy({ level: "patient", types: types.slice(0, count) }));
  completed(await exportBy({ level: "patient" }));
}

async function takePages(page: Page, { simulator }: BridgeUnderTest): Promise<void> {
  await takePicture(page, "sign-in");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: /^The last \d+ exports/ }).waitFor();
  await takePicture(page, "exports");
  await page.emulateMedia({ colorScheme: "dark" });
  await takePicture(page, "exports-dark");
  await page.emulateMedia({ colorScheme: "light" });
  await page.getByRole("link", { name: "All patients", exact: true }).click();
  await page
    .getByRole("button", { name: /^Preview/ })
    .first()
    .waitFor();
  await takePicture(page, "export");

  await page.getByRole("link", { name: "Links" }).click();
  await page.getByLabel("Reference").fill("user-17");
  await page.getByRole("button", { name: "Create a link" }).click();
  await page.getByText("user-17").waitFor();
  await takePicture(page, "links");

  await page.getByRole("link", { name: "Health" }).click();
  await page.getByText("Keys", { exact: true }).first().waitFor();
  await takePicture(page, "health");

  await page.getByRole("link", { name: "Patients" }).click();
  const patient = legiblePatient(simulator);
  await page.getByLabel("Date of birth").fill(patient.birthdate);
  await page.getByLabel("Gender").selectOption(patient.gender);
  await page.getByLabel("Telephone").fill(patient.phone);
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("button", { name: "Request CCDs" }).click();
  await page.getByText(/^\d+ documents?, since/).waitFor();
  await page.getByText(/^\d+ documents?, since/).scrollIntoViewIfNeeded();
  await takePicture(page, "patients");
  await page.getByRole("button", { name: /^Read document 1/ }).click();
  await page.frameLocator("iframe").getByText("This page was derived").waitFor();
  await takePicture(page, "document");
}

/** A patient whose name this browser has letters for. */
function legiblePatient(simulator: Simulator): ReturnType<typeof searchable> {
  const places = simulator.records.ofType("Patient").map((_, place) => searchable(simulator, place));
  const found = places.find(({ given, family }) => /^[A-Za-z]+$/.test(`${given}${family}`));
  if (found === undefined) throw new Error("no patient has a name in plain letters");
  return found;
}
