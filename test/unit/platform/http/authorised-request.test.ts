import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type IntegraClient } from "#bulk-export/server/integra-server.ts";
import { type AuthorisedRequest, authorisedRequest } from "#platform/http/authorised-request.ts";
import { readBody, readRefusal, refusalText } from "#platform/http/http.ts";
import { testClient } from "../../../fixtures/integra-client.ts";
import {
  says,
  startWireServer,
  type WatchedHttp,
  type WireReply,
  type WireServer,
  watchedHttp,
} from "../../../fixtures/wire-server.ts";

const credentials = ({ requests }: WireServer): unknown[] =>
  requests.map(({ headers }) => [headers["authorization"], headers["x-auth-token"]]);

const noToken = {
  current: () => Promise.reject(new Error("a token was asked for")),
  replacement: () => Promise.reject(new Error("a token was asked for")),
};

const redirect =
  (location: string, status = 302) =>
  () =>
    says(status, { location });

describe("a request with the client's token", () => {
  let server: WireServer;
  let files: WireServer;
  let stranger: WireServer;
  let watched: WatchedHttp;
  let client: IntegraClient;
  let answers: Record<string, (number: number) => WireReply>;

  beforeEach(async () => {
    answers = {};
    const reply = (target: string, number: number): WireReply => answers[target]?.(number) ?? says(200, {}, "here");
    server = await startWireServer(({ target }, number) => reply(target, number));
    files = await startWireServer(({ target }, number) => reply(target, number));
    stranger = await startWireServer(() => says(200, {}, "got you"));
    watched = watchedHttp();
    client = testClient(watched.http, server.origin, [files.origin]);
  });
  afterEach(async () => {
    await watched.close();
    await Promise.all([server.close(), files.close(), stranger.close()]);
  });

  const request = (path: string, more: Partial<AuthorisedRequest> = {}): AuthorisedRequest => ({
    method: "GET",
    url: new URL(path, server.origin),
    headers: { accept: "application/json" },
    token: "bearer-and-raw",
    origins: client.server.fileOrigins,
    ...more,
  });

  it("the token is sent to the configured origin, also raw if that is requested", async () => {
    await authorisedRequest(client, request("/a"));
    await authorisedRequest(client, request("/a", { token: "bearer" }));
    await authorisedRequest(client, request("/a", { token: "none" }));
    expect(credentials(server)).toEqual([
      ["Bearer token-1", "token-1"],
      ["Bearer token-1", undefined],
      [undefined, undefined],
    ]);
  });

  it("a request to an allowed file origin carries no token", async () => {
    await authorisedRequest(client, request("/a", { url: new URL("/a", files.origin) }));
    expect(credentials(files)).toEqual([[undefined, undefined]]);
  });

  it("no request is sent to an origin that is not allowed", async () => {
    const attempt = authorisedRequest(client, request("/a", { url: new URL("/a", stranger.origin) }));
    await expect(attempt).rejects.toMatchObject({
      name: "OriginRefused",
      message: expect.stringContaining(stranger.origin) as string,
    });
    expect(stranger.requests).toHaveLength(0);
  });

  it.each([301, 302, 303, 307, 308])("the token is sent again after a %i within the same origin", async (status) => {
    answers["/a"] = redirect("/b", status);
    const answer = await authorisedRequest(client, request("/a"));
    expect((await readBody(answer, 100)).toString()).toBe("here");
    expect(server.requests.map(({ target }) => target)).toEqual(["/a", "/b"]);
    expect(credentials(server)[1]).toEqual(["Bearer token-1", "token-1"]);
  });

  it("the token is not sent after a redirect to another allowed origin", async () => {
    answers["/a"] = redirect(`${files.origin}/b`);
    expect((await authorisedRequest(client, request("/a"))).status).toBe(200);
    expect(credentials(files)).toEqual([[undefined, undefined]]);
  });

  it("another origin cannot redirect a request back to the server with the token", async () => {
    answers["/a"] = redirect(`${files.origin}/b`);
    answers["/b"] = redirect(`${server.origin}/c`);
    expect((await authorisedRequest(client, request("/a"))).status).toBe(200);
    expect(server.requests.map(({ target }) => target)).toEqual(["/a", "/c"]);
    expect(credentials(server)).toEqual([
      ["Bearer token-1", "token-1"],
      [undefined, undefined],
    ]);
  });

  it("a request carries no referrer and no cookie", async () => {
    answers["/a"] = () => says(302, { location: `${files.origin}/b`, "set-cookie": "session=1" });
    await authorisedRequest(client, request("/a?secret=1"));
    await authorisedRequest(client, request("/c"));
    for (const { headers } of [...server.requests, ...files.requests])
      expect(Object.keys(headers)).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(referer|cookie)$/)]));
  });

  it("a request that needs no token neither gets nor sends one", async () => {
    answers["/a"] = redirect(`${server.origin}/b`);
    answers["/b"] = redirect(`${files.origin}/c`);
    answers["/c"] = () => says(401, {}, "no");
    const answer = await authorisedRequest({ ...client, token: noToken }, request("/a", { token: "none" }));
    expect(answer.status).toBe(401);
    expect([...credentials(server), ...credentials(files)]).toEqual(
      Array.from({ length: 3 }, () => [undefined, undefined]),
    );
  });

  it("a redirect to an origin that is not allowed is not followed", async () => {
    answers["/a"] = redirect(`${stranger.origin}/b`);
    await expect(authorisedRequest(client, request("/a"))).rejects.toMatchObject({ name: "OriginRefused" });
    expect(stranger.requests).toHaveLength(0);
  });

  it.each([
    "file:///etc/passwd",
    "data:text/plain,x",
    "ftp://127.0.0.1/x",
    "http://169.254.169.254/latest/meta-data",
    "http://localhost/",
    "http://[::1]/",
    "http://0.0.0.0/",
    "http://2130706433/",
    "//10.0.0.1/x",
    "http://[",
  ])("a redirect to %s is not followed", async (location) => {
    answers["/a"] = redirect(location);
    await expect(authorisedRequest(client, request("/a"))).rejects.toMatchObject({ name: "OriginRefused" });
  });

  it("a redirect to the server with a user name or another scheme is not followed", async () => {
    const { host } = new URL(server.origin);
    for (const location of [`http://user:pass@${host}/b`, `https://${host}/b`, `blob:http://${host}/b`]) {
      answers["/a"] = redirect(location);
      const fault = await authorisedRequest(client, request("/a")).catch((error: unknown) => error);
      expect(fault).toMatchObject({ name: "OriginRefused", message: expect.not.stringContaining("pass") as string });
    }
    expect(server.requests.map(({ target }) => target)).toEqual(["/a", "/a", "/a"]);
  });

  it("the fault about a file's origin names the setting that would allow it", async () => {
    answers["/a"] = redirect(`${stranger.origin}/b`);
    const file = authorisedRequest(client, request("/a"));
    await expect(file).rejects.toThrow("add it to the setting integra.fileOrigins");
    const status = authorisedRequest(client, request("/a", { origins: client.server.tokenOrigins }));
    await expect(status).rejects.toThrow(/^(?!.*fileOrigins)/);
  });

  it("a redirect in a circle ends after five hops", async () => {
    answers["/a"] = redirect("/a");
    expect((await authorisedRequest(client, request("/a"))).status).toBe(302);
    expect(server.requests).toHaveLength(6);
  });

  it("a request is repeated with a new token after a 401", async () => {
    answers["/a"] = (number) => (number === 1 ? says(401, {}, "<h1>expired</h1>") : says(200));
    expect((await authorisedRequest(client, request("/a"))).status).toBe(200);
    expect(credentials(server)).toEqual([
      ["Bearer token-1", "token-1"],
      ["Bearer token-2", "token-2"],
    ]);
  });

  it("a request is given up if the server refuses the new token as well", async () => {
    answers["/a"] = () => says(401, {}, "<html><h1>HTTP Status 401 – Unauthorized</h1></html>");
    await expect(authorisedRequest(client, request("/a"))).rejects.toMatchObject({
      name: "AccessRefused",
      message: `the server refused a new access token at a GET of ${server.origin}: HTTP 401`,
    });
    expect(server.requests).toHaveLength(2);
  });

  it("a 401 of an origin that did not get the token is not a refused token", async () => {
    answers["/b"] = () => says(401, {}, "link expired");
    const answer = await authorisedRequest(client, request("/b", { url: new URL("/b", files.origin) }));
    expect(answer.status).toBe(401);
    await readBody(answer, 100);
    expect(files.requests).toHaveLength(1);
  });

  it("a 401 leaves no error behind that would end the process", async () => {
    answers["/a"] = (number) => (number === 1 ? says(401, {}, "<h1>expired</h1>") : says(200));
    await authorisedRequest(client, request("/a"));
    await authorisedRequest(client, request("/c"));
    expect(watched.unhandledErrors).toEqual([]);
  });

  it("a redirect leaves no error behind that would end the process", async () => {
    answers["/a"] = () => says(302, { location: "/b" }, "moved");
    await authorisedRequest(client, request("/a"));
    await authorisedRequest(client, request("/c"));
    expect(watched.unhandledErrors).toEqual([]);
  });

  it("a page that is too long to read leaves no error behind that would end the process", async () => {
    answers["/a"] = (number) => (number === 1 ? says(401, {}, "x".repeat(600_000)) : says(200));
    await authorisedRequest(client, request("/a"));
    answers["/b"] = () => says(401, {}, "x".repeat(600_000));
    await expect(authorisedRequest(client, request("/b"))).rejects.toMatchObject({ name: "AccessRefused" });
    await authorisedRequest(client, request("/c"));
    expect(watched.unhandledErrors).toEqual([]);
  });

  it("no message repeats the token that an answer quotes", async () => {
    const quoting = "the token token-1 is too old";
    answers["/a"] = () =>
      says(403, {}, JSON.stringify({ resourceType: "OperationOutcome", issue: [{ diagnostics: quoting }] }));
    const refusal = await readRefusal(await authorisedRequest(client, request("/a")), 0);
    expect(refusalText(refusal)).toBe("HTTP 403: the token [redacted] is too old");
  });

  it("the token is sent only raw if that is requested", async () => {
    await authorisedRequest(client, request("/a", { token: "raw" }));
    expect(credentials(server)).toEqual([[undefined, "token-1"]]);
  });

  it("a POST sends its body, and sends it again after a 401", async () => {
    answers["/a"] = (number) => (number === 1 ? says(401) : says(200));
    const answer = await authorisedRequest(client, request("/a", { method: "POST", body: '{"a":1}' }));
    expect(answer.status).toBe(200);
    expect(server.requests.map(({ method, body }) => [method, body])).toEqual([
      ["POST", '{"a":1}'],
      ["POST", '{"a":1}'],
    ]);
  });

  it("the 303 of a POST is followed by GET, without the body and its headers (RFC 9110, 15.4.4)", async () => {
    answers["/a"] = redirect("/b", 303);
    const posted = {
      method: "POST" as const,
      body: "{}",
      headers: { accept: "x/y", "content-type": "application/json" },
    };
    const answer = await authorisedRequest(client, request("/a", posted));
    expect((await readBody(answer, 100)).toString()).toBe("here");
    const [first, second] = server.requests;
    expect(first).toMatchObject({ method: "POST", body: "{}", headers: { "content-type": "application/json" } });
    expect(second).toMatchObject({ method: "GET", target: "/b", body: "", headers: { accept: "x/y" } });
    expect(second?.headers).not.toHaveProperty("content-type");
    expect(credentials(server)[1]).toEqual(["Bearer token-1", "token-1"]);
  });

  it("the 303 of a DELETE is followed by GET, its 307 by DELETE", async () => {
    answers["/a"] = redirect("/b", 303);
    answers["/c"] = redirect("/d", 307);
    await authorisedRequest(client, request("/a", { method: "DELETE" }));
    await authorisedRequest(client, request("/c", { method: "DELETE" }));
    expect(server.requests.map(({ method }) => method)).toEqual(["DELETE", "GET", "DELETE", "DELETE"]);
  });

  it("the 303 of a POST to an origin that is not allowed is not followed", async () => {
    answers["/a"] = redirect(`${stranger.origin}/b`, 303);
    const attempt = authorisedRequest(client, request("/a", { method: "POST", body: "{}" }));
    await expect(attempt).rejects.toMatchObject({ name: "OriginRefused" });
    expect(stranger.requests).toHaveLength(0);
  });

  it("an answer names the URL that it came from after redirects", async () => {
    answers["/a/job"] = redirect("../b/manifest?x=1", 303);
    const redirected = await authorisedRequest(client, request("/a/job"));
    expect(redirected.url.href).toBe(`${server.origin}/b/manifest?x=1`);
    const plain = await authorisedRequest(client, request("/c", { token: "none" }));
    expect(plain.url.href).toBe(`${server.origin}/c`);
  });

  it("forbidden characters in the URL of a redirect are encoded", async () => {
    answers["/a"] = redirect("/b?trace=a|b+c&d={e}");
    await authorisedRequest(client, request("/a"));
    expect(server.requests[1]?.target).toBe("/b?trace=a%7Cb%2Bc&d=%7Be%7D");
  });

  it("a redirect without a URL is refused", async () => {
    answers["/a"] = redirect("");
    await expect(authorisedRequest(client, request("/a"))).rejects.toThrow("redirected to something that is not a URL");
  });

  it.each([301, 302, 307, 308])("a POST is not sent elsewhere after a %i, which is the answer", async (status) => {
    answers["/a"] = redirect("/b", status);
    const answer = await authorisedRequest(client, request("/a", { method: "POST", body: "{}" }));
    expect(answer.status).toBe(status);
    expect(server.requests).toHaveLength(1);
  });

  it("a 401 that is not about the token is returned as it is", async () => {
    answers["/a"] = () => says(401, {}, "the nonce is used up");
    const answer = await authorisedRequest(client, request("/a", { renews: false }));
    expect((await readBody(answer, 100)).toString()).toBe("the nonce is used up");
    expect(server.requests).toHaveLength(1);
  });

  it("a fault names the request in words if the path may name a patient", async () => {
    answers["/Patient/12900876000"] = () => says(401);
    const asked = request("/Patient/12900876000", { subject: "the read of one Patient" });
    const fault = (await authorisedRequest(client, asked).catch((error: unknown) => error)) as Error;
    expect(fault.message).toContain("the read of one Patient");
    expect(fault.message).not.toContain("12900876000");
  });

  it("a fault contains no query of a URL", async () => {
    const url = new URL("/a?patient=secret", stranger.origin);
    const fault = (await authorisedRequest(client, request("/a", { url })).catch((error: unknown) => error)) as Error;
    expect(fault.message).not.toContain("secret");
  });
});
