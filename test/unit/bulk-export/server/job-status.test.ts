import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { pollStatus, readManifestPage } from "#bulk-export/server/job-status.ts";
import { connections } from "#platform/http/connections.ts";
import { undiciHttp } from "#platform/http/http.ts";
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

const fhir = { "content-type": "application/fhir+json" };
const issueOf = (issue: unknown): string => JSON.stringify({ resourceType: "OperationOutcome", issue });
const outcome = (code: string, diagnostics: string): string =>
  JSON.stringify({ resourceType: "OperationOutcome", issue: [{ severity: "error", code, diagnostics }] });

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

describe("a status request", () => {
  it("the status of a running job has its progress and the server's Retry-After", async () => {
    const { client, job, wire } = await given(says(202, { "x-progress": "40%", "retry-after": "9" }));
    expect(await pollStatus(client, job)).toEqual({ state: "in-progress", progress: "40%", retryAfterMs: 9_000 });
    expect(wire.requests[0]?.headers["authorization"]).toBe("Bearer token-1");
  });

  it("the status of a complete job has the manifest byte for byte", async () => {
    const body = Buffer.from('{ "transactionTime":"x", "output" : [ ] }\n');
    const { client, job } = await given(says(200, {}, body));
    expect(await pollStatus(client, job)).toEqual({ state: "complete", manifest: body, url: job });
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
  ] satisfies [string, WireReply][])("a status 200 with %s says nothing about the job", async (_, reply) => {
    const { client, job } = await given(reply);
    await expect(pollStatus(client, job)).rejects.toMatchObject({ name: "ServerUnavailable" });
  });

  it.each([404, 410])("a status request that is answered by %i is an ExportJobGone", async (status) => {
    const { client, job } = await given(says(status, fhir, outcome("not-found", "URL Invalid")));
    await expect(pollStatus(client, job)).rejects.toMatchObject({
      name: "ExportJobGone",
      message: expect.stringContaining("URL Invalid") as string,
    });
  });

  // E12
  it.each([
    ["200 with an OperationOutcome of severity error", says(200, fhir, outcome("processing", "disk full"))],
    ["200 with one issue instead of a list", says(200, fhir, issueOf({ severity: "Fatal", diagnostics: "disk full" }))],
    [
      "400 with an error beside a warning",
      says(400, fhir, issueOf([{ severity: "warning" }, { severity: "error", diagnostics: "disk full" }])),
    ],
  ])("a status request that is answered by %s is an ExportJobFailed in the server's words", async (_, reply) => {
    const { client, job } = await given(reply);
    await expect(pollStatus(client, job)).rejects.toMatchObject({
      name: "ExportJobFailed",
      message: expect.stringContaining("disk full") as string,
    });
  });

  it.each([["information"], ["warning"]])(
    "a 200 with an OperationOutcome of severity %s is waited out",
    async (severity) => {
      const body = issueOf([{ severity, code: "informational", diagnostics: "still running" }]);
      const { client, job } = await given(says(200, { ...fhir, "retry-after": "7" }, body));
      expect(await pollStatus(client, job)).toEqual({
        state: "in-progress",
        progress: "still running",
        retryAfterMs: 7_000,
      });
    },
  );

  it.each([
    ["200 with a transient error", says(200, { ...fhir, "retry-after": "7" }, outcome("timeout", "slow"))],
    ["400 with a transient error", says(400, { ...fhir, "retry-after": "7" }, outcome("lock-error", "slow"))],
    ["403 with a warning", says(403, { ...fhir, "retry-after": "7" }, issueOf([{ severity: "warning" }]))],
    ["409 with an error and a time to come back", says(409, { ...fhir, "retry-after": "7" }, outcome("conflict", "x"))],
  ])("a status request that is answered by %s may be repeated", async (_, reply) => {
    const { client, job } = await given(reply);
    await expect(pollStatus(client, job)).rejects.toMatchObject({ name: "ServerUnavailable", retryAfterMs: 7_000 });
  });

  // E14
  it.each([400, 403, 405, 409, 418, 500, 502])(
    "a proxy's page with the status %i says nothing about the job",
    async (status) => {
      const { client, job } = await given(says(status, { "content-type": "text/html" }, "<h1>Blocked</h1>"));
      await expect(pollStatus(client, job)).rejects.toMatchObject({ name: "ServerUnavailable" });
    },
  );

  it("a proxy's page with the status 403 gets as many attempts as a busy server", async () => {
    const { client, job } = await given(says(403, {}, "<h1>Blocked</h1>"));
    await expect(pollStatus(client, job)).rejects.toMatchObject({ unexplained: false });
  });

  // E10, E20
  it.each([
    ["gzip", (body: Buffer) => gzipSync(body)],
    ["br", (body: Buffer) => brotliCompressSync(body)],
    ["identity", (body: Buffer) => Buffer.concat([Buffer.from("\ufeff"), body])],
  ])("a manifest in the coding %s is decoded, and kept as it was before", async (coding, encode) => {
    const body = Buffer.from('{ "transactionTime":"x", "output" : [ ] }\n');
    const { client, job } = await given(says(200, { "content-encoding": coding }, encode(body)));
    const status = await pollStatus(client, job);
    expect(status).toMatchObject({ state: "complete" });
    expect(status.state === "complete" && status.manifest.toString().replace("\ufeff", "")).toBe(body.toString());
  });

  it("a manifest in a coding that the bridge cannot read says so, and gets few attempts", async () => {
    const { client, job } = await given(says(200, { "content-encoding": "compress" }, "x"));
    await expect(pollStatus(client, job)).rejects.toMatchObject({
      name: "ServerUnavailable",
      message: expect.stringContaining("compress") as string,
      unexplained: true,
    });
  });

  // E11
  it("a manifest that a redirect leads to comes from the URL that answered", async () => {
    const { client, job, wire } = await given((number) =>
      number === 1 ? says(303, { location: "/files/7/manifest" }) : says(200, {}, '{"output":[]}'),
    );
    expect(await pollStatus(client, job)).toMatchObject({ url: new URL("/files/7/manifest", wire.origin) });
    expect(wire.requests.map(({ method }) => method)).toEqual(["GET", "GET"]);
  });

  // E15
  it.each([
    ["1.5", 1_500],
    ["120.0", 120_000],
    ["120, 120", 120_000],
    ["120 seconds", 120_000],
    ["2026-03-01T12:00:30Z", 30_000],
  ])("the Retry-After %j is read as %i ms", async (header, retryAfterMs) => {
    const { client, job } = await given(says(202, { "retry-after": header }));
    expect(await pollStatus(client, job)).toEqual({ state: "in-progress", progress: undefined, retryAfterMs });
  });

  it("a Retry-After that cannot be read counts as unsaid, with a warning", async () => {
    const { client, job } = await given(says(202, { "retry-after": "soon" }));
    expect(await pollStatus(client, job)).toMatchObject({
      retryAfterMs: undefined,
      warnings: { RETRY_AFTER_UNREADABLE: 1 },
    });
  });

  // E16
  it("a progress of 20,000 characters is cut, with a warning", async () => {
    const { client, job } = await given(says(202, { "x-progress": "very long ".repeat(2_000) }));
    const dispatcher = connections(client.server);
    const status = await pollStatus({ ...client, http: undiciHttp(dispatcher) }, job);
    await dispatcher.destroy();
    expect(status).toMatchObject({ state: "in-progress", warnings: { TEXT_CUT: 1 } });
    expect(status.state === "in-progress" && status.progress?.length).toBeLessThan(400);
  });

  it.each([400, 403, 500])(
    "a status request that is answered by %i with a final OperationOutcome is an ExportJobFailed",
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
  ])("a status request that is answered by %s may be repeated", async (_, reply, unexplained, retryAfterMs) => {
    const { client, job } = await given(reply);
    await expect(pollStatus(client, job)).rejects.toMatchObject({
      name: "ServerUnavailable",
      unexplained,
      retryAfterMs,
    });
  });

  it("a status request that is answered by a 503 with Retry-After may be repeated, whatever the issue's code is", async () => {
    const { client, job } = await given(says(503, { ...fhir, "retry-after": "5" }, outcome("processing", "busy")));
    await expect(pollStatus(client, job)).rejects.toMatchObject({ name: "ServerUnavailable", retryAfterMs: 5_000 });
  });

  it("a status request whose connection breaks before the headers may be repeated", async () => {
    const { client, job } = await given({ bytes: Buffer.alloc(0), end: "reset" });
    await expect(pollStatus(client, job)).rejects.toMatchObject({ name: "ServerUnavailable" });
  });

  it("a status request that is refused with 401 is repeated with a new token", async () => {
    const setting = await given((number) => (number === 1 ? says(401, {}, "<html>expired</html>") : says(202)));
    expect((await pollStatus(setting.client, setting.job)).state).toBe("in-progress");
    expect(setting.wire.requests.map(({ headers }) => headers["authorization"])).toEqual([
      "Bearer token-1",
      "Bearer token-2",
    ]);
  });

  it("a 202 with a broken body does not end the process", async () => {
    const cut: WireReply = {
      bytes: Buffer.concat([head(202, { "content-length": "90" }), Buffer.from("x")]),
      end: "reset",
    };
    const setting = await given((number) => (number === 1 ? cut : says(202)));
    expect((await pollStatus(setting.client, setting.job)).state).toBe("in-progress");
    await pollStatus(setting.client, setting.job);
    expect(setting.watched.unhandledErrors).toEqual([]);
  });
});

describe("a further page of the manifest", () => {
  it("a further page of the manifest is read like the first", async () => {
    const { client, wire } = await given(says(200, {}, '{"output":[]}'));
    const url = new URL("/page/2", wire.origin);
    const page = await readManifestPage(client, url);
    expect([page.manifest.toString(), page.url.href]).toEqual(['{"output":[]}', url.href]);
  });

  it.each([404, 410, 400])("a further page that is answered by %i does not end the job", async (status) => {
    const { client, wire } = await given(says(status, fhir, outcome("processing", "no such page")));
    await expect(readManifestPage(client, new URL("/page/2", wire.origin))).rejects.toMatchObject({
      name: "ServerUnavailable",
      message: expect.stringContaining("no such page") as string,
    });
  });

  it("a further page of the manifest is not requested from another origin", async () => {
    const { client, wire } = await given(says(200, {}, '{"output":[]}'));
    const elsewhere = new URL("http://localhost:1/page/2");
    await expect(readManifestPage(client, elsewhere)).rejects.toMatchObject({ name: "OriginRefused" });
    expect(wire.requests).toHaveLength(0);
  });

  it("a further page of the manifest that is not ready may be requested again", async () => {
    const { client, wire } = await given(says(202, { "retry-after": "4" }));
    await expect(readManifestPage(client, new URL("/page/2", wire.origin))).rejects.toMatchObject({
      name: "ServerUnavailable",
      retryAfterMs: 4_000,
    });
  });
});
