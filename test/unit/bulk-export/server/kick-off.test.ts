import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { ExportRequest } from "#bulk-export/language/export-request.ts";
import { integraServer } from "#bulk-export/server/integra-server.ts";
import { kickOff, kickOffUrl } from "#bulk-export/server/kick-off.ts";
import { testClient } from "../../../fixtures/integra-client.ts";
import {
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

const open: (WireServer | WatchedHttp)[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

async function given(reply: WireReply | ((number: number) => WireReply)) {
  const wire = await startWireServer((_, number) => (typeof reply === "function" ? reply(number) : reply));
  const watched = watchedHttp();
  open.push(watched, wire);
  return { wire, client: testClient(watched.http, wire.origin) };
}

describe("the kick-off URL", () => {
  const base = "https://portal.minerva.integracloud.com/integra/fhir-export/r4/bulkExport";

  it.each([
    ["patient", { level: "patient" }, "/Patient/$export"],
    ["group", { level: "group", groupId: "275131468" }, "/Group/275131468/$export"],
    ["system", { level: "system" }, "/$export"],
  ] satisfies [string, Partial<ExportRequest> & Pick<ExportRequest, "level">, string][])(
    "the kick-off URL of level %s is the guide's",
    (_, request, path) => {
      expect(kickOffUrl(vendor, { ...request, outputFormat }).href).toBe(
        `${base}${path}?_outputFormat=application%2Ffhir%2Bndjson`,
      );
    },
  );

  it("the kick-off URL percent-encodes plus, pipe and comma", () => {
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

  it("a server that decodes the kick-off URL gets every value unchanged", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (types) => {
        const url = kickOffUrl(vendor, { level: "patient", types, outputFormat });
        expect(url.searchParams.get("_type")).toBe(types.join(","));
        expect(url.searchParams.get("_outputFormat")).toBe(outputFormat);
        expect([...url.searchParams.keys()]).toEqual(["_outputFormat", "_type"]);
      }),
    );
  });

  it("a group's id never changes the path of the kick-off URL", () => {
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

describe("a kick-off", () => {
  it("a kick-off has the guide's headers and a bearer token", async () => {
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

  it("an accepted kick-off has the job's status URL and the server's Retry-After", async () => {
    const { client, wire } = await given(accepted({ "content-location": "/jobs/7", "retry-after": "30" }));
    const started = await kickOff(client, patientRequest);
    expect(started).toEqual({ statusUrl: new URL("/jobs/7", wire.origin), retryAfterMs: 30_000 });
  });

  it("an absolute Content-Location on the server's own origin is accepted", async () => {
    const setting = await given(() => accepted({ "content-location": `${setting.wire.origin}/jobs/8` }));
    expect((await kickOff(setting.client, patientRequest)).statusUrl.pathname).toBe("/jobs/8");
  });

  it.each(["https://elsewhere.example/jobs/7", "//elsewhere.example/jobs/7", "file:///etc/passwd", "http://["])(
    "the Content-Location %s is refused",
    async (location) => {
      const { client } = await given(accepted({ "content-location": location }));
      await expect(kickOff(client, patientRequest)).rejects.toMatchObject({ name: "OriginRefused" });
    },
  );

  // E17
  it.each([200, 201, 202])("a kick-off that is answered by %i with a Content-Location is accepted", async (status) => {
    const { client, wire } = await given(says(status, { "content-location": "/jobs/7" }, "{}"));
    expect((await kickOff(client, patientRequest)).statusUrl.href).toBe(`${wire.origin}/jobs/7`);
    expect(wire.requests).toHaveLength(1);
  });

  it.each([
    ["200", says(200, fhir, outcome("processing", "no room"))],
    ["201", says(201, {}, "<html>no room</html>")],
    ["202", accepted({})],
    ["202 and a blank one", accepted({ "content-location": " " })],
  ])("a kick-off that is answered by %s without a Content-Location is a KickOffRejected", async (_, reply) => {
    const { client } = await given(reply);
    await expect(kickOff(client, patientRequest)).rejects.toMatchObject({
      name: "KickOffRejected",
      message: expect.stringContaining("Content-Location") as string,
    });
  });

  it("an OperationOutcome without a Content-Location is quoted", async () => {
    const { client } = await given(says(200, fhir, outcome("processing", "no room")));
    await expect(kickOff(client, patientRequest)).rejects.toThrow("no room");
  });

  // E6, E11
  it("a Content-Location is relative to where the answer came from, and is encoded", async () => {
    const { client, wire } = await given((number) =>
      number === 1
        ? says(307, { location: "/other/folder/export" })
        : accepted({ "content-location": "jobs/7?trace=a|b+c" }),
    );
    expect((await kickOff(client, patientRequest)).statusUrl.href).toBe(
      `${wire.origin}/other/folder/jobs/7?trace=a%7Cb%2Bc`,
    );
  });

  // E15
  it("a Retry-After that cannot be read counts as unsaid, with a warning", async () => {
    const { client } = await given(accepted({ "content-location": "/jobs/7", "retry-after": "soon" }));
    expect(await kickOff(client, patientRequest)).toMatchObject({
      retryAfterMs: undefined,
      warnings: { RETRY_AFTER_UNREADABLE: 1 },
    });
  });

  it.each([
    [400, says(400, fhir, outcome("invalid", "Invalid search parameter")), "Invalid search parameter"],
    [403, says(403, {}, "no"), "403"],
    [404, says(404, {}, "<html><h1>Not Found</h1></html>"), "HTTP 404"],
    [500, says(500, fhir, outcome("not-supported", "_type is unknown")), "_type is unknown"],
  ])(
    "a kick-off that is answered by a final %i is a KickOffRejected with the server's words",
    async (_, reply, words) => {
      const { client } = await given(reply);
      await expect(kickOff(client, patientRequest)).rejects.toMatchObject({
        name: "KickOffRejected",
        message: expect.stringContaining(words) as string,
      });
    },
  );

  it.each([
    ["a token", 'bad token "token-1"', "token-1"],
    ["a token in a URL's path", "no access to https://portal.example/t/token-1/x", "token-1"],
    ["a URL's query", "cannot read https://portal.example/x?patient=Jane", "Jane"],
    ["another client's token", "the token is aB3dE6gH9jK2mN5pQ8sT1vW4", "aB3dE6gH9jK2mN5pQ8sT1vW4"],
  ])("a refusal that quotes %s is repeated without the quoted value", async (_, words, secret) => {
    const { client } = await given(says(403, fhir, outcome("forbidden", `${words} (sorry)`)));
    const fault = await kickOff(client, patientRequest).catch((error: unknown) => error);
    expect(fault).toMatchObject({ message: expect.stringContaining("(sorry)") as string });
    expect((fault as Error).message).not.toContain(secret);
  });

  it("a refusal that is an HTML page is not quoted", async () => {
    const { client } = await given(says(403, {}, "<html><h1>Jane Doe</h1>may not do this</html>"));
    await expect(kickOff(client, patientRequest)).rejects.toThrow(/^the server answered the kick-off with HTTP 403$/);
  });

  it.each([
    [429, says(429, { "retry-after": "17" }), 17_000, false],
    [503, says(503, { "retry-after": "18" }), 18_000, false],
    [500, says(500, fhir, outcome("transient", "try later")), undefined, false],
    [500, says(500, {}, "oops"), undefined, true],
  ])("a kick-off that is answered by a temporary %i may be repeated", async (_, reply, retryAfterMs, unexplained) => {
    const { client } = await given(reply);
    await expect(kickOff(client, patientRequest)).rejects.toMatchObject({
      name: "ServerUnavailable",
      retryAfterMs,
      unexplained,
    });
  });

  it("a kick-off that is answered by a 503 with Retry-After may be repeated, whatever the issue's code is", async () => {
    const { client } = await given(says(503, { ...fhir, "retry-after": "5" }, outcome("processing", "busy")));
    await expect(kickOff(client, patientRequest)).rejects.toMatchObject({
      name: "ServerUnavailable",
      retryAfterMs: 5_000,
    });
  });
});
