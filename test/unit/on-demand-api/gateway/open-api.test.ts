import type { Context } from "aws-lambda";
import { expect, it } from "vitest";
import { type OpenRequest, openHandler } from "#on-demand-api/gateway/open-api.ts";
import { errorPage } from "#on-demand-api/smart/fault-pages.ts";

/** The request that a handler gets from this event. */
async function requestOf(event: object): Promise<OpenRequest> {
  const requests: OpenRequest[] = [];
  const handler = openHandler(
    () => ({
      handle: (request) => {
        requests.push(request);
        return Promise.resolve({ status: 204, headers: {}, body: Buffer.alloc(0) });
      },
      accessRecords: { append: () => Promise.resolve() },
      now: () => 0,
    }),
    errorPage,
  );
  const context = { getRemainingTimeInMillis: () => 10_000 } as Context;
  await handler({ routeKey: "POST /smart/callback", requestContext: { requestId: "call-1" }, ...event }, context);
  const [request] = requests;
  if (request === undefined) throw new Error("the handler got no request");
  return request;
}

it("An open route gets the cookies that API Gateway took out of the headers, each with all of its values", async () => {
  const { cookies } = await requestOf({ cookies: ["__Host-a=1", "b=x=y", "__Host-a=2", "c"] });
  expect(["__Host-a", "b", "c", "d"].map(cookies)).toEqual([["1", "2"], ["x=y"], [], []]);
});

it("An open route gets repeated parameters one by one, though API Gateway joins them in its map", async () => {
  const event = { rawQueryString: "code=a&code=b", queryStringParameters: { code: "a,b" } };
  expect(new URLSearchParams((await requestOf(event)).queryString).getAll("code")).toEqual(["a", "b"]);
});
