import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ApiCaller, apiCaller } from "#local/api-caller.ts";
import { clientSettings } from "#local/local-bridge.ts";
import { apiAccess } from "#on-demand-api/language/access-record.ts";
import { endedRequest, problemOf } from "../fixtures/api-answers.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "../fixtures/bridge-under-test.ts";
import { pageFaults, startChromium, type WatchedChromium } from "../fixtures/chromium.ts";
import { expectDescribed } from "../fixtures/described-answers.ts";
import { iamUser } from "../fixtures/iam-user.ts";
import { ccdWithNarrative, hostileNarratives } from "../fixtures/narratives.ts";

const route = "GET /ccd-requests/{id}/documents/{number}";
const html = { accept: "text/html" };

/** Where a hostile page would load from. Nothing answers there. */
const elsewhere = "127.0.0.1:18999";

describe("documents that one can read", () => {
  let test: BridgeUnderTest;
  let chromium: WatchedChromium;
  let caller: ApiCaller;
  let other: ApiCaller;
  /** The URL of a document that landed, and its request's id. */
  let href: string;
  let requestId: string;

  beforeAll(async () => {
    [test, chromium] = await Promise.all([
      bridgeUnderTest({ simulator: { patients: 4, ccdDurationMs: 100 } }),
      startChromium(),
    ]);
    caller = apiCaller(test.bridge.outputs);
    other = apiCaller(test.bridge.outputs, await iamUser(test.bridge, "other", true));
    const patientId = test.simulator.records.ofType("Patient")[0]?.id;
    const request = await endedRequest(caller, { patientId });
    const [first] = request.documents;
    if (first === undefined) throw new Error(`the request ended as ${request.state}, without a document`);
    ({ href } = first);
    ({ requestId } = request);
  });

  afterEach(() => chromium.closeProfiles());

  afterAll(async () => {
    await Promise.all([chromium?.close(), test?.stop()]);
  });

  const open = (headers: Record<string, string>) => caller.send(href, { headers, redirect: "manual" });

  /** Puts another document where one has landed. */
  async function replaceDocument(ccd: string): Promise<void> {
    const s3 = new S3Client({ ...clientSettings(test.bridge.aws), forcePathStyle: true });
    const Key = `ccds/${requestId}/${href.split("/").at(-1)}.xml`;
    await s3.send(new PutObjectCommand({ Bucket: test.bridge.outputs.bucketName, Key, Body: ccd }));
  }

  /** Opens a page as the API or S3 answered it. @returns the page, and what it asked for besides itself */
  async function show(answer: Response, path = "/page"): Promise<{ page: Page; asked: string[]; dialogs: string[] }> {
    const context = await chromium.open();
    const page = await context.newPage();
    const [asked, dialogs]: [string[], string[]] = [[], []];
    const url = `http://127.0.0.1:18998${path}`;
    const [status, headers, body] = [answer.status, Object.fromEntries(answer.headers), await answer.text()];
    // What a policy stops is never routed.
    await context.route("**", async (given) => {
      if (given.request().url() === url) return await given.fulfill({ status, headers, body });
      asked.push(given.request().url());
      await given.abort();
    });
    page.on("dialog", (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    await page.goto(url);
    return { page, asked, dialogs };
  }

  it("a document is served as a page by Accept, with a policy, or as FHIR, and its record says so", async () => {
    const answer = await open(html);
    const text = await answer.clone().text();
    const headers = Object.fromEntries(
      ["content-type", "content-security-policy", "referrer-policy", "x-robots-tag", "vary"].map((name) => [
        name,
        answer.headers.get(name) ?? "",
      ]),
    );
    expectDescribed(route, { status: answer.status, headers, body: Buffer.from(text) });
    expect(answer.headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const fhir = await open({ accept: "application/fhir+json" });
    expect([fhir.status, fhir.headers.get("content-type")]).toEqual([200, "application/fhir+json"]);
    expect(await fhir.json()).toMatchObject({
      resourceType: "Bundle",
      type: "document",
      entry: expect.arrayContaining([
        {
          fullUrl: expect.any(String) as string,
          resource: expect.objectContaining({ resourceType: "Patient" }) as object,
        },
      ]) as object[],
    });
    const xml = await open({});
    expect([xml.status, xml.headers.get("vary")]).toEqual([303, "Accept"]);
    const records = [...(await test.auditRecords("access/")).values()].map((record) =>
      apiAccess.parse(JSON.parse(record)),
    );
    const forms = records.filter((record) => record.route === route).map(({ form }) => form);
    expect(new Set(forms)).toEqual(new Set(["fhir", "html", "xml"]));
  });

  it("a form that the bridge does not have gets 406, and another caller sees no form of the document", async () => {
    expect((await problemOf(await open({ accept: "application/json" }), 406)).detail).toContain("text/html");
    expect((await other.send(href, { headers: html, redirect: "manual" })).status).toBe(404);
  });

  it("the page of each simulated document is readable on a phone, in the light and in the dark, and by keyboard", async () => {
    const { page } = await show(await open(html));
    expect(await pageFaults(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await pageFaults(page)).toEqual([]);
    await page.keyboard.press("Tab");
    expect(await page.evaluate<string>("document.activeElement.getAttribute('href')")).toBe("#section-1");
    await page.keyboard.press("Enter");
    await expect.poll(() => new URL(page.url()).hash).toBe("#section-1");
  });

  const hostile = Object.values(hostileNarratives).join("\n").replaceAll("{host}", elsewhere);

  it("a hostile narrative opens no dialog and asks for nothing, in a response", async () => {
    await replaceDocument(ccdWithNarrative(hostile));
    const { page, asked, dialogs } = await show(await open(html));
    for (const text of ["click", "Sign in again"]) await page.getByText(text).first().click();
    expect([asked, dialogs, new URL(page.url()).pathname]).toEqual([[], [], "/page"]);
    expect(await page.locator("script, iframe, object, embed, form, link, base, svg, math, template").count()).toBe(0);
    expect(await pageFaults(page)).toEqual([]);
  });

  it("a page that is too large for a response is a link of one minute, and its policy is in the page", async () => {
    const rows = `<tr><td>${"5.4 mmol/L ".repeat(20)}</td></tr>`.repeat(25_000);
    await replaceDocument(ccdWithNarrative(`${hostile}<table><tbody>${rows}</tbody></table>`));
    const answer = await open(html);
    expectDescribed(route, {
      status: answer.status,
      headers: { location: answer.headers.get("location") ?? "", vary: answer.headers.get("vary") ?? "" },
      body: Buffer.from(await answer.text()),
    });
    expect(answer.status).toBe(303);
    const location = answer.headers.get("location") ?? "";
    expect(new URL(location).searchParams.get("X-Amz-Expires")).toBe("60");
    const stored = await fetch(location);
    expect([stored.status, stored.headers.get("content-type"), stored.headers.get("cache-control")]).toEqual([
      200,
      "text/html; charset=utf-8",
      "no-store",
    ]);
    expect(stored.headers.get("content-security-policy")).toBeNull();
    expect([...(await test.objects("pages/")).keys()]).toEqual([`pages/${requestId}/${href.split("/").at(-1)}.html`]);
    const { page, asked, dialogs } = await show(stored);
    await page.getByText("Sign in again").first().click();
    expect([asked, dialogs]).toEqual([[], []]);
  });

  it.each(["header", "meta element"])(
    "the policy of a page's %s alone stops a script and a file, should one ever reach a page",
    async (place) => {
      await replaceDocument(ccdWithNarrative("words"));
      const answer = await open(html);
      const policy = answer.headers.get("content-security-policy") ?? "";
      const attack = `<script>alert(1)</script><img src="http://${elsewhere}/image.png" onerror="alert(1)">`;
      const text = (await answer.text()).replace("</main>", `${attack}</main>`);
      const body = place === "header" ? text.replace(/<meta http-equiv[^>]*>/, "") : text;
      const headers = {
        "content-type": "text/html; charset=utf-8",
        ...(place === "header" && { "content-security-policy": policy }),
      };
      const { asked, dialogs } = await show(new Response(body, { headers }));
      expect([asked, dialogs]).toEqual([[], []]);
      expect(chromium.faults().join()).toContain("Content Security Policy");
    },
  );
});
