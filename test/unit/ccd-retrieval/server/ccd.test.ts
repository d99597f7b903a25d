import { afterEach, describe, expect, it } from "vitest";
import { ccdProtocolSettings } from "#ccd-retrieval/language/ccd-protocol.ts";
import { ccdNonce, createCcdRequest } from "#ccd-retrieval/server/ccd.ts";
import {
  guideAccessDenied,
  guideBadRequest,
  guideHeaders,
  guideNonce,
  guideRequestCreated,
  guideRequestPending,
  jsonReply,
} from "../../../fixtures/guide-answers.ts";
import { testUserClient } from "../../../fixtures/user-client.ts";
import {
  head,
  says,
  startWireServer,
  type WatchedHttp,
  type WireReply,
  type WireRequest,
  type WireServer,
  watchedHttp,
} from "../../../fixtures/wire-server.ts";

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

describe("a request for CCDs", () => {
  const query = { patientId, startDate: "2012-01-01T00:00:00+05:00", endDate: "2012-01-02T00:00:00+05:00" };

  async function asked(reply: WireReply) {
    const { client } = await given(() => reply);
    return await createCcdRequest(client, defaults, { patientId });
  }

  it("is the guide's, headers and body", async () => {
    const { client, wire } = await given(() => jsonReply(200, guideRequestCreated));
    await createCcdRequest(client, defaults, query);
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

  it("names no dates where none were asked for", async () => {
    const { client, wire } = await given(() => jsonReply(200, guideRequestCreated));
    await createCcdRequest(client, defaults, { patientId });
    expect(JSON.parse(wire.requests[0]?.body ?? "")).toMatchObject({ searchCriteria: { constraints: { patientId } } });
    expect(wire.requests[0]?.body).not.toMatch(/Date/);
  });

  it("says of its app, device and token what the stage sets", async () => {
    const { client, wire } = await given(() => jsonReply(200, guideRequestCreated));
    const settings = ccdProtocolSettings.parse({
      apiInfo: "V2",
      device: { appVersion: "9" },
      token: "bearer-and-raw",
      actionName: "X",
    });
    await createCcdRequest(client, settings, { patientId });
    expect(wire.requests[0]?.headers).toMatchObject({
      "api-info": "V2",
      appversion: "9",
      authorization: "Bearer token-1",
      "x-auth-token": "token-1",
    });
    expect(wire.requests[0]?.body).toContain('"actionName":"X"');
  });

  it("is created, by the guide's answer", async () => {
    expect(await asked(jsonReply(200, guideRequestCreated))).toEqual({ state: "created", requestId });
  });

  it.each([
    ["the guide's 400", jsonReply(400, guideRequestPending)],
    ["the same under HTTP's 200", jsonReply(200, guideRequestPending)],
  ])("is answered with another's pending request by %s, which is never taken for ours", async (_, reply) => {
    expect(await asked(reply)).toEqual({ state: "pending-elsewhere", requestId: "609cff50d5de49ec5014dcdb" });
  });

  it("may be answered with another's pending request that has no name", async () => {
    const { bulkActionRequest: _, ...nameless } = guideRequestPending;
    expect(await asked(jsonReply(400, nameless))).toEqual({ state: "pending-elsewhere", requestId: undefined });
  });

  it.each([
    ["the guide's 400", jsonReply(400, guideBadRequest), { status: 400, code: "400", diagnostics: "Bad Request: 400" }],
    [
      "the same under HTTP's 200",
      jsonReply(200, guideBadRequest),
      { status: 400, code: "400", diagnostics: "Bad Request: 400" },
    ],
    ["a 403 of Tomcat's", says(403, {}, "<h1>Forbidden</h1>"), { status: 403, diagnostics: "Forbidden" }],
    ["status false alone", jsonReply(200, { status: false, message: "no" }), { status: 200, diagnostics: "no" }],
  ])("is refused by %s", async (_, reply, refusal) => {
    expect(await asked(reply)).toMatchObject({ state: "refused", ...refusal });
  });

  it.each([
    ["a 500", says(500)],
    ["the same inside of a 200", jsonReply(200, { status: false, message: "oops", responseStatus: 500 })],
    ["a 429", jsonReply(429, { message: "slow down" })],
    ["a redirect to a login page", says(302, { location: "/login" })],
    ["a login page", says(200, {}, "<html>log in</html>")],
    ["a 200 without an id", jsonReply(200, { ...guideRequestCreated, bulkActionRequest: undefined })],
    ["a 200 with an id that is a path", jsonReply(200, { ...guideRequestCreated, bulkActionRequest: "../../x" })],
    ["a cut body", { bytes: Buffer.concat([head(400, { "content-length": "90" }), Buffer.from("{")]), end: "reset" }],
  ] satisfies [string, WireReply][])("is neither made nor refused by %s", async (_, reply) => {
    await expect(asked(reply)).rejects.toMatchObject({ name: "ServerUnavailable" });
  });

  it("is made again with a new token after the guide's 401, once", async () => {
    const { client, wire } = await given((_, number) =>
      number === 1 ? guideAccessDenied : jsonReply(200, guideRequestCreated),
    );
    expect(await createCcdRequest(client, defaults, { patientId })).toMatchObject({ state: "created" });
    expect(wire.requests.map(({ headers }) => headers["x-auth-token"])).toEqual(["token-1", "token-2"]);
    await expect(asked(guideAccessDenied)).rejects.toMatchObject({ name: "AccessRefused" });
  });
});

describe("a nonce", () => {
  it("is asked for by an empty object, with the app's version in both of its spellings", async () => {
    const { client, wire } = await given(() => jsonReply(200, guideNonce));
    expect(await ccdNonce(client, defaults)).toBe("HISN262NJ66NDUH");
    expect(wire.requests[0]).toMatchObject({
      method: "POST",
      target: "/integra/moNonce/generateNonceToken",
      body: "{}",
      headers: { ...guideHeaders, appverson: "1.0" },
    });
  });

  it.each([
    ["nothing", says(200)],
    ["an empty one", jsonReply(200, { nonceToken: "" })],
    ["a page", says(200, {}, "<html></html>")],
    ["a 404", says(404)],
    ["a 500", says(500)],
  ])("is not made of %s", async (_, reply) => {
    const { client } = await given(() => reply);
    await expect(ccdNonce(client, defaults)).rejects.toMatchObject({ name: "ServerUnavailable" });
  });

  it("is asked for with a new token after the guide's 401", async () => {
    const { client, wire } = await given((_, number) =>
      number === 1 ? guideAccessDenied : jsonReply(200, guideNonce),
    );
    await ccdNonce(client, defaults);
    expect(wire.requests).toHaveLength(2);
  });
});
