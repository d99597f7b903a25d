import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import {
  fetchNextPage,
  readResource,
  resourceSearchUrl,
  searchResources,
} from "#on-demand-api/server/resource-read.ts";
import { ReadRefused } from "#user-session/language/session-faults.ts";
import { userServer } from "#user-session/user-server.ts";
import {
  guideAccessDenied,
  guideInvalidParameter,
  guideInvalidValue,
  jsonReply,
} from "../../../fixtures/guide-answers.ts";
import { testUserClient } from "../../../fixtures/user-client.ts";
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
const patient = [{ name: "patient", value: "12900876000" }];

const bundle = (resources: unknown[], next?: string) => ({
  resourceType: "Bundle",
  type: "searchset",
  entry: resources.map((resource) => ({ resource })),
  link: [{ relation: "self", url: "x" }].concat(next === undefined ? [] : { relation: "next", url: next }),
});

describe("the URL of a search", () => {
  const vendor = userServer({ baseUrl: "https://portal.minerva.integracloud.com/" });

  it("the URL of a search is the type below the FHIR base URL, with the parameters in their order", () => {
    const url = resourceSearchUrl(vendor, "Immunization", [...patient, { name: "_count", value: "50" }]);
    expect(url.href).toBe(
      "https://portal.minerva.integracloud.com/integra/fhir/r4/Immunization?patient=12900876000&_count=50",
    );
  });

  it("plus, pipe and space are percent-encoded", () => {
    const url = resourceSearchUrl(vendor, "Observation", [
      { name: "code", value: "http://loinc.org|1 2" },
      { name: "date", value: "ge2026-01-31T00:00:00+05:30" },
    ]);
    expect(url.search).toBe("?code=http%3A%2F%2Floinc.org%7C1%202&date=ge2026-01-31T00%3A00%3A00%2B05%3A30");
  });

  it("a server that decodes the URL gets any parameter unchanged", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1 });
    fc.assert(
      fc.property(fc.array(fc.record({ name: text, value: text }), { minLength: 1 }), (parameters) => {
        const { searchParams } = resourceSearchUrl(vendor, "Observation", parameters);
        expect([...searchParams].map(([name, value]) => ({ name, value }))).toEqual(parameters);
      }),
    );
  });
});

describe("reading resources on demand", () => {
  const open: (WireServer | WatchedHttp)[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0)) await thing.close();
  });

  async function given(reply: WireReply | ((number: number) => WireReply)) {
    const wire = await startWireServer((_, number) => (typeof reply === "function" ? reply(number) : reply));
    const watched = watchedHttp();
    open.push(watched, wire);
    return { wire, client: testUserClient(watched.http, wire.origin) };
  }
  async function faultOf(reply: WireReply | ((number: number) => WireReply)): Promise<Error> {
    const { client } = await given(reply);
    const fault: unknown = await searchResources(client, "Condition", patient).catch((error: unknown) => error);
    if (fault instanceof Error) return fault;
    throw new Error("no fault");
  }

  it("a search is the guide's request, with the user's bearer token", async () => {
    const { client, wire } = await given(jsonReply(200, bundle([])));
    await searchResources(client, "Condition", patient);
    expect(wire.requests[0]).toMatchObject({
      method: "GET",
      target: "/integra/fhir/r4/Condition?patient=12900876000",
      headers: {
        authorization: "Bearer token-1",
        "content-type": "application/json",
        accept: "application/fhir+json",
      },
    });
    expect(wire.requests[0]?.headers).not.toHaveProperty("x-auth-token");
  });

  it("US Core resources are below us-core/, or where the stage's settings say", async () => {
    const { client, wire } = await given(jsonReply(200, { resourceType: "Goal", id: "1" }));
    await searchResources(client, "us-core/Goal", patient);
    await readResource(client, "us-core/Goal", "1");
    const server = { ...client.server, usCorePaths: { base: "uscore/v5", spelling: "lower-case" } } as const;
    await readResource({ ...client, server }, "us-core/Goal", "1");
    expect(wire.requests.map(({ target }) => target)).toEqual([
      "/integra/fhir/r4/us-core/Goal?patient=12900876000",
      "/integra/fhir/r4/us-core/Goal/1",
      "/integra/fhir/r4/uscore/v5/goal/1",
    ]);
  });

  it("a US Core Patient is read at the path of the patient search", async () => {
    const { client, wire } = await given(jsonReply(200, { resourceType: "Patient", id: "1" }));
    await readResource(client, "us-core/Patient", "1");
    expect(wire.requests[0]?.target).toBe("/integra/fhir/r4/us-core/patient/1");
  });

  it("a page has its bytes unchanged, and its resources", async () => {
    const text = `{ "resourceType" : "Bundle", "entry": [{"resource":{"resourceType":"Observation","id":"o1","valueQuantity":{"value":1.50,"unit":"µg"}}}] }\n`;
    const { client } = await given(says(200, fhir, text));
    const page = await searchResources(client, "Observation", patient);
    expect(page.bytes.toString("utf8")).toBe(text);
    expect(page).toMatchObject({ contentType: "application/fhir+json", next: undefined });
    expect(page.resources).toMatchObject([{ resourceType: "Observation", id: "o1" }]);
  });

  it.each([
    ["an empty Bundle", bundle([]), 0],
    ["a Bundle without entries", { resourceType: "Bundle" }, 0],
    ["a bare resource instead of a Bundle", { resourceType: "Condition", id: "c1" }, 1],
    ["an entry that is an OperationOutcome", bundle([{ resourceType: "OperationOutcome", issue: [] }]), 1],
  ])("%s is accepted", async (_, body, count) => {
    const { client } = await given(jsonReply(200, body));
    expect((await searchResources(client, "Condition", patient)).resources).toHaveLength(count);
  });

  describe("the next page", () => {
    it.each([
      ["?page=2&_id=a%7Cb", "/integra/fhir/r4/Condition?page=2&_id=a%7Cb"],
      ["/integra/fhir/r4?_getpages=9", "/integra/fhir/r4?_getpages=9"],
      ["\n/integra/fhir/r4?_get\npages=9", "/integra/fhir/r4?_getpages=9"],
    ])("the link %j leads to the next page on the server", async (link, target) => {
      const { client, wire } = await given(jsonReply(200, bundle([], link)));
      const { next: url } = await searchResources(client, "Condition", patient);
      if (url === undefined) throw new Error("no next page");
      await fetchNextPage(client, url);
      expect(wire.requests[1]).toMatchObject({ target, headers: { authorization: "Bearer token-1" } });
    });

    it.each(["https://elsewhere.example/r4?page=2", "//elsewhere.example/x", "file:///etc/passwd", "http://["])(
      "a link to %s is not followed",
      async (link) => {
        const { client } = await given(jsonReply(200, bundle([], link)));
        const page = searchResources(client, "Condition", patient);
        await expect(page).rejects.toMatchObject({ name: "OriginRefused" });
      },
    );

    it.each(["blob:", "user@"])("a link that only looks like the server's is refused: %s", async (trick) => {
      const setting = await given(() => {
        const { origin, host } = new URL(setting.wire.origin);
        return jsonReply(200, bundle([], trick === "blob:" ? `blob:${origin}/x` : `http://user@${host}/x`));
      });
      const page = searchResources(setting.client, "Condition", patient);
      await expect(page).rejects.toMatchObject({ name: "OriginRefused" });
    });

    it("a further page is never fetched from another origin, whoever passes the URL", async () => {
      const { client, wire } = await given(jsonReply(200, bundle([])));
      const elsewhere = new URL("https://elsewhere.example/r4?patient=12900876000");
      const fault: unknown = await fetchNextPage(client, elsewhere).catch((error: unknown) => error);
      expect(fault).toMatchObject({ name: "OriginRefused" });
      expect((fault as Error).message).not.toContain("12900876000");
      expect(wire.requests).toEqual([]);
    });
  });

  describe("a refusal", () => {
    it.each([
      ["the guide's 400", guideInvalidParameter, "invalid-parameter", 400, "INVALID_SEARCH_PARAMETER : pat,"],
      ["the guide's 403", guideInvalidValue, "invalid-value", 403, "INVALID_SEARCH_PARAMETER: for key [gender]"],
      [
        "another 403",
        says(403, {}, "<h1>HTTP Status 403 - Forbidden</h1>"),
        "forbidden",
        403,
        "HTTP Status 403 - Forbidden",
      ],
      ["a 404", says(404), "not-found", 404, ""],
      ["a 410", says(410), "not-found", 410, ""],
      ["a 406", says(406), "other", 406, ""],
    ] satisfies [string, WireReply, string, number, string][])(
      "the fault of %s has the server's diagnostics",
      async (_, reply, refusal, status, diagnostics) => {
        expect(await faultOf(reply)).toMatchObject({ name: "ReadRefused", refusal, status, diagnostics });
      },
    );

    it("the message of a refusal contains neither the request nor the server's text", async () => {
      const text = "Patient 12900876000 is not yours";
      const fault = await faultOf(says(403, {}, text));
      expect(fault.message).toBe("the server answered the search for Condition with HTTP 403");
      expect(fault).toBeInstanceOf(ReadRefused);
      expect(fault).toMatchObject({ diagnostics: text });
    });
  });

  it.each([
    ["a 500", says(500, {}, "<h1>HTTP Status 500 - patient 12900876000</h1>")],
    ["a 503", says(503)],
    ["a 429", says(429)],
    ["a redirect that goes round in circles", says(302, { location: "?again" })],
    ["a 204", says(204)],
    ["a page of HTML with status 200", says(200, {}, "<html>patient 12900876000</html>")],
    ["an OperationOutcome with status 200", jsonReply(200, { resourceType: "OperationOutcome", issue: [] })],
    [
      "a Bundle with an entry that holds nothing",
      jsonReply(200, { resourceType: "Bundle", entry: [{ fullUrl: "x" }] }),
    ],
    ["no resource", jsonReply(200, { message: "ok" })],
    ["a cut body", { bytes: Buffer.concat([head(200, { "content-length": "90" }), Buffer.from("{")]), end: "reset" }],
  ] satisfies [string, WireReply][])(
    "%s is a temporary fault, whose message does not repeat the answer",
    async (_, reply) => {
      const fault = await faultOf(reply);
      expect(fault).toMatchObject({ name: "ServerUnavailable" });
      expect(fault.message).not.toContain("12900876000");
    },
  );

  it("the fault of a busy server carries its Retry-After", async () => {
    expect(await faultOf(says(429, { "retry-after": "30" }))).toMatchObject({ retryAfterMs: 30_000 });
  });

  it("after the guide's 401 a request is repeated once, with a new token", async () => {
    const { client, wire } = await given((number) => (number === 1 ? guideAccessDenied : jsonReply(200, bundle([]))));
    await searchResources(client, "Condition", patient);
    expect(wire.requests.map(({ headers }) => headers["authorization"])).toEqual(["Bearer token-1", "Bearer token-2"]);
    expect(await faultOf(guideAccessDenied)).toMatchObject({
      name: "AccessRefused",
      message: "the server refused a new access token at the search for Condition: HTTP 401",
    });
  });

  describe("one resource", () => {
    it("a resource is read by its id and passed on unchanged", async () => {
      const { client, wire } = await given(says(200, fhir, '{"resourceType":"Location","id":"l.1"}'));
      const page = await readResource(client, "Location", "l.1");
      expect(page.bytes.toString()).toBe('{"resourceType":"Location","id":"l.1"}');
      expect(wire.requests[0]?.target).toBe("/integra/fhir/r4/Location/l.1");
    });

    it.each([
      ["another id", { resourceType: "Patient", id: "2" }],
      ["another type", { resourceType: "Person", id: "1" }],
      ["no id", { resourceType: "Patient" }],
      [
        "a Bundle of others",
        bundle([
          { resourceType: "Patient", id: "1" },
          { resourceType: "Patient", id: "2" },
        ]),
      ],
      ["an empty Bundle", bundle([])],
    ])("%s is not accepted as the requested resource", async (_, body) => {
      const { client } = await given(jsonReply(200, body));
      await expect(readResource(client, "Patient", "1")).rejects.toMatchObject({ name: "ServerUnavailable" });
    });

    it("the fault of a missing resource does not contain its id", async () => {
      const { client } = await given(says(404));
      const fault: unknown = await readResource(client, "Patient", "12900876000").catch((error: unknown) => error);
      expect(fault).toMatchObject({ name: "ReadRefused", refusal: "not-found" });
      expect((fault as Error).message).toBe("the server answered the read of one Patient with HTTP 404");
    });
  });
});
