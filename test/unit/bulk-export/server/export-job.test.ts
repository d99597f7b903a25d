import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { ExportRequest } from "#bulk-export/language/export-request.ts";
import { deleteJob, kickOff, kickOffUrl, pollStatus, readManifestPage } from "#bulk-export/server/export-job.ts";
import { integraServer } from "#bulk-export/server/integra-server.ts";
import { testClient } from "../../../fixtures/integra-client.ts";
import {
  head,
  says,
  startWireServer,
  type WatchedHttp,
  type WireReply,
  type WireServer,
  watchedHttp,
} from "../../../fixtures/wire-server.ts";

const outputFormat = "application/fhir+ndjson";
const patientRequest: ExportRequest = { level: "patient", outputFormat };
const vendor = integraServer({ baseUrl: "https://portal.minerva.integracloud.com/" });
const fhir = { "content-type": "application/fhir+json" };
const outcome = (code: string, diagnostics: string): string =>
  JSON.stringify({ resourceType: "OperationOutcome", issue: [{ severity: "error", code, diagnostics }] });

const accepted = (headers: Record<string, string>): WireReply => says(202, headers);

describe("the kick-off URL", () => {
  const base = "https://portal.minerva.integracloud.com/integra/fhir-export/r4/bulkExport";

  it.each([
    ["patient", { level: "patient" }, "/Patient/$export"],
    ["group", { level: "group", groupId: "275131468" }, "/Group/275131468/$export"],
    ["system", { level: "system" }, "/$export"],
  ] satisfies [string, Partial<ExportRequest> & Pick<ExportRequest, "level">, string][])(
    "of level %s is the guide's",
    (_, request, path) => {
      expect(kickOffUrl(vendor, { ...request, outputFormat }).href).toBe(
        `${base}${path}?_outputFormat=application%2Ffhir%2Bndjson`,
      );
    },
  );

  it("percent-encodes plus, pipe and comma", () => {
    const url = kickOffUrl(vendor, {
      level: "patient",
      types: ["Patient", "Obs|ervation"],
      since: "2026-01-31T00:00:00+05:30",
      outputFormat,
    });
    expect(url.search).toBe(
      "?_outputFormat=application%2Ffhir%2Bndjson&_since=2026-01-31T00%3A00%3A00%2B05%3A30&_type=Patient%2CObs%7Cervation",
    );
  });

  it("gives every value back to a server that decodes it", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (types) => {
        const url = kickOffUrl(vendor, { level: "patient", types, outputFormat });
        expect(url.searchParams.get("_type")).toBe(types.join(","));
        expect(url.searchParams.get("_outputFormat")).toBe(outputFormat);
        expect([...url.searchParams.keys()]).toEqual(["_outputFormat", "_type"]);
      }),
    );
  });

  it("never lets a group's id change the path", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 64 }), (groupId) => {
        fc.pre(!/^\.{1,2}$/.test(groupId));
        const { pathname } = kickOffUrl(vendor, { level: "group", groupId, outputFormat });
        const [id = "", operation] = pathname.replace(`${vendor.exportUrl.pathname}Group/`, "").split("/");
        expect([decodeURIComponent(id), operation]).toEqual([groupId, "$export"]);
      }),
    );
  });
});

describe("towards the server", () => {
  const open: (WireServer | WatchedHttp)[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0)) await thing.close();
  });

  async function given(reply: WireReply | ((number: number) => WireReply)) {
    const wire = await startWireServer((_, number) => (typeof reply === "function" ? reply(number) : reply));
    const watched = watchedHttp();
    open.push(watched, wire);
    return { wire, watched, client: testClient(watched.http, wire.origin), job: new URL("/jobs/7", wire.origin) };
  }

  describe("a kick-off", () => {
    it("says what the guide wants to hear, with a bearer token", async () => {
      const { client, wire } = await given(accepted({ "content-location": "/jobs/7" }));
      await kickOff(client, patientRequest);
      const [request] = wire.requests;
      expect(request?.method).toBe("GET");
      expect(request?.headers).toMatchObject({
        accept: "application/fhir+json",
        prefer: "respond-async",
        authorization: "Bearer token-1",
      });
      expect(request?.headers).not.toHaveProperty("x-auth-token");
    });

    it("answers with the job's URL and the server's Retry-After", async () => {
      const { client, wire } = await given(accepted({ "content-location": "/jobs/7", "retry-after": "30" }));
      const started = await kickOff(client, patientRequest);
      expect(started).toEqual({ statusUrl: new URL("/jobs/7", wire.origin), retryAfterMs: 30_000 });
    });

    it("takes an absolute Content-Location on the server's own origin", async () => {
      const setting = await given(() => accepted({ "content-location": `${setting.wire.origin}/jobs/8` }));
      expect((await kickOff(setting.client, patientRequest)).statusUrl.pathname).toBe("/jobs/8");
    });

    it.each(["https://elsewhere.example/jobs/7", "//elsewhere.example/jobs/7", "file:///etc/passwd", "http://["])(
      "refuses the Content-Location %s",
      async (location) => {
        const { client } = await given(accepted({ "content-location": location }));
        await expect(kickOff(client, patientRequest)).rejects.toMatchObject({ name: "OriginRefused" });
      },
    );

    it("without a Content-Location is rejected", async () => {
      const { client } = await given(accepted({}));
      await expect(kickOff(client, patientRequest)).rejects.toMatchObject({
        name: "KickOffRejected",
        message: expect.stringContaining("Content-Location") as string,
      });
    });

    it.each([
      [400, says(400, fhir, outcome("invalid", "Invalid search parameter")), "Invalid search parameter"],
      [403, says(403, {}, "no"), "403"],
      [404, says(404, {}, "<html><h1>Not Found</h1></html>"), "HTTP 404"],
      [500, says(500, fhir, outcome("not-supported", "_type is unknown")), "_type is unknown"],
    ])("answered by a final %i is rejected with the server's words", async (_, reply, words) => {
      const { client } = await given(reply);
      await expect(kickOff(client, patientRequest)).rejects.toMatchObject({
        name: "KickOffRejected",
        message: expect.stringContaining(words) as string,
      });
    });

    it.each([
      ["a token", 'bad token "token-1"', "token-1"],
      ["a token in a URL's path", "no access to https://portal.example/t/token-1/x", "token-1"],
      ["a URL's query", "cannot read https://portal.example/x?patient=Jane", "Jane"],
      ["another's token", "the token is aB3dE6gH9jK2mN5pQ8sT1vW4", "aB3dE6gH9jK2mN5pQ8sT1vW4"],
    ])("rejected in words that quote %s says the rest of them", async (_, words, secret) => {
      const { client } = await given(says(403, fhir, outcome("forbidden", `${words} (sorry)`)));
      const fault = await kickOff(client, patientRequest).catch((error: unknown) => error);
      expect(fault).toMatchObject({ message: expect.stringContaining("(sorry)") as string });
      expect((fault as Error).message).not.toContain(secret);
    });

    it("rejected by a page that is not FHIR's repeats nothing of it", async () => {
      const { client } = await given(says(403, {}, "<html><h1>Jane Doe</h1>may not do this</html>"));
      await expect(kickOff(client, patientRequest)).rejects.toThrow(/^the server answered the kick-off with HTTP 403$/);
    });

    it.each([
      [429, says(429, { "retry-after": "17" }), 17_000, false],
      [503, says(503, { "retry-after": "18" }), 18_000, false],
      [500, says(500, fhir, outcome("transient", "try later")), undefined, false],
      [500, says(500, {}, "oops"), undefined, true],
      [200, says(200, {}, "<html>maintenance</html>"), undefined, true],
    ])("answered by a passing %i is worth asking again", async (_, reply, retryAfterMs, unexplained) => {
      const { client } = await given(reply);
      await expect(kickOff(client, patientRequest)).rejects.toMatchObject({
        name: "ServerUnavailable",
        retryAfterMs,
        unexplained,
      });
    });

    it("answered by a 503 with Retry-After is worth asking again, whatever the issue's code", async () => {
      const { client } = await given(says(503, { ...fhir, "retry-after": "5" }, outcome("processing", "busy")));
      await expect(kickOff(client, patientRequest)).rejects.toMatchObject({
        name: "ServerUnavailable",
        retryAfterMs: 5_000,
      });
    });
  });

  describe("a status request", () => {
    it("tells that the job runs, how far it is and when to ask again", async () => {
      const { client, job, wire } = await given(says(202, { "x-progress": "40%", "retry-after": "9" }));
      expect(await pollStatus(client, job)).toEqual({ state: "in-progress", progress: "40%", retryAfterMs: 9_000 });
      expect(wire.requests[0]?.headers["authorization"]).toBe("Bearer token-1");
    });

    it("brings the manifest byte for byte", async () => {
      const body = Buffer.from('{ "transactionTime":"x", "output" : [ ] }\n');
      const { client, job } = await given(says(200, {}, body));
      expect(await pollStatus(client, job)).toEqual({ state: "complete", manifest: body });
    });

    it.each([
      ["an HTML page", says(200, {}, "<html>login</html>")],
      ["another JSON", says(200, {}, '{"resourceType":"Bundle"}')],
      ["JSON's null", says(200, {}, "null")],
      ["nothing", says(200)],
      [
        "half a manifest",
        { bytes: Buffer.concat([head(200, { "content-length": "99" }), Buffer.from("{")]), end: "reset" },
      ],
    ] satisfies [string, WireReply][])(
      "that brings %s with status 200 says nothing about the job",
      async (_, reply) => {
        const { client, job } = await given(reply);
        await expect(pollStatus(client, job)).rejects.toMatchObject({ name: "ServerUnavailable" });
      },
    );

    it.each([404, 410])("answered by %i means that the job is gone", async (status) => {
      const { client, job } = await given(says(status, fhir, outcome("not-found", "URL Invalid")));
      await expect(pollStatus(client, job)).rejects.toMatchObject({
        name: "ExportJobGone",
        message: expect.stringContaining("URL Invalid") as string,
      });
    });

    it.each([400, 403, 500])(
      "answered by %i with a final OperationOutcome means that the job failed",
      async (status) => {
        const { client, job } = await given(says(status, fhir, outcome("processing", "disk full")));
        await expect(pollStatus(client, job)).rejects.toMatchObject({
          name: "ExportJobFailed",
          message: expect.stringContaining("disk full") as string,
        });
      },
    );

    it.each([
      ["429", says(429, { "retry-after": "3" }), false, 3_000],
      ["503", says(503, { "retry-after": "Sun, 01 Mar 2026 12:00:07 GMT" }), false, 7_000],
      ["502", says(502, {}, "<html>bad gateway</html>"), false, undefined],
      ["a bare 500", says(500), true, undefined],
      ["500 with a transient OperationOutcome", says(500, fhir, outcome("timeout", "slow")), false, undefined],
    ])("answered by %s is not the end of the job", async (_, reply, unexplained, retryAfterMs) => {
      const { client, job } = await given(reply);
      await expect(pollStatus(client, job)).rejects.toMatchObject({
        name: "ServerUnavailable",
        unexplained,
        retryAfterMs,
      });
    });

    it("answered by a 503 with Retry-After is not the end of the job, whatever the issue's code", async () => {
      const { client, job } = await given(says(503, { ...fhir, "retry-after": "5" }, outcome("processing", "busy")));
      await expect(pollStatus(client, job)).rejects.toMatchObject({ name: "ServerUnavailable", retryAfterMs: 5_000 });
    });

    it("whose connection is cut before the headers is not the end of the job", async () => {
      const { client, job } = await given({ bytes: Buffer.alloc(0), end: "reset" });
      await expect(pollStatus(client, job)).rejects.toMatchObject({ name: "ServerUnavailable" });
    });

    it("refused with 401 is repeated with a new token", async () => {
      const setting = await given((number) => (number === 1 ? says(401, {}, "<html>expired</html>") : says(202)));
      expect((await pollStatus(setting.client, setting.job)).state).toBe("in-progress");
      expect(setting.wire.requests.map(({ headers }) => headers["authorization"])).toEqual([
        "Bearer token-1",
        "Bearer token-2",
      ]);
    });

    it("does not kill the process where the body of a 202 is cut", async () => {
      const cut: WireReply = {
        bytes: Buffer.concat([head(202, { "content-length": "90" }), Buffer.from("x")]),
        end: "reset",
      };
      const setting = await given((number) => (number === 1 ? cut : says(202)));
      expect((await pollStatus(setting.client, setting.job)).state).toBe("in-progress");
      await pollStatus(setting.client, setting.job);
      expect(setting.watched.unheard).toEqual([]);
    });
  });

  describe("a DELETE", () => {
    it.each([200, 202, 204, 404, 410])("answered by %i is done", async (status) => {
      const { client, job, wire } = await given(says(status));
      await expect(deleteJob(client, job)).resolves.toBeUndefined();
      expect(wire.requests[0]).toMatchObject({ method: "DELETE", target: "/jobs/7" });
    });

    it.each([400, 403, 429, 500, 503])("answered by %i tells the server's words", async (status) => {
      const { client, job } = await given(says(status, fhir, outcome("transient", "not now")));
      await expect(deleteJob(client, job)).rejects.toMatchObject({
        name: "ServerUnavailable",
        message: expect.stringContaining("not now") as string,
      });
    });

    it("refused twice with 401 says so", async () => {
      const { client, job, wire } = await given(says(401));
      await expect(deleteJob(client, job)).rejects.toMatchObject({ name: "AccessRefused" });
      expect(wire.requests).toHaveLength(2);
    });
  });

  describe("a further page of the manifest", () => {
    it("is read like the first", async () => {
      const { client, wire } = await given(says(200, {}, '{"output":[]}'));
      expect((await readManifestPage(client, new URL("/page/2", wire.origin))).toString()).toBe('{"output":[]}');
    });

    it("is not fetched from another origin", async () => {
      const { client, wire } = await given(says(200, {}, '{"output":[]}'));
      const elsewhere = new URL("http://localhost:1/page/2");
      await expect(readManifestPage(client, elsewhere)).rejects.toMatchObject({ name: "OriginRefused" });
      expect(wire.requests).toHaveLength(0);
    });

    it("that is not ready yet is worth asking again", async () => {
      const { client, wire } = await given(says(202, { "retry-after": "4" }));
      await expect(readManifestPage(client, new URL("/page/2", wire.origin))).rejects.toMatchObject({
        name: "ServerUnavailable",
        retryAfterMs: 4_000,
      });
    });
  });
});
