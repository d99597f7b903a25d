import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, describe, expect, it } from "vitest";
import { smallRequests } from "#platform/lambda/aws-client-settings.ts";

const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const get = new GetItemCommand({ TableName: "ledger", Key: { pk: { S: "x" } } });

describe("an AWS client", () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  /** DynamoDB that lets this many requests hang before it answers one. */
  async function hangingDynamo(hangs: number) {
    const seen = { requests: 0 };
    const server = createServer((request, response) => {
      request.resume();
      seen.requests += 1;
      if (seen.requests > hangs)
        response.writeHead(200, { "content-type": "application/x-amz-json-1.0" }).end('{"Item":{"pk":{"S":"x"}}}');
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const requestHandler = { ...smallRequests.requestHandler, requestTimeout: 100 };
    const client = new DynamoDBClient({
      ...smallRequests,
      requestHandler,
      endpoint,
      region: "eu-central-1",
      credentials,
    });
    return { client, seen };
  }

  it("an AWS client sends a request that gets no answer again", async () => {
    const { client, seen } = await hangingDynamo(2);
    expect((await client.send(get)).Item).toEqual({ pk: { S: "x" } });
    expect(seen.requests).toBe(3);
  });

  it("an AWS client gives up after a few requests without an answer", async () => {
    const { client, seen } = await hangingDynamo(100);
    await expect(client.send(get)).rejects.toMatchObject({ name: "TimeoutError" });
    expect(seen.requests).toBe(4);
  });
});
