import { afterEach, describe, expect, it } from "vitest";
import { ccdProtocolSettings } from "#ccd-retrieval/language/ccd-protocol.ts";
import { createServerRequest } from "#ccd-retrieval/server/create-server-request.ts";
import {
  guideAccessDenied,
  guideBadRequest,
  guideHeaders,
  guideRequestCreated,
  guideRequestPending,
  jsonReply,
} from "#test/fixtures/guide-answers.ts";
import { testUserClient } from "#test/fixtures/user-client.ts";
import {
  head,
  says,
  startWireServer,
  type WatchedHttp,
  type WireReply,
  type WireRequest,
  type WireServer,
  watchedHttp,
} from "#test/fixtures/wire-server.ts";

const defaults = ccdProtocolSettings.parse({});
const patientId = "12900876000";
const requestId = guideRequestCreated.bulkActionRequest;

const open: (WireServer | WatchedHttp)[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

async function given(reply: (request: WireRequest, number: number) => WireReply) {
  const wire = await startWireServer(reply);
  const watched = watchedHttp();
  open.push(watched, wire);
  return { wire, client: testUserClient(watched.http, wire.origin) };
}

describe("createServerRequest", () => {
  const dated = { patientId, startDate: "2012-01-01T00:00:00+05:00", endDate: "2012-01-02T00:00:00+05:00" };
  const undated = { patientId, startDate: null, endDate: null };

  async function answerTo(reply: WireReply) {
    const { client } = await given(() => reply);
    return await createServerRequest(client, defaults, undated);
  }

  it("a server request has the guide's headers and body", async () => {
    const { client, wire } = await given(() => jsonReply(200, guideRequestCreated));
    await createServerRequest(client, defaults, dated);
    const [request] = wire.requests;
    expect(request?.method).toBe("POST");
    expect(request?.target).toBe("/integra/MoBulkExport/createBulkExportRequest");
    expect(request?.headers).toMatchObject(guideHeaders);
    expect(request?.headers).not.toHaveProperty("authorization");
    expect(JSON.parse(request?.body ?? "")).toEqual({
      actionName: "ENCOUNTER_EXPORT",
      searchCriteria: {
        constraints: {
          startDate: "2012-01-01T00:00:00.000+0500",
          endDate: "2012-01-02T00:00:00.000+0500",
          patientId,
        },
      },
    });
  });

  it("a server request without a period names no dates", async () => {
    const { client, wire } = await given(() => jsonReply(200, guideRequestCreated));
    await createServerRequest(client, defaults, undated);
    expect(JSON.parse(wire.requests[0]?.body ?? "")).toMatchObject({ searchCriteria: { constraints: { patientId } } });
    expect(wire.requests[0]?.body).not.toMatch(/Date/);
  });

  it("a server request describes its app, device and token by the stage's settings", async () => {
    const { client, wire } = await given(() => jsonReply(200, guideRequestCreated));
    const settings = ccdProtocolSettings.parse({
      apiInfo: "V2",
      device: { appVersion: "9" },
      token: "bearer-and-raw",
      actionName: "X",
    });
    await createServerRequest(client, settings, undated);
    expect(wire.requests[0]?.headers).toMatchObject({
      "api-info": "V2",
      appversion: "9",
      authorization: "Bearer token-1",
      "x-auth-token": "token-1",
    });
    expect(wire.requests[0]?.body).toContain('"actionName":"X"');
  });

  it("the guide's answer means that the server request is created", async () => {
    expect(await answerTo(jsonReply(200, guideRequestCreated))).toEqual({
      state: "created",
      serverRequestId: requestId,
    });
  });

  it.each([
    ["the guide's 400", jsonReply(400, guideRequestPending)],
    ["the guide's 400 under HTTP 200", jsonReply(200, guideRequestPending)],
  ])("%s means that another request is pending, whose id is never taken as ours", async (_, reply) => {
    expect(await answerTo(reply)).toEqual({ state: "pending-elsewhere", serverRequestId: "609cff50d5de49ec5014dcdb" });
  });

  it("an answer may say that another request is pending and give no id of it", async () => {
    const { bulkActionRequest: _, ...nameless } = guideRequestPending;
    expect(await answerTo(jsonReply(400, nameless))).toEqual({
      state: "pending-elsewhere",
      serverRequestId: undefined,
    });
  });

  it.each([
    ["the guide's 400", jsonReply(400, guideBadRequest), { status: 400, code: "400", diagnostics: "Bad Request: 400" }],
    [
      "the guide's 400 under HTTP 200",
      jsonReply(200, guideBadRequest),
      { status: 400, code: "400", diagnostics: "Bad Request: 400" },
    ],
    ["a 403 from Tomcat", says(403, {}, "<h1>Forbidden</h1>"), { status: 403, diagnostics: "Forbidden" }],
    ["a status of false alone", jsonReply(200, { status: false, message: "no" }), { status: 200, diagnostics: "no" }],
  ])("%s means that the server request is refused", async (_, reply, refusal) => {
    expect(await answerTo(reply)).toMatchObject({ state: "refused", ...refusal });
  });

  it.each([
    ["a 500", says(500)],
    ["a 500 inside a 200", jsonReply(200, { status: false, message: "oops", responseStatus: 500 })],
    ["a 429", jsonReply(429, { message: "slow down" })],
    ["a redirect to a login page", says(302, { location: "/login" })],
    ["a login page", says(200, {}, "<html>log in</html>")],
    ["a 200 without an id", jsonReply(200, { ...guideRequestCreated, bulkActionRequest: undefined })],
    ["a 200 with an id that is a path", jsonReply(200, { ...guideRequestCreated, bulkActionRequest: "../../x" })],
    ["a cut body", { bytes: Buffer.concat([head(400, { "content-length": "90" }), Buffer.from("{")]), end: "reset" }],
  ] satisfies [string, WireReply][])("%s is an unusable answer to a server request", async (_, reply) => {
    await expect(answerTo(reply)).rejects.toMatchObject({ name: "ServerUnavailable" });
  });

  it("a server request is made once more with a new token after the guide's 401", async () => {
    const { client, wire } = await given((_, number) =>
      number === 1 ? guideAccessDenied : jsonReply(200, guideRequestCreated),
    );
    expect(await createServerRequest(client, defaults, undated)).toMatchObject({ state: "created" });
    expect(wire.requests.map(({ headers }) => headers["x-auth-token"])).toEqual(["token-1", "token-2"]);
    await expect(answerTo(guideAccessDenied)).rejects.toMatchObject({ name: "AccessRefused" });
  });
});
