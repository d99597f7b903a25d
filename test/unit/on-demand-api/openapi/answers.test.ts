import { describe, expect, it } from "vitest";
import { problemAnswer } from "#on-demand-api/gateway/api-answer.ts";
import { callerOf } from "#on-demand-api/gateway/api-caller.ts";
import { ApiProblem, problemOf } from "#on-demand-api/language/api-problem.ts";
import { type ApiRouteKey, apiRoutes } from "#on-demand-api/language/api-routes.ts";
import { openApiDocument } from "#on-demand-api/openapi/openapi.ts";
import { AccessRefused, OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { ReadRefused, SessionDead, SessionSecretUnusable } from "#user-session/language/session-faults.ts";
import { describedAt, expectDescribed } from "../../../fixtures/described-answers.ts";

const closedRoutes = (Object.keys(apiRoutes) as ApiRouteKey[]).filter((key) => !apiRoutes[key].open);
/** Those whose function asks IntegraConnect before it answers. */
const asking = closedRoutes.filter((key) => !key.startsWith("GET /ccd-requests"));

const refusals = {
  "invalid-parameter": 400,
  "invalid-value": 403,
  forbidden: 403,
  "not-found": 404,
  other: 405,
} as const;
const faultsOfAsking: Error[] = [
  ...Object.entries(refusals).map(
    ([refusal, status]) =>
      new ReadRefused("refused", { refusal: refusal as keyof typeof refusals, status, diagnostics: "its words" }),
  ),
  new ReadRefused("refused", { refusal: "not-found", status: 410, diagnostics: "gone" }),
  new SessionDead("it ended", { refusal: "grant-refused" }),
  new SessionSecretUnusable("put it"),
  new ServerUnavailable("busy", { retryAfterMs: 1_500 }),
  new AccessRefused("our token"),
  new OriginRefused("elsewhere"),
];

/** What a route answers where its function ends in a fault. */
const answerTo = (route: string, fault: unknown) => problemAnswer(problemOf(fault), route, "call-1");

/** The fault of a caller whom no authorizer named. */
function notKnown(): unknown {
  try {
    return callerOf(undefined, { authorizer: "iam", callers: "sessions" });
  } catch (fault) {
    return fault;
  }
}

describe("the description has each answer", () => {
  it.each(asking)("to a fault of asking IntegraConnect: %s", (route) => {
    for (const fault of faultsOfAsking) expectDescribed(route, answerTo(route, fault));
  });

  it.each(closedRoutes)("to a caller who is not known, and to what nobody foresaw: %s", (route) => {
    expectDescribed(route, answerTo(route, notKnown()));
    expectDescribed(route, answerTo(route, new Error("unforeseen")));
  });

  it.each(closedRoutes)("of API Gateway's own: %s", (route) => {
    for (const status of [401, 403, 429, 500, 503]) {
      const body = Buffer.from('{"message":"Too Many Requests"}');
      expectDescribed(route, { status, headers: { "content-type": "application/json" }, body });
    }
  });

  it("and would be found out if it had not: the check is not blind", () => {
    const teapot = new ApiProblem("A teapot", { status: 418, issue: "exception", detail: "Tea?" });
    const answer = answerTo("POST /ccd-requests", teapot);
    expect(() => expectDescribed("POST /ccd-requests", answer)).toThrow("418");
    const dead = answerTo("POST /ccd-requests", new SessionDead("it ended", { refusal: "grant-refused" }));
    expect(() => expectDescribed("POST /ccd-requests", { ...dead, body: Buffer.from('{"status":503}') })).toThrow(
      "required property 'type'",
    );
    expect(() => expectDescribed("GET /fhir/Patient", dead)).toThrow("application/problem+json");
    const secret = { ...dead, headers: { ...dead.headers, "x-more": "1" } };
    expect(() => expectDescribed("POST /ccd-requests", secret)).toThrow("x-more");
  });
});

describe("the description", () => {
  it("has nothing under components that no route refers to", () => {
    const text = JSON.stringify(openApiDocument());
    const places = ["headers", "responses", "schemas"].flatMap((kind) =>
      Object.keys(describedAt(`/components/${kind}`) as object).map((name) => `#/components/${kind}/${name}`),
    );
    expect(places.filter((place) => !text.includes(`"${place}"`))).toEqual([]);
  });
});
