import { describe, expect, it } from "vitest";
import { callerOf } from "#on-demand-api/gateway/api-caller.ts";
import { problemResponse } from "#on-demand-api/gateway/api-response.ts";
import { ApiProblem, problemOf } from "#on-demand-api/language/api-problem.ts";
import { type ApiRouteKey, apiRoutes } from "#on-demand-api/language/api-routes.ts";
import { openApiDocument } from "#on-demand-api/openapi/openapi.ts";
import { AccessRefused, OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { ReadRefused, SessionDead, SessionSecretUnusable } from "#user-session/language/session-faults.ts";
import { describedAt, expectDescribed } from "../../../fixtures/described-answers.ts";

const closedRoutes = (Object.keys(apiRoutes) as ApiRouteKey[]).filter((key) => !apiRoutes[key].open);
/** The routes whose function sends requests to IntegraConnect before it responds, and fails if they fail. */
const requesting = closedRoutes.filter((key) => !/^GET \/ccd-requests| \/links| \/exports| \/health/.test(key));

const refusals = {
  "invalid-parameter": 400,
  "invalid-value": 403,
  forbidden: 403,
  "not-found": 404,
  other: 405,
} as const;
const serverFaults: Error[] = [
  ...Object.entries(refusals).map(
    ([refusal, status]) =>
      new ReadRefused("refused", { refusal: refusal as keyof typeof refusals, status, diagnostics: "its text" }),
  ),
  new ReadRefused("refused", { refusal: "not-found", status: 410, diagnostics: "gone" }),
  new SessionDead("it ended", { refusal: "grant-refused" }),
  new SessionSecretUnusable("put it"),
  new ServerUnavailable("busy", { retryAfterMs: 1_500 }),
  new AccessRefused("our token"),
  new OriginRefused("elsewhere"),
];

/** The response of a route whose function throws. */
const responseTo = (route: string, fault: unknown) => problemResponse(problemOf(fault), route, "call-1");

/** The fault of a caller that no authorizer identified. */
function unknownCaller(): unknown {
  try {
    return callerOf(undefined, { authorizer: "iam", callers: "sessions" });
  } catch (fault) {
    return fault;
  }
}

describe("the responses in the description", () => {
  it.each(requesting)("the description of %s has the response to each fault of IntegraConnect", (route) => {
    for (const fault of serverFaults) expectDescribed(route, responseTo(route, fault));
  });

  it.each(closedRoutes)(
    "the description of %s has the responses to an unknown caller and to an unexpected error",
    (route) => {
      expectDescribed(route, responseTo(route, unknownCaller()));
      expectDescribed(route, responseTo(route, new Error("unexpected")));
    },
  );

  it.each(closedRoutes)("the description of %s has the responses of API Gateway itself", (route) => {
    for (const status of [401, 403, 429, 500, 503]) {
      const body = Buffer.from('{"message":"Too Many Requests"}');
      expectDescribed(route, { status, headers: { "content-type": "application/json" }, body });
    }
  });

  it("the check finds a status, a body, a media type and a header that are not described", () => {
    const teapot = new ApiProblem("A teapot", { status: 418, issue: "exception", detail: "Tea?" });
    const response = responseTo("POST /ccd-requests", teapot);
    expect(() => expectDescribed("POST /ccd-requests", response)).toThrow("418");
    const ended = responseTo("POST /ccd-requests", new SessionDead("it ended", { refusal: "grant-refused" }));
    expect(() => expectDescribed("POST /ccd-requests", { ...ended, body: Buffer.from('{"status":503}') })).toThrow(
      "required property 'type'",
    );
    expect(() => expectDescribed("GET /fhir/Patient", ended)).toThrow("application/problem+json");
    const unknownHeader = { ...ended, headers: { ...ended.headers, "x-more": "1" } };
    expect(() => expectDescribed("POST /ccd-requests", unknownHeader)).toThrow("x-more");
  });
});

describe("the description", () => {
  it("each component of the description is referenced", () => {
    const text = JSON.stringify(openApiDocument());
    const places = ["headers", "responses", "schemas"].flatMap((kind) =>
      Object.keys(describedAt(`/components/${kind}`) as object).map((name) => `#/components/${kind}/${name}`),
    );
    expect(places.filter((place) => !text.includes(`"${place}"`))).toEqual([]);
  });
});
