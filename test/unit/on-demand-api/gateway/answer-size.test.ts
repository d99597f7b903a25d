import type { Context } from "aws-lambda";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serveCcdRequests } from "#on-demand-api/ccd-requests/ccd-requests.ts";
import { createCursors } from "#on-demand-api/fhir-api/cursors.ts";
import { serveFhirApi } from "#on-demand-api/fhir-api/fhir-api.ts";
import { type ApiHandler, lambdaHandler } from "#on-demand-api/gateway/api.ts";
import type { ApiAccess } from "#on-demand-api/language/access-record.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { ReadRefused } from "#user-session/language/session-faults.ts";

const context = { awsRequestId: "r", functionName: "f", getRemainingTimeInMillis: () => 28_000 } as Context;
const userArn = "arn:aws:iam::123456789012:user/clara";
const form = "application/x-www-form-urlencoded";

const unreachable = () => Promise.reject(new Error("must not be reached"));
const fhirApi = serveFhirApi({
  findSession: () =>
    Promise.resolve({
      sessionId: "service",
      linkId: null,
      patient: null,
      fhirUrl: new URL("https://fhir.example/r4/"),
      searchPatients: unreachable,
      searchResources: unreachable,
      readResource: unreachable,
      fetchNextPage: unreachable,
    }),
  cursors: () => Promise.resolve(createCursors("s".repeat(64), () => 0)),
  apiUrl: "https://api.example",
});
const ccdRequests = serveCcdRequests({
  findSession: unreachable,
  matchPatient: unreachable,
  requests: { create: unreachable, find: unreachable, list: unreachable },
  executions: { start: unreachable },
  documents: { index: unreachable },
  ids: { repeatable: unreachable, random: () => "ccd-1" },
  shared: false,
  apiUrl: "https://api.example",
  now: () => 0,
  sleep: unreachable,
});

/** A call through Lambda's handler: its status, its body, and the statuses that were recorded. */
async function call(handle: ApiHandler, routeKey: string, event: object) {
  const recorded: ApiAccess[] = [];
  const handler = lambdaHandler(() => ({
    handle,
    accessRecords: { append: (access) => Promise.resolve(void recorded.push(access)) },
    rules: { authorizer: "iam", callers: "sessions" },
    now: () => 0,
  }));
  const requestContext = { requestId: "call-1", authorizer: { iam: { userArn } } };
  const result = await handler({ routeKey, requestContext, ...event }, context);
  const body = Buffer.from(result.body ?? "", "base64").toString("utf8");
  return { status: result.statusCode, body, recorded: recorded.map(({ status }) => status) };
}

const postJson = (json: string) => call(ccdRequests, "POST /ccd-requests", { body: json });
const postForm = (body: string) =>
  call(fhirApi, "POST /fhir/Patient/_search", { body, headers: { "Content-Type": form } });
const search = (rawQueryString: string) =>
  call(fhirApi, "GET /fhir/{resourceType}", { rawQueryString, pathParameters: { resourceType: "Observation" } });

const fiveMB = 5_000_000;

/** Far below what Lambda returns, whatever the caller sent. */
const longestAnswer = 100_000;

async function isAnswered(sent: ReturnType<typeof call>): Promise<void> {
  const { status, body, recorded } = await sent;
  expect(recorded).toEqual([status]);
  expect(body.length).toBeLessThan(longestAnswer);
  expect(body).not.toContain("Unexpected");
}

// D5
describe("the answer to a call with too much in it", () => {
  it.each([
    ["a member name of 5 MB", () => postJson(JSON.stringify({ ["n".repeat(fiveMB)]: 1 }))],
    ["a member name of 5 MB below patient", () => postJson(JSON.stringify({ patient: { ["n".repeat(fiveMB)]: 1 } }))],
    ["half a million members", () => postJson(`{${Array.from({ length: 500_000 }, (_, i) => `"${i}":1`).join()}}`)],
    ["a value of 5 MB", () => postJson(JSON.stringify({ patientId: "1".repeat(fiveMB) }))],
    ["a body of another form", () => postJson("[".repeat(100_000) + "]".repeat(100_000))],
    ["a parameter name of 5 MB", () => postForm(`${"n".repeat(fiveMB)}=1`)],
    ["half a million parameters", () => postForm(Array.from({ length: 500_000 }, (_, i) => `p${i}=1`).join("&"))],
    ["half a million repetitions", () => postForm("gender=male&".repeat(500_000))],
    ["a repeated name of 2 MB", () => postForm(`${"n".repeat(2_000_000)}=1&`.repeat(2))],
    ["a parameter value of 5 MB", () => postForm(`gender=${"v".repeat(fiveMB)}`)],
    ["a search parameter with a long name", () => search(`${"n".repeat(9_000)}=1`)],
  ])("a call with %s gets a 400, is recorded, and its echo is cut", async (_, send) => {
    const { status, body, recorded } = await send();
    expect([status, recorded]).toEqual([400, [400]]);
    expect(body.length).toBeLessThan(longestAnswer);
  });

  it("a cut fault still says which name is wrong and why", async () => {
    const { body } = await postForm(`${"n".repeat(fiveMB)}=1`);
    expect(body).toMatch(/"diagnostics":"n{300}…n+ is not a parameter of this search/);
  });

  it("of many faults twenty are named, and the others are counted", async () => {
    const { body } = await postForm(Array.from({ length: 49 }, (_, i) => `p${i}=1`).join("&"));
    expect(body).toContain("p19 is not a parameter of this search; and 30 more faults");
    expect(body).not.toContain("p20 ");
  });

  it("no call gets an answer that fails by its size, and each is recorded", async () => {
    const unit = fc.constantFrom("n", "é", "😀", "\ud83d", "\u0001", '"', "\\", "&", "=", "%", "_cursor", "__proto__");
    const text = fc.tuple(unit, fc.constantFrom(0, 1, 7, 601, 100_000)).map(([one, times]) => one.repeat(times));
    const json = fc.letrec<{ value: unknown; object: object }>((tie) => ({
      value: fc.oneof({ depthSize: "small" }, text, fc.integer(), fc.constant(null), tie("object")),
      object: fc
        .array(fc.tuple(fc.oneof(text, fc.constantFrom("patient", "patientId", "startDate")), tie("value")))
        .map((members) => Object.fromEntries(members)),
    })).object;
    const pairs = fc.array(fc.tuple(fc.oneof(text, fc.constantFrom("gender", "phone")), text), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(json, pairs, async (body, parameters) => {
        // Without a known member each of these is refused before any request to the server.
        await isAnswered(postJson(JSON.stringify({ ...body, unknown: 1 })));
        const query = new URLSearchParams([...parameters, ["unknown", "1"]]).toString();
        await isAnswered(postForm(query));
        await isAnswered(call(fhirApi, "GET /fhir/Patient", { rawQueryString: query }));
      }),
      { numRuns: 60 },
    );
  });

  it("the server's words are cut as well", async () => {
    const long = "w".repeat(fiveMB);
    const faults = [
      new ReadRefused("refused", { refusal: "other", status: 418, diagnostics: long }),
      new ServerUnavailable("busy", { diagnostics: long }),
    ];
    for (const fault of faults) {
      const { body, recorded } = await call(() => Promise.reject(fault), "GET /fhir/Patient", {});
      expect([body.length < longestAnswer, recorded.length]).toEqual([true, 1]);
    }
  });
});
