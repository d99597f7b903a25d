import { describe, expect, it } from "vitest";
import { cursors } from "#on-demand-api/fhir-api/cursors.ts";
import { type FhirApiPorts, fhirApi } from "#on-demand-api/fhir-api/fhir-api.ts";
import type { ApiRequest } from "#on-demand-api/gateway/api.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import type { FhirPage } from "#user-session/fhir-page.ts";
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

/** The API with a server that answers each question with the same page; what it was asked is kept. */
function apiWith(page: FhirPage) {
  const asked: unknown[][] = [];
  const answer =
    (question: string) =>
    (...parameters: unknown[]) => {
      asked.push([question, ...parameters.filter((parameter) => parameter !== signal)]);
      return Promise.resolve(page);
    };
  const ports: FhirApiPorts = {
    searchPatients: answer("patients"),
    searchResources: answer("search"),
    readResource: answer("read"),
    nextPage: answer("next"),
    cursors: () => Promise.resolve(cursors("s".repeat(64), () => 0)),
    apiUrl: "https://api.example",
  };
  const ask = (route: string, more: Partial<ApiRequest> = {}) =>
    asDescribed(
      route,
      fhirApi(ports)(
        { route, caller: "clara", path: {}, queryString: "", headers: {}, body: Buffer.alloc(0), ...more },
        { signal },
      ),
    );
  const problemOf = async (...call: Parameters<typeof ask>): Promise<ApiProblem> => {
    const fault = await ask(...call).catch((error: unknown) => error);
    if (fault instanceof ApiProblem) return fault;
    throw new Error("a problem was expected", { cause: fault });
  };
  return { ask, asked, problemOf };
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
  ])("%s asks for patients by the parameters, decoded", async (route, request, endpoint) => {
    const { ask, asked } = apiWith(bare);
    const answer = await ask(route, request);
    expect(asked).toEqual([["patients", endpoint, { gender: "male", birthdate: "2001-02-03" }]]);
    expect(answer).toEqual({ status: 200, headers: { "content-type": "application/fhir+json" }, body: bare.bytes });
  });

  it("of another type hands on names as they are, repeated ones in their order", async () => {
    const { ask, asked } = apiWith(bundle([]));
    const queryString = "patient=1&date=ge2020&date=lt2021&code=http%3A%2F%2Floinc.org%7C1%2B2";
    await ask("GET /fhir/{resourceType}", { path: { resourceType: "Observation" }, queryString });
    expect(asked).toEqual([
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

  it("gets its further pages through a cursor: relative links, and those with white space, too", async () => {
    const links = [
      { relation: "self", url: "https://portal.example/secret" },
      { relation: "next", url: " ../r4?_getpages=1&\n_getpagesoffset=2" },
    ];
    const { ask, asked } = apiWith(bundle(links));
    const path = { resourceType: "Observation" };
    const first = await ask("GET /fhir/{resourceType}", { path, queryString: "patient=1" });
    const [self, next] = linksIn(first.body);
    expect(self).toEqual({ relation: "self", url: "https://api.example/fhir/Observation?patient=1" });
    expect(next?.url).toMatch(/^https:\/\/api\.example\/fhir\/Observation\?_cursor=[\w-]+$/);
    expect(first.body.toString("utf8")).not.toContain("portal.example");
    const queryString = new URL(next?.url ?? "").search.slice(1);
    await ask("GET /fhir/{resourceType}", { path, queryString });
    expect(asked[1]).toEqual(["next", new URL("https://portal.example/integra/fhir/r4?_getpages=1&_getpagesoffset=2")]);
  });

  it("by POST leaves what was asked out of every link, and is paged by GET", async () => {
    const links = ["self", "next"].map((relation) => ({ relation, url: "?family=Ode" }));
    const { ask, asked } = apiWith(bundle(links));
    const { body } = await ask("POST /fhir/Patient/_search", { headers: form, body: Buffer.from("family=Ode") });
    expect(body.toString("utf8")).not.toContain("Ode");
    const next = linksIn(body)[1]?.url ?? "";
    await ask("GET /fhir/Patient", { queryString: new URL(next).search.slice(1) });
    expect(asked[1]?.[0]).toBe("next");
  });
});

describe("a read", () => {
  it("asks for that resource, and changes nothing of it", async () => {
    const { ask, asked } = apiWith(bare);
    const answer = await ask("GET /fhir/{resourceType}/{id}", { path: { resourceType: "Task", id: "a-1" } });
    expect([asked, answer.body]).toEqual([[["read", "Task", "a-1"]], bare.bytes]);
  });
});

describe("what is refused before the server is asked", () => {
  const observation = { path: { resourceType: "Observation" } };
  it.each<[string, Partial<ApiRequest>, number, string]>([
    ["GET /fhir/Patient", { queryString: "name=x&gender=male" }, 400, "name is not a parameter of this search"],
    ["GET /fhir/Patient", { queryString: "gender=male&gender=female" }, 400, "gender comes more than once"],
    ["GET /fhir/Patient", { queryString: "gender=" }, 400, "gender is empty"],
    ["GET /fhir/Patient", {}, 400, "at least one search parameter"],
    ["GET /fhir/Patient", { queryString: "_cursor=x&gender=male" }, 400, "nothing may stand beside it"],
    ["GET /fhir/Patient", { queryString: "_cursor=x" }, 400, "_cursor is not one that you were given"],
    ["POST /fhir/Patient/_search", { headers: form, queryString: "gender=male" }, 400, "gender is not a parameter"],
    ["POST /fhir/Patient/_search", { body: Buffer.from("{}") }, 415, "x-www-form-urlencoded"],
    ["GET /fhir/{resourceType}", { ...observation, queryString: "patient=" }, 400, "patient is empty"],
    ["GET /fhir/{resourceType}", { ...observation, queryString: "a%20b=1" }, 400, "is no name"],
    ["GET /fhir/{resourceType}", { ...observation, queryString: "a=1&".repeat(51) }, 400, "more than 50"],
    ...["patient=1", "patient:Patient=1", "patient.name=x"].map((queryString): [string, object, number, string] => [
      "GET /fhir/{resourceType}",
      { path: { resourceType: "Medication" }, queryString },
      400,
      "Medication has no parameter patient",
    ]),
    ["GET /fhir/{resourceType}", { path: { resourceType: "Binary" } }, 404, "AllergyIntolerance"],
    ["GET /fhir/{resourceType}/{id}", { path: { resourceType: "Task", id: ".." } }, 400, "must not be . or .."],
    ["GET /fhir/{resourceType}/{id}", { path: { resourceType: "Task", id: "1" }, queryString: "x=1" }, 400, "x is not"],
  ])("%s with %o", async (route, request, status, words) => {
    const { problemOf, asked } = apiWith(bundle([]));
    const problem = await problemOf(route, request);
    expect([problem.status, problem.detail]).toEqual([status, expect.stringContaining(words)]);
    expect(asked).toEqual([]);
  });
});
