import { gunzipSync } from "node:zlib";
import type { Dispatcher } from "undici";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import type { ManifestChange } from "#local/simulator/faults/fault-schema.ts";
import type { SimulatorOptions } from "#local/simulator/options.ts";
import { type Fixture, manifestSchema, startFixture } from "#test/unit/local/simulator/simulator-client.ts";

let fixture: Fixture;
afterEach(() => fixture.simulator.close());

const looseManifest = z.looseObject({
  transactionTime: z.string(),
  output: z
    .array(z.looseObject({ type: z.string(), url: z.string().optional(), count: z.unknown().optional() }))
    .optional(),
  link: z.array(z.object({ url: z.string() })).optional(),
});

/** The status URL of a complete export of two types on one page each, and the unchanged first page of its manifest. */
async function completeExport(options: Partial<SimulatorOptions> = {}) {
  fixture = await startFixture({ manifestStyle: "standard", ...options });
  return await fixture.exported("Patient/$export?_type=Patient,Device");
}

/** The manifest's first page with one change, and the unchanged page. */
async function changed(change: ManifestChange, options: Partial<SimulatorOptions> = {}) {
  const { statusUrl, manifest } = await completeExport(options);
  fixture.simulator.faults.script("status", [{ kind: "odd-manifest", change }]);
  const odd = looseManifest.parse(await (await fixture.get(statusUrl)).body.json());
  expect(fixture.simulator.log.at(-1)).toMatchObject({ endpoint: "status", fault: "odd-manifest", status: 200 });
  expect(manifestSchema.parse(await (await fixture.get(statusUrl)).body.json())).toEqual(manifest);
  return { statusUrl, manifest, odd };
}

const withToken = (url: string): Promise<Dispatcher.ResponseData> =>
  fixture.get(url, { "x-auth-token": fixture.token });

describe("the fault odd-manifest", () => {
  it("members-as-texts sends requiresAccessToken and counts as texts", async () => {
    const { odd, manifest } = await changed("members-as-texts");
    expect(odd["requiresAccessToken"]).toBe("true");
    expect(odd.output?.map(({ count }) => count)).toEqual(manifest.output.map(({ count }) => String(count)));
  });

  it("no-output sends a manifest without the member output", async () => {
    const { odd, manifest } = await changed("no-output");
    const { output: _output, ...rest } = manifest;
    expect(odd).toEqual(rest);
  });

  it("entry-without-url removes the url of the last entry only", async () => {
    const { odd, manifest } = await changed("entry-without-url");
    expect(odd.output?.map(({ url }) => url)).toEqual([manifest.output[0]?.url, undefined]);
  });

  it("zone-less-time sends the transaction time in UTC without a zone", async () => {
    const { odd, manifest } = await changed("zone-less-time");
    expect(odd.transactionTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/);
    expect(Date.parse(`${odd.transactionTime}Z`)).toBe(Date.parse(manifest.transactionTime));
  });

  it("future-time sends a transaction time one hour ahead, far-future-time one in 2036", async () => {
    const { odd } = await changed("future-time");
    const ahead = Date.parse(odd.transactionTime) - Date.now();
    expect(ahead).toBeGreaterThan(3_500_000);
    expect(ahead).toBeLessThanOrEqual(3_600_000);
    await fixture.simulator.close();
    expect((await changed("far-future-time")).odd.transactionTime).toBe("2036-02-07T06:28:15Z");
  });

  it("pipe-in-urls sends URLs that work only if pipe and plus are encoded, also to the next page", async () => {
    const { odd } = await changed("pipe-in-urls", { manifestPageSize: 1 });
    const urls = [odd.output?.[0]?.url ?? "", odd.link?.[0]?.url ?? ""];
    for (const url of urls) {
      expect(url).toMatch(/&trace=a\|b\+c$/);
      const statusOf = async (value: string): Promise<number> =>
        (await fixture.get(url.replace("a|b+c", value))).statusCode;
      expect(await statusOf("a%7Cb%2Bc")).toBe(200);
      for (const wrong of ["a|b+c", "a%7Cb+c", "a%257Cb%252Bc"]) expect(await statusOf(wrong)).toBe(400);
    }
  });

  it.each([
    ["count-too-small", -1],
    ["count-too-large", 1],
  ] as const)("%s changes the count of the last entry by %i, also in the guide's manifest", async (change, by) => {
    const { odd, manifest } = await changed(change);
    const [first, last] = manifest.output;
    expect(odd.output?.map(({ count }) => count)).toEqual([first?.count, (last?.count ?? 0) + by]);
    await fixture.simulator.close();
    const guide = await changed(change, { manifestStyle: "guide" });
    expect(guide.odd.output?.map(({ count }) => count)).toEqual([undefined, (last?.count ?? 0) + by]);
  });

  it("next-page-is-itself sends a next page with the URL of the request", async () => {
    const { odd, statusUrl } = await changed("next-page-is-itself");
    expect(odd.link).toEqual([{ url: statusUrl }]);
  });

  it("doubled-entry lists the last file twice", async () => {
    const { odd, manifest } = await changed("doubled-entry");
    expect(odd.output).toEqual([...manifest.output, ...manifest.output.slice(-1)]);
  });

  it("lower-case-types sends the types in lower case", async () => {
    expect((await changed("lower-case-types")).odd.output?.map(({ type }) => type)).toEqual(["device", "patient"]);
  });

  it("an odd-manifest fault waits until the job is complete, and no other endpoint can have it", async () => {
    fixture = await startFixture();
    const accepted = await fixture.kickOff("Patient/$export");
    await accepted.body.dump();
    const { faults } = fixture.simulator;
    faults.script("status", [{ kind: "odd-manifest", change: "no-output" }]);
    faults.script("kick-off", [{ kind: "odd-manifest", change: "no-output" }]);
    expect((await fixture.get(String(accepted.headers["content-location"]))).statusCode).toBe(202);
    expect((await fixture.kickOff("Patient/$export")).statusCode).toBe(202);
    expect([faults.pending("status"), faults.pending("kick-off")]).toEqual([1, 1]);
  });
});

describe("other faults of manifests", () => {
  it.each([
    { manifestStyle: "guide" },
    { manifestStyle: "standard", requiresAccessToken: false, errorFile: "error" },
    { manifestPageSize: 1 },
  ] as const)("see-other leads to a manifest in another folder with relative URLs (%j)", async (options) => {
    const { statusUrl } = await completeExport(options);
    fixture.simulator.faults.script("status", [{ kind: "see-other" }]);
    const moved = await fixture.get(statusUrl);
    const location = String(moved.headers["location"]);
    expect(moved.statusCode).toBe(303);
    expect(fixture.simulator.log.at(-1)?.fault).toBe("see-other");
    expect(new URL("x", location).href).not.toBe(new URL("x", statusUrl).href);
    const pages = [location];
    const urls: string[] = [];
    for (const page of pages) {
      const answer = await fixture.get(page);
      const manifest = manifestSchema.parse(await answer.body.json());
      urls.push(...[...manifest.output, ...(manifest.outcome ?? [])].map(({ url }) => url));
      pages.push(...(manifest.link ?? []).map(({ url }) => new URL(url, page).href));
    }
    expect(urls.length).toBeGreaterThanOrEqual(2);
    for (const url of urls) {
      expect(url).toMatch(/^files\//);
      const headers = "requiresAccessToken" in options ? {} : { "x-auth-token": fixture.token };
      expect((await fixture.get(new URL(url, location).href, headers)).statusCode).toBe(200);
      expect((await fixture.get(new URL(url, statusUrl).href, headers)).statusCode).toBe(404);
    }
  });

  it("unrequested-gzip compresses a manifest without Accept-Encoding", async () => {
    const { statusUrl, manifest } = await completeExport();
    fixture.simulator.faults.script("status", [{ kind: "unrequested-gzip" }]);
    const answer = await fixture.get(statusUrl);
    expect(answer.headers["content-encoding"]).toBe("gzip");
    expect(JSON.parse(gunzipSync(Buffer.from(await answer.body.arrayBuffer())).toString())).toEqual(manifest);
  });

  it.each(["manifest", "file"])("byte-order-mark puts a BOM before a %s", async (what) => {
    const { statusUrl, manifest } = await completeExport();
    const url = what === "file" ? (manifest.output[0]?.url ?? "") : statusUrl;
    const unchanged = Buffer.from(await (await fixture.get(url)).body.arrayBuffer());
    fixture.simulator.faults.script(what === "file" ? "download" : "status", [{ kind: "byte-order-mark" }]);
    const answer = await fixture.get(url);
    const body = Buffer.from(await answer.body.arrayBuffer());
    expect([...body.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    expect(body.subarray(3).equals(unchanged)).toBe(true);
    expect([answer.headers["etag"], answer.headers["accept-ranges"]]).toEqual([undefined, undefined]);
  });

  const unrated = { diagnostics: "1 resource could not be exported", code: "processing" };
  it.each([
    ["single-object", { issue: { severity: "error", ...unrated } }],
    ["absent", {}],
    ["null", { issue: null }],
    ["empty-list", { issue: [] }],
    ["text", { issue: "1 resource could not be exported" }],
    ["unknown-severity", { issue: [{ severity: "serious", ...unrated }] }],
    ["no-severity", { issue: [unrated] }],
  ] as const)("odd-issue waits for the error file and changes its issue: %s", async (form, expected) => {
    const { manifest } = await completeExport({ errorFile: "error" });
    const { faults } = fixture.simulator;
    faults.script("download", [{ kind: "odd-issue", form }]);
    await (await withToken(manifest.output[0]?.url ?? "")).body.dump();
    expect(faults.pending("download")).toBe(1);
    const line = await (await withToken(manifest.outcome?.[0]?.url ?? "")).body.text();
    const { resourceType, text: _text, ...members } = z.looseObject({}).parse(JSON.parse(line));
    expect([resourceType, members]).toEqual(["OperationOutcome", expected]);
  });
});
