import type { Context } from "aws-lambda";
import { describe, expect, it } from "vitest";
import { type ApiHandler, type ApiParts, lambdaHandler } from "#on-demand-api/gateway/api.ts";
import type { CallerRules } from "#on-demand-api/gateway/api-caller.ts";
import type { ApiAccess } from "#on-demand-api/language/access-record.ts";
import { AccessRefused, OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { ReadRefused, SessionDead, SessionSecretUnusable } from "#user-session/language/session-faults.ts";

const context = { awsRequestId: "r", functionName: "f", getRemainingTimeInMillis: () => 28_000 } as Context;
const userArn = "arn:aws:iam::123456789012:user/clara";
const claims = { iss: "https://login.example", sub: "clara", exp: "1772366400" };

const signed: CallerRules = { authorizer: "iam", callers: "sessions" };
const withTokens: CallerRules = { authorizer: "jwt", callers: "sessions" };

const now = () => Date.parse("2026-03-01T12:00:00Z");

/** A function of the API, and the records of its calls. */
function apiOf(handle: ApiHandler, more: Partial<ApiParts> = {}) {
  const recorded: ApiAccess[] = [];
  const accessRecords = { append: (access: ApiAccess) => Promise.resolve(void recorded.push(access)) };
  const handler = lambdaHandler(() => ({ handle, accessRecords, rules: signed, now, ...more }));
  const call = async (authorizer: unknown, routeKey = "GET /fhir/{resourceType}", event: object = {}) => {
    const requestContext = { requestId: "call-1", authorizer };
    const result = await handler({ routeKey, rawQueryString: "patient=250001", requestContext, ...event }, context);
    const body = Buffer.from(result.body ?? "", "base64").toString("utf8");
    return { ...result, status: result.statusCode, body };
  };
  return { call, recorded };
}

const fine: ApiHandler = ({ caller }) =>
  Promise.resolve({ status: 200, headers: { "content-type": "text/plain" }, body: Buffer.from(caller) });

describe("the caller", () => {
  it("the caller is the principal of a signed request, or the issuer and subject of a token", async () => {
    expect((await apiOf(fine).call({ iam: { userArn } })).body).toBe(userArn);
    const token = await apiOf(fine, { rules: withTokens }).call({ jwt: { claims, scopes: null } });
    expect(token.body).toBe("https://login.example#clara");
  });

  it.each([
    ["arn:aws:sts::123456789012:assumed-role/Nurses/clara", "arn:aws:sts::123456789012:assumed-role/Nurses"],
    ["arn:aws-cn:sts::123456789012:assumed-role/a.b/x@y.z", "arn:aws-cn:sts::123456789012:assumed-role/a.b"],
    [userArn, userArn],
    ["arn:aws:sts::123456789012:federated-user/clara", "arn:aws:sts::123456789012:federated-user/clara"],
  ])(
    "if a role counts as one caller, %s is that role, and the record still has the session",
    async (principal, identity) => {
      const { call, recorded } = apiOf(fine, { rules: { authorizer: "iam", callers: "roles" } });
      expect((await call({ iam: { userArn: principal } })).body).toBe(identity);
      expect(recorded).toMatchObject([{ caller: principal }]);
      expect((await apiOf(fine).call({ iam: { userArn: principal } })).body).toBe(principal);
    },
  );

  it("a stage that accepts both serves the same route by signature and, below /jwt, by token", async () => {
    const { call, recorded } = apiOf(fine, { rules: { authorizer: "both", callers: "roles" } });
    expect((await call({ iam: { userArn } })).body).toBe(userArn);
    expect((await call({ jwt: { claims } }, "GET /jwt/fhir/{resourceType}")).body).toBe("https://login.example#clara");
    expect(recorded.map(({ route }) => route)).toEqual(["GET /fhir/{resourceType}", "GET /fhir/{resourceType}"]);
  });

  it.each<[string, string, unknown]>([
    ["a token on a route for signed calls", "GET /fhir/{resourceType}", { jwt: { claims } }],
    ["a signature on a route for tokens", "GET /jwt/fhir/{resourceType}", { iam: { userArn } }],
    ["nothing on a route for tokens", "GET /jwt/fhir/{resourceType}", undefined],
  ])("a stage that accepts both refuses %s", async (_, routeKey, given) => {
    const { call } = apiOf(() => Promise.reject(new Error("must not be reached")), {
      rules: { authorizer: "both", callers: "sessions" },
    });
    expect((await call(given, routeKey)).status).toBe(401);
  });

  it.each<[string, CallerRules["authorizer"], unknown]>([
    ["no context of an authorizer", "iam", undefined],
    ["an empty context", "iam", {}],
    ["a principal without a name", "iam", { iam: { userArn: "" } }],
    ["a token on a stage with signed calls", "iam", { jwt: { claims } }],
    ["a signature on a stage with tokens", "jwt", { iam: { userArn } }],
    ["a token without an expiry", "jwt", { jwt: { claims: { iss: claims.iss, sub: claims.sub } } }],
    ["a token whose expiry is not a time", "jwt", { jwt: { claims: { ...claims, exp: "never" } } }],
    ["a token without a subject", "jwt", { jwt: { claims: { iss: claims.iss, exp: claims.exp } } }],
  ])("a call with %s is refused, and recorded without a caller", async (_, authorizer, given) => {
    const { call, recorded } = apiOf(() => Promise.reject(new Error("must not be reached")), {
      rules: { authorizer, callers: "sessions" },
    });
    expect((await call(given)).status).toBe(401);
    expect(recorded).toEqual([expect.objectContaining({ caller: null, status: 401 })]);
  });
});

describe("each call", () => {
  it("a call is recorded before its response: caller, route, time and status", async () => {
    const { call, recorded } = apiOf(fine);
    await call({ iam: { userArn } });
    const at = "2026-03-01T12:00:00.000Z";
    const route = "GET /fhir/{resourceType}";
    const nothing = { resourceType: null, ccdRequestId: null, document: null, linkId: null };
    expect(recorded).toEqual([
      { version: "1", requestId: "call-1", caller: userArn, route, ...nothing, at, status: 200 },
    ]);
  });

  const known = `ccd-${"a".repeat(32)}`;
  it.each<[string, Record<string, string>, Partial<ApiAccess>]>([
    ["GET /fhir/{resourceType}", { resourceType: "Condition" }, { resourceType: "Condition" }],
    ["GET /fhir/{resourceType}/{id}", { resourceType: "Patient", id: "250001" }, { resourceType: "Patient" }],
    ["GET /fhir/{resourceType}", { resourceType: "Quillfeather" }, {}],
    ["POST /fhir/Patient/_search", {}, { resourceType: "Patient" }],
    ["GET /fhir/us-core/Patient", {}, { resourceType: "Patient" }],
    ["GET /fhir/us-core/{resourceType}", { resourceType: "Goal" }, { resourceType: "Goal" }],
    ["GET /fhir/us-core/{resourceType}/{id}", { resourceType: "Goal", id: "250001" }, { resourceType: "Goal" }],
    ["GET /ccd-requests/{id}", { id: known }, { ccdRequestId: known }],
    ["GET /ccd-requests/{id}", { id: "Quillfeather" }, {}],
    ["GET /ccd-requests/{id}/documents/{number}", { id: known, number: "2" }, { ccdRequestId: known, document: 2 }],
    ["GET /ccd-requests/{id}/documents/{number}", { id: known, number: "1931-07-19" }, { ccdRequestId: known }],
  ])(
    "the record of %s %o has what was requested, without anything that identifies a patient",
    async (route, path, what) => {
      const { call, recorded } = apiOf(fine);
      await call({ iam: { userArn } }, route, { pathParameters: path });
      expect(recorded).toMatchObject([{ resourceType: null, ccdRequestId: null, document: null, ...what }]);
      expect(JSON.stringify(recorded)).not.toMatch(/250001|Quillfeather|1931/);
    },
  );

  it("a call that creates a CCD request is recorded with the id of the request", async () => {
    const { call, recorded } = apiOf(async (...request) => ({ ...(await fine(...request)), ccdRequestId: known }));
    await call({ iam: { userArn } }, "POST /ccd-requests");
    expect(recorded).toMatchObject([{ ccdRequestId: known, document: null }]);
  });

  it("a call that serves a document is recorded with the form of the document", async () => {
    const { call, recorded } = apiOf(async (...request) => ({ ...(await fine(...request)), form: "html" }));
    await call({ iam: { userArn } }, "GET /ccd-requests/{id}/documents/{number}");
    expect(recorded).toMatchObject([{ form: "html" }]);
  });

  it("a call that cannot be recorded gets no result", async () => {
    const accessRecords = { append: () => Promise.reject(new Error("S3 is down")) };
    const { status, body } = await apiOf(fine, { accessRecords }).call({ iam: { userArn } });
    expect(status).toBe(500);
    expect(body).not.toContain(userArn);
    expect(body).not.toContain("S3 is down");
  });

  it("a handler gets the decoded body, and the headers by lower-case names", async () => {
    const seen: unknown[] = [];
    const { call } = apiOf((request, more) => {
      seen.push(request.body.toString("utf8"), request.headers, request.path);
      return fine(request, more);
    });
    const body = Buffer.from("é").toString("base64");
    const event = { body, isBase64Encoded: true, headers: { Prefer: "wait=1" }, pathParameters: { id: "1" } };
    await call({ iam: { userArn } }, "GET /x", event);
    expect(seen).toEqual(["é", { prefer: "wait=1" }, { id: "1" }]);
  });

  it("a response that is too large for Lambda becomes a problem that says what to do", async () => {
    const { call } = apiOf(() => Promise.resolve({ status: 200, headers: {}, body: Buffer.alloc(4_600_001) }));
    const { status, body } = await call({ iam: { userArn } });
    expect([status, body]).toEqual([502, expect.stringContaining("_count")]);
  });
});

const refused = (
  refusal: "invalid-parameter" | "invalid-value" | "forbidden" | "not-found" | "other",
  status: number,
) => new ReadRefused("refused", { refusal, status, diagnostics: "the server's text" });

describe("the fault of a call", () => {
  const ended = new SessionDead("it ended. Renew the session", { refusal: "grant-refused" });

  it.each<[Error, number, string]>([
    [refused("invalid-parameter", 400), 400, "the server's text"],
    [refused("invalid-value", 403), 403, "the server's text"],
    [refused("forbidden", 403), 403, "the server's text"],
    [refused("not-found", 410), 410, "the server's text"],
    [refused("other", 405), 502, "the server's text"],
    [new ReadRefused("refused", { refusal: "not-found", status: 404, diagnostics: "" }), 404, "no such resource"],
    [ended, 503, "Renew the session"],
    [new SessionSecretUnusable("put it"), 503, "put it"],
    [new ServerUnavailable("busy", { retryAfterMs: 1_500 }), 503, "busy"],
    [new AccessRefused("our token"), 502, "our token"],
    [new OriginRefused("elsewhere"), 502, "elsewhere"],
  ])("the fault %o becomes an OperationOutcome below /fhir", async (fault, status, text) => {
    const answer = await apiOf(() => Promise.reject(fault)).call({ iam: { userArn } });
    expect([answer.status, answer.headers?.["content-type"]]).toEqual([status, "application/fhir+json"]);
    expect(JSON.parse(answer.body)).toMatchObject({
      resourceType: "OperationOutcome",
      issue: [{ severity: "error", diagnostics: expect.stringContaining(text) }],
    });
  });

  it("a fault outside /fhir becomes a problem with the id of the call", async () => {
    const answer = await apiOf(() => Promise.reject(ended)).call({ iam: { userArn } }, "POST /ccd-requests");
    expect(answer.headers).toMatchObject({ "content-type": "application/problem+json" });
    expect(JSON.parse(answer.body)).toMatchObject({ status: 503, detail: ended.message, requestId: "call-1" });
  });

  it("a temporary fault says when to retry", async () => {
    const busy = new ServerUnavailable("busy", { retryAfterMs: 1_500 });
    const answer = await apiOf(() => Promise.reject(busy)).call({ iam: { userArn } });
    expect(answer.headers).toMatchObject({ "retry-after": "2" });
  });

  it("an unexpected error becomes a 500 that does not repeat its message", async () => {
    const answer = await apiOf(() => Promise.reject(new Error("patient 250001"))).call({ iam: { userArn } });
    expect([answer.status, answer.body.includes("250001")]).toEqual([500, false]);
  });
});
