import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { cleanUrl, type Fixture, manifestSchema, startFixture } from "#test/unit/local/simulator/simulator-client.ts";

let fixture: Fixture;
afterEach(() => fixture.simulator.close());

describe("manifest", () => {
  it("a manifest has the guide's line breaks and relative error URLs", async () => {
    fixture = await startFixture({ errorFile: "information" });
    const { simulator, exported, get, token } = fixture;
    const { manifest } = await exported("Patient/$export?_type=Patient,Observation,Device");
    expect(manifest.output.map(({ type }) => type)).toEqual(["Device", "Observation", "Patient"]);
    expect(manifest.output.every(({ url }) => /^\s/.test(url))).toBe(true);
    expect(manifest.output[0]?.url).toMatch(/resource=D\nevice&fileName=device_file_1\.ndjson$/);
    expect(manifest.error[0]?.url).toMatch(/^\n\/MoBulkDownload\/downloadNDJSON\?objectId=[0-9a-f]{24}&resource=Oper/);
    expect(manifest.request).toBe(
      `${simulator.baseUrl}integra/fhir-export/r4/bulkExport/Patient/$export?_type=Patient,Observation,Device`,
    );
    for (const entry of [...manifest.output, ...manifest.error]) {
      const response = await get(cleanUrl(simulator, entry), { "x-auth-token": token });
      expect(response.statusCode).toBe(200);
      for (const line of (await response.body.text()).trimEnd().split("\n")) {
        expect(JSON.parse(line)).toMatchObject({ resourceType: entry.type });
      }
    }
  });

  it("a standard manifest has counts, outcomes and deletions", async () => {
    fixture = await startFixture({ manifestStyle: "standard", errorFile: "error" });
    const { manifest } = await fixture.exported("Patient/$export?_since=2022-01-01T00:00:00Z&_type=Patient");
    expect(manifest).toMatchObject({ error: [], outcome: [{ type: "OperationOutcome", count: 1 }] });
    expect(manifest.deleted).toMatchObject([{ type: "Bundle", count: 1 }]);
    const [patients] = manifest.output;
    expect(patients?.url).not.toMatch(/\s/);
    const lines = (await (await fixture.get(patients?.url ?? "")).body.text()).trimEnd().split("\n");
    expect(lines).toHaveLength(patients?.count ?? -1);
  });

  it("link next leads through the pages of a manifest, with outcomes on the first page only", async () => {
    fixture = await startFixture({ manifestPageSize: 8, errorFile: "error" });
    const { manifest } = await fixture.exported("Patient/$export");
    const pages = [manifest];
    for (let next = manifest.link?.[0]?.url; next !== undefined; next = pages.at(-1)?.link?.[0]?.url) {
      pages.push(manifestSchema.parse(await (await fixture.get(next)).body.json()));
    }
    expect(pages.map(({ output }) => output.length)).toEqual([8, 8, 4]);
    expect(pages.map(({ error }) => error.length)).toEqual([1, 0, 0]);
  });

  it("without requiresAccessToken the file URLs are capabilities that refuse a token", async () => {
    fixture = await startFixture({ requiresAccessToken: false, manifestStyle: "standard" });
    const { manifest } = await fixture.exported("Patient/$export?_type=Patient");
    expect(manifest.requiresAccessToken).toBe(false);
    const url = manifest.output[0]?.url ?? "";
    expect((await fixture.get(url, {})).statusCode).toBe(200);
    expect((await fixture.get(url)).statusCode).toBe(400);
    expect(fixture.simulator.log.at(-1)).toMatchObject({
      reason: expect.stringContaining("leak"),
      path: "/MoBulkDownload/capability/(secret)/patient_file_1.ndjson",
    });
  });
});

describe("download", () => {
  const clean = { manifestStyle: "standard" } as const;

  it("a download serves exactly the files of the dataset, split by lines", async () => {
    fixture = await startFixture({ ...clean, maxLinesPerFile: 50 });
    const { simulator, exported, get, token } = fixture;
    const { jobId, manifest } = await exported("Group/275131468/$export?_type=Observation");
    const files = simulator.data.files({ level: "Group", groupId: "275131468", types: ["Observation"] });
    expect(files.map(({ fileName }) => fileName)).toEqual(["observation_file_1.ndjson"]);
    expect(simulator.filesOf(jobId).output).toEqual(files);
    const response = await get(manifest.output[0]?.url ?? "", { "x-auth-token": token });
    expect(response.headers["content-type"]).toBe("application/fhir+ndjson");
    expect(Number(response.headers["content-length"])).toBe(files[0]?.body.length);
    expect(Buffer.from(await response.body.arrayBuffer()).equals(files[0]?.body ?? Buffer.alloc(0))).toBe(true);
    const all = simulator.data.files({ level: "Patient", types: ["Observation"] });
    expect(all.map(({ lines }) => lines)).toEqual([50, 50, 50, 50, 20]);
  });

  it("a download needs valid credentials in all headers that are sent", async () => {
    fixture = await startFixture(clean);
    const { exported, get, token } = fixture;
    const url = (await exported("Patient/$export?_type=Patient")).manifest.output[0]?.url ?? "";
    const bearer = `Bearer ${token}`;
    const attempts = [{ "x-auth-token": token, authorization: bearer }, { authorization: bearer }];
    for (const headers of attempts) expect((await get(url, headers)).statusCode).toBe(200);
    const refused = [{}, { "x-auth-token": bearer }, { "x-auth-token": token, authorization: "Bearer x" }];
    for (const headers of refused) expect((await get(url, headers)).statusCode).toBe(401);
    expect((await get(url.replace("&resource=Patient", ""))).statusCode).toBe(400);
    expect((await get(url.replace("patient_file_1", "patient_file_9"))).statusCode).toBe(403);
  });

  it("a download of an expired file answers 403 ATTACHMENT_FILE_NOT_FOUND", async () => {
    fixture = await startFixture(clean);
    const { jobId, manifest } = await fixture.exported("Patient/$export?_type=Patient");
    fixture.simulator.expireFiles(jobId);
    const response = await fixture.get(manifest.output[0]?.url ?? "");
    expect(response.statusCode).toBe(403);
    expect(await response.body.json()).toMatchObject({ message: "ATTACHMENT_FILE_NOT_FOUND" });
  });

  it("a download serves ranges of the version that If-Range names", async () => {
    fixture = await startFixture(clean);
    const { simulator, exported, token } = fixture;
    const url = (await exported("Patient/$export?_type=Patient")).manifest.output[0]?.url ?? "";
    const body = simulator.data.files({ level: "Patient", types: ["Patient"] })[0]?.body ?? Buffer.alloc(0);
    const get = (headers: Record<string, string>): ReturnType<Fixture["get"]> =>
      fixture.get(url, { "x-auth-token": token, ...headers });
    const etag = String((await get({})).headers["etag"]);
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    const rest = await get({ range: "bytes=100-", "if-range": etag });
    expect(rest.statusCode).toBe(206);
    expect(rest.headers["content-range"]).toBe(`bytes 100-${body.length - 1}/${body.length}`);
    expect(Buffer.from(await rest.body.arrayBuffer()).equals(body.subarray(100))).toBe(true);
    expect((await get({ range: "bytes=100-", "if-range": '"other"' })).statusCode).toBe(200);
    expect((await get({ range: "bytes=0-0,5-9" })).statusCode).toBe(200);
    const beyond = await get({ range: `bytes=${body.length}-` });
    expect([beyond.statusCode, beyond.headers["content-range"]]).toEqual([416, `bytes */${body.length}`]);
    expect(await (await get({ range: "bytes=-2" })).body.text()).toBe("}\n");
  });

  it("a download is compressed if the client accepts gzip", async () => {
    fixture = await startFixture(clean);
    const { simulator, exported, token } = fixture;
    const url = (await exported("Patient/$export?_type=Patient")).manifest.output[0]?.url ?? "";
    const body = simulator.data.files({ level: "Patient", types: ["Patient"] })[0]?.body;
    const headers = { "x-auth-token": token, "accept-encoding": "gzip", range: "bytes=5-" };
    const chunked = await fixture.get(url, headers);
    expect(chunked.headers).toMatchObject({ "content-encoding": "gzip", "transfer-encoding": "chunked" });
    expect(chunked.headers["etag"]).toBeUndefined();
    expect(gunzipSync(Buffer.from(await chunked.body.arrayBuffer()))).toEqual(body);
    simulator.settings.gzipFraming = "content-length";
    expect(Number((await fixture.get(url, headers)).headers["content-length"])).toBeGreaterThan(0);
    const identity = await fixture.get(url, { ...headers, "accept-encoding": "gzip;q=0, identity" });
    expect(identity.headers["content-encoding"]).toBeUndefined();
  });
});
