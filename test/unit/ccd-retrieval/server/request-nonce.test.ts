import { afterEach, describe, expect, it } from "vitest";
import { ccdProtocolSettings } from "#ccd-retrieval/language/ccd-protocol.ts";
import { requestNonce } from "#ccd-retrieval/server/request-nonce.ts";
import { guideAccessDenied, guideHeaders, guideNonce, jsonReply } from "#test/fixtures/guide-answers.ts";
import { testUserClient } from "#test/fixtures/user-client.ts";
import {
  says,
  startWireServer,
  type WatchedHttp,
  type WireReply,
  type WireRequest,
  type WireServer,
  watchedHttp,
} from "#test/fixtures/wire-server.ts";

const defaults = ccdProtocolSettings.parse({});

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

describe("requestNonce", () => {
  it("a nonce is requested with an empty object and the app's version in both spellings", async () => {
    const { client, wire } = await given(() => jsonReply(200, guideNonce));
    expect(await requestNonce(client, defaults)).toBe("HISN262NJ66NDUH");
    expect(wire.requests[0]).toMatchObject({
      method: "POST",
      target: "/integra/moNonce/generateNonceToken",
      body: "{}",
      headers: { ...guideHeaders, appverson: "1.0" },
    });
  });

  it.each([
    ["an empty 200", says(200)],
    ["an empty nonce", jsonReply(200, { nonceToken: "" })],
    ["an HTML page", says(200, {}, "<html></html>")],
    ["a 404", says(404)],
    ["a 500", says(500)],
  ])("%s is an unusable answer to the request for a nonce", async (_, reply) => {
    const { client } = await given(() => reply);
    await expect(requestNonce(client, defaults)).rejects.toMatchObject({ name: "ServerUnavailable" });
  });

  it("a nonce is requested with a new token after the guide's 401", async () => {
    const { client, wire } = await given((_, number) =>
      number === 1 ? guideAccessDenied : jsonReply(200, guideNonce),
    );
    await requestNonce(client, defaults);
    expect(wire.requests).toHaveLength(2);
  });
});
