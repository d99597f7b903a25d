import type { Context } from "aws-lambda";
import { describe, expect, it } from "vitest";
import { type OpenHandler, type OpenRequest, openHandler } from "#on-demand-api/gateway/open-api.ts";
import type { ApiAccess } from "#on-demand-api/language/access-record.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";

const context = { awsRequestId: "r", functionName: "f", getRemainingTimeInMillis: () => 28_000 } as Context;
const linkId = `link-${"0".repeat(32)}`;

const page = (status: number, text: string) => ({ status, headers: {}, body: Buffer.from(text) });
const faultPage = (error: unknown) => page(error instanceof ServerUnavailable ? 503 : 500, "a page with plain words");

const now = () => Date.parse("2026-11-26T12:00:00Z");

/** A function of open routes, and the records of its calls. */
function openApi(handle: OpenHandler, append?: () => Promise<void>) {
  const recorded: ApiAccess[] = [];
  const accessRecords = { append: append ?? ((access: ApiAccess) => Promise.resolve(void recorded.push(access))) };
  const handler = openHandler(() => ({ handle, accessRecords, now }), faultPage);
  const call = async (event: object = {}) => {
    const requestContext = { requestId: "call-1" };
    const result = await handler({ routeKey: "GET /connect/{token}", requestContext, ...event }, context);
    return { ...result, text: Buffer.from(result.body ?? "", "base64").toString("utf8") };
  };
  return { call, recorded };
}

describe("a call of an open route", () => {
  it("is recorded without a caller, with the link that it is about, before it is answered", async () => {
    const { call, recorded } = openApi(() => Promise.resolve({ ...page(200, "hello"), linkId }));
    expect(await call()).toMatchObject({ statusCode: 200, text: "hello" });
    expect(recorded).toMatchObject([{ caller: null, route: "GET /connect/{token}", linkId, status: 200 }]);
  });

  it("gets no result if it cannot be recorded", async () => {
    const { call } = openApi(
      () => Promise.resolve(page(200, "secret")),
      () => Promise.reject(new Error("S3 is down")),
    );
    expect(await call()).toMatchObject({ statusCode: 500, text: "a page with plain words" });
  });

  it("that fails gets the page of its fault, which is recorded, and no message of the error", async () => {
    const { call, recorded } = openApi(() => Promise.reject(new ServerUnavailable("the server is down")));
    const answer = await call();
    expect(answer).toMatchObject({ statusCode: 503, text: "a page with plain words" });
    expect(recorded).toMatchObject([{ caller: null, linkId: null, status: 503 }]);
  });

  it("for which the function cannot start gets a page as well", async () => {
    const handler = openHandler(() => {
      throw new Error("SMART is malformed");
    }, faultPage);
    const event = { routeKey: "GET /connect/{token}", requestContext: { requestId: "call-1" } };
    expect(await handler(event, context)).toMatchObject({ statusCode: 500 });
  });

  it("has the cookies that API Gateway took out of the headers, each with all of its values", async () => {
    let seen: OpenRequest | undefined;
    const { call } = openApi((request) => {
      seen = request;
      return Promise.resolve(page(200, ""));
    });
    await call({ cookies: ["__Host-a=1=2", "__Host-b=3", "__Host-a=4", "other"] });
    expect(["__Host-a", "__Host-b", "__Host-", "other"].map((name) => seen?.cookies(name))).toEqual([
      ["1=2", "4"],
      ["3"],
      [],
      [],
    ]);
  });

  it("has its query and its form as they were sent, though API Gateway joins repeated parameters in its map", async () => {
    let seen: OpenRequest | undefined;
    const { call } = openApi((request) => {
      seen = request;
      return Promise.resolve(page(200, ""));
    });
    const body = Buffer.from("code=a&code=b").toString("base64");
    const queryStringParameters = { code: "a,b" };
    await call({
      rawQueryString: "code=a&code=b",
      queryStringParameters,
      body,
      isBase64Encoded: true,
      pathParameters: { token: "t" },
    });
    expect([seen?.queryString, seen?.body.toString("utf8"), seen?.path]).toEqual([
      "code=a&code=b",
      "code=a&code=b",
      { token: "t" },
    ]);
  });
});
