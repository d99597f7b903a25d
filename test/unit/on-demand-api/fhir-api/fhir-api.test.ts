import { describe, expect, it } from "vitest";
import { createCursors } from "#on-demand-api/fhir-api/cursors.ts";
import { type FhirApiPorts, type FhirSession, serveFhirApi } from "#on-demand-api/fhir-api/fhir-api.ts";
import type { ApiRequest } from "#on-demand-api/gateway/api.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import { usCoreType } from "#on-demand-api/language/us-core-types.ts";
import type { FhirPage } from "#user-session/fhir-page.ts";
import { apiRequest } from "../../../fixtures/api-request.ts";
import { asDescribed } from "../../../fixtures/described-answers.ts";

const { signal } = new AbortController();
const bundleAt = new URL("https://portal.example/integra/fhir/r4/Observation");

const bundle = (links: { relation: string; url: string }[]): FhirPage => ({
  bytes: Buffer.from(JSON.stringify({ resourceType: "Bundle", link: links })),
  contentType: "application/fhir+json;charset=UTF-8",
  resources: [],
  next: undefined,
  bundleAt,
});

/** The API with a server that answers each call with the same page. `sent` keeps the calls. */
function apiWith(page: FhirPage, own: Partial<FhirSession> = {}) {
  const sent: unknown[][] = [];
  const answer =
    (call: string) =>
    (...parameters: unknown[]) => {
      sent.push([call, ...parameters.filter((parameter) => parameter !== signal)]);
      return Promise.resolve(page);
    };
  const session: FhirSession = {
    sessionId: "service",
    linkId: null,
    patient: null,
    fhirUrl: new URL("https://portal.example/integra/fhir/r4/"),
    searchPatients: answer("patients"),
    searchResources: answer("search"),
    readResource: answer("read"),
    fetchNextPage: answer("next"),
    ...own,
  };
  const ports: FhirApiPorts = {
    findSession: () => Promise.resolve(session),
    cursors: () => Promise.resolve(createCursors("s".repeat(64), () => 0)),
    apiUrl: "https://api.example",
  };
  const call = (route: string, more: Partial<ApiRequest> = {}) =>
    asDescribed(route, serveFhirApi(ports)(apiRequest(route, more), { signal }));
  const problemOf = async (...request: Parameters<typeof call>): Promise<ApiProblem> => {
    const fault = await call(...request).catch((error: unknown) => error);
    if (fault instanceof ApiProblem) return fault;
    throw new Error("a problem was expected", { cause: fault });
  };
  return { call, sent, problemOf };
}

const bare: FhirPage = {
  bytes: Buffer.from('{"resourceType":"Patient","id":"1","link":[{"relation":"x","url":"y"}]}'),
  contentType: undefined,
  resources: [],
  next: undefined,
  bundleAt: undefined,
};
const form = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
const linksIn = (body: Buffer) =>
  (JSON.parse(body.toString("utf8")) as { link: { relation: string; url: string }[] }).link;

describe("a search", () => {
  it.each([
    ["GET /fhir/Patient", { queryString: "gender=male&birthdate=2001-02-03" }, "r4"],
    ["GET /fhir/us-core/Patient", { queryString: "gender=male&birthdate=2001-02-03" }, "us-core"],
    ["POST /fhir/Patient/_search", { headers: form, body: Buffer.from("gender=male&birthdate=2001-02-03") }, "r4"],
  ])("%s sends the decoded parameters to the patient search", async (route, request, endpoint) => {
    const { call, sent } = apiWith(bare);
    const answer = await call(route, request);
    expect(sent).toEqual([["patients", endpoint, { gender: "male", birthdate: "2001-02-03" }]]);
    expect(answer).toEqual({ status: 200, headers: { "content-type": "application/fhir+json" }, body: bare.bytes });
  });

  it("a search for resources passes on its parameter names unchanged, repeated ones in their order", async () => {
    const { call, sent } = apiWith(bundle([]));
    const queryString = "patient=1&date=ge2020&date=lt2021&code=http%3A%2F%2Floinc.org%7C1%2B2";
    await call("GET /fhir/{resourceType}", { path: { resourceType: "Observation" }, queryString });
    expect(sent).toEqual([
      [
        "search",
        "Observation",
        [
          { name: "patient", value: "1" },
          { name: "date", value: "ge2020" },
          { name: "date", value: "lt2021" },
          { name: "code", value: "http://loinc.org|1+2" },
        ],
      ],
    ]);
  });

  it("a further page is fetched by its cursor, even if the server's link is relative or has white space", async () => {
    const links = [
      { relation: "self", url: "https://portal.example/secret" },
      { relation: "next", url: " ../r4?_getpages=1&\n_getpagesoffset=2" },
    ];
    const { call, sent } = apiWith(bundle(links));
    const path = { resourceType: "Observation" };
    const first = await call("GET /fhir/{resourceType}", { path, queryString: "patient=1" });
    const [self, next] = linksIn(first.body);
    expect(self).toEqual({ relation: "self", url: "https://api.example/fhir/Observation?patient=1" });
    expect(next?.url).toMatch(/^https:\/\/api\.example\/fhir\/Observation\?_cursor=[\w-]+$/);
    expect(first.body.toString("utf8")).not.toContain("portal.example");
    const queryString = new URL(next?.url ?? "").search.slice(1);
    await call("GET /fhir/{resourceType}", { path, queryString });
    expect(sent[1]).toEqual(["next", new URL("https://portal.example/integra/fhir/r4?_getpages=1&_getpagesoffset=2")]);
  });

  it("a search by US Core is paged below us-core, and its cursor is for no other search", async () => {
    const { call, sent, problemOf } = apiWith(bundle([{ relation: "next", url: "?page=2" }]));
    const path = { resourceType: "Condition" };
    const { body } = await call("GET /fhir/us-core/{resourceType}", { path, queryString: "patient=1" });
    const [next] = linksIn(body);
    expect(next?.url).toMatch(/^https:\/\/api\.example\/fhir\/us-core\/Condition\?_cursor=[\w-]+$/);
    const queryString = new URL(next?.url ?? "").search.slice(1);
    await call("GET /fhir/us-core/{resourceType}", { path, queryString });
    expect((await problemOf("GET /fhir/{resourceType}", { path, queryString })).status).toBe(400);
    expect(sent.map(([name, resources]) => [name, String(resources)])).toEqual([
      ["search", "us-core/Condition"],
      ["next", `${bundleAt.href}?page=2`],
    ]);
  });

  it("a search for Patient by US Core is a patient search, whichever route it comes by", async () => {
    const { call, sent } = apiWith(bare);
    const path = { resourceType: "Patient" };
    await call("GET /fhir/us-core/{resourceType}", { path, queryString: "gender=male" });
    expect(sent).toEqual([["patients", "us-core", { gender: "male" }]]);
  });

  it("a patient search by POST keeps its parameters out of every link, and is paged by GET", async () => {
    const links = ["self", "next"].map((relation) => ({ relation, url: "?family=Quillfeather" }));
    const { call, sent } = apiWith(bundle(links));
    const { body } = await call("POST /fhir/Patient/_search", {
      headers: form,
      body: Buffer.from("family=Quillfeather"),
    });
    expect(body.toString("utf8")).not.toContain("Quillfeather");
    const next = linksIn(body)[1]?.url ?? "";
    await call("GET /fhir/Patient", { queryString: new URL(next).search.slice(1) });
    expect(sent[1]?.[0]).toBe("next");
  });
});

describe("a read", () => {
  it("a read fetches the one resource, and passes it on unchanged", async () => {
    const { call, sent } = apiWith(bare);
    const answer = await call("GET /fhir/{resourceType}/{id}", { path: { resourceType: "Task", id: "a-1" } });
    expect([sent, answer.body]).toEqual([[["read", "Task", "a-1"]], bare.bytes]);
  });

  it.each(usCoreType.options)("a read of one %s by US Core fetches it below us-core", async (resourceType) => {
    const { call, sent } = apiWith(bare);
    const answer = await call("GET /fhir/us-core/{resourceType}/{id}", { path: { resourceType, id: "a-1" } });
    expect([sent, answer.body]).toEqual([[["read", `us-core/${resourceType}`, "a-1"]], bare.bytes]);
  });
});

describe("a call that is refused before any request to the server", () => {
  const observation = { path: { resourceType: "Observation" } };
  it.each<[string, Partial<ApiRequest>, number, string]>([
    ["GET /fhir/Patient", { queryString: "name=x&gender=male" }, 400, "name is not a parameter of this search"],
    ["GET /fhir/Patient", { queryString: "gender=male&gender=female" }, 400, "gender is sent more than once"],
    ["GET /fhir/Patient", { queryString: "gender=" }, 400, "gender is empty"],
    ["GET /fhir/Patient", {}, 400, "at least one search parameter"],
    ["GET /fhir/Patient", { queryString: "_cursor=x&gender=male" }, 400, "send no other parameter with it"],
    ["GET /fhir/Patient", { queryString: "_cursor=x" }, 400, "did not give you this _cursor"],
    ["POST /fhir/Patient/_search", { headers: form, queryString: "gender=male" }, 400, "gender is not a parameter"],
    ["POST /fhir/Patient/_search", { body: Buffer.from("{}") }, 415, "x-www-form-urlencoded"],
    ["GET /fhir/{resourceType}", { ...observation, queryString: "patient=" }, 400, "patient is empty"],
    ["GET /fhir/{resourceType}", { ...observation, queryString: "a%20b=1" }, 400, "is not a valid name"],
    ["GET /fhir/{resourceType}", { ...observation, queryString: "a=1&".repeat(51) }, 400, "more than 50"],
    ...["patient=1", "patient:Patient=1", "patient.name=x"].map((queryString): [string, object, number, string] => [
      "GET /fhir/{resourceType}",
      { path: { resourceType: "Medication" }, queryString },
      400,
      "Medication has no parameter patient",
    ]),
    ["GET /fhir/{resourceType}", { path: { resourceType: "Binary" } }, 404, "AllergyIntolerance"],
    ["GET /fhir/us-core/{resourceType}", { path: { resourceType: "Task" } }, 404, "Practitioner, PractitionerRole"],
    ["GET /fhir/us-core/{resourceType}/{id}", { path: { resourceType: "Task", id: "1" } }, 404, "The types are"],
    [
      "GET /fhir/us-core/{resourceType}",
      { path: { resourceType: "Location" }, queryString: "patient=1" },
      400,
      "Location has no parameter patient",
    ],
    ["GET /fhir/{resourceType}/{id}", { path: { resourceType: "us-core", id: "Goal" } }, 404, "The types are"],
    ["GET /fhir/{resourceType}/{id}", { path: { resourceType: "Task", id: ".." } }, 400, "must not be . or .."],
    ["GET /fhir/{resourceType}/{id}", { path: { resourceType: "Task", id: "1" }, queryString: "x=1" }, 400, "x is not"],
  ])("%s with %o is refused without a request to the server", async (route, request, status, detail) => {
    const { problemOf, sent } = apiWith(bundle([]));
    const problem = await problemOf(route, request);
    expect([problem.status, problem.detail]).toEqual([status, expect.stringContaining(detail)]);
    expect(sent).toEqual([]);
  });
});
