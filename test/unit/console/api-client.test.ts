import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Api } from "#console/src/api/client.ts";
import { type ApiFailure, asFailure } from "#console/src/api/failure.ts";
import { Session } from "#console/src/sign-in/session.ts";

const apiUrl = "https://api.example.org";

describe("calls of the console", () => {
  let session: Session;
  let api: Api;
  let calls: [url: string, init: RequestInit][];

  beforeEach(() => {
    session = new Session(15);
    session.begin({ accessToken: "token", expiresAt: undefined, user: undefined });
    api = new Api(session, `${apiUrl}/`);
    calls = [];
  });

  afterEach(() => vi.unstubAllGlobals());

  function answerWith(status: number, body: unknown, headers: Record<string, string> = {}): void {
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
      calls.push([url, init]);
      return Promise.resolve(new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers }));
    });
  }

  const failureOfCall = async (path = "/links"): Promise<ApiFailure> =>
    asFailure(await api.json(path).catch((error: unknown) => error));

  it("have the token, and go to the console's own origin", async () => {
    answerWith(200, { links: [] });
    expect(await api.json("/links")).toEqual({ links: [] });
    expect(calls).toMatchObject([["/api/links", { headers: { authorization: "Bearer token" }, credentials: "omit" }]]);
  });

  it("follow a link of an answer below /api", async () => {
    answerWith(200, {});
    await api.json(`${apiUrl}/links?after=x`);
    expect(calls[0]?.[0]).toBe("/api/links?after=x");
  });

  it.each(["https://elsewhere.example/links", "https://api.example.org.elsewhere.example/links"])(
    "send no token to %s",
    async (link) => {
      answerWith(200, {});
      expect((await failureOfCall(link)).message).toBe("A link leads elsewhere");
      expect(calls).toEqual([]);
    },
  );

  it("say a problem in its own words, with the id of the call", async () => {
    answerWith(422, {
      type: "about:blank",
      title: "In use",
      status: 422,
      detail: "Use another key.",
      requestId: "c-1",
    });
    expect(await failureOfCall()).toMatchObject({
      message: "In use",
      detail: "Use another key.",
      status: 422,
      callId: "c-1",
    });
  });

  it("say an OperationOutcome in its own words", async () => {
    const issue = {
      severity: "error",
      code: "invalid",
      details: { text: "Not accepted" },
      diagnostics: "phone is missing",
    };
    answerWith(400, { resourceType: "OperationOutcome", issue: [issue] }, { "x-request-id": "c-2" });
    expect(await failureOfCall()).toMatchObject({ message: "Not accepted", detail: "phone is missing", callId: "c-2" });
  });

  it.each([
    [403, "You may not do this"],
    [404, "The API has no such route"],
    [429, "Too many calls"],
    [502, "The call failed"],
  ])("say what %s of API Gateway or of a proxy means", async (status, title) => {
    answerWith(status, "<html>");
    expect((await failureOfCall()).message).toBe(title);
    expect(session.token()).toBe("token");
  });

  it("end the session if the API refuses its token", async () => {
    answerWith(401, { message: "Unauthorized" });
    expect((await failureOfCall()).status).toBe(401);
    expect(session.state).toEqual({ kind: "signed-out", reason: "refused" });
    expect((await failureOfCall()).message).toBe("You are signed out");
    expect(calls).toHaveLength(1);
  });

  it("say so if no answer comes", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("network")));
    expect(await failureOfCall()).toMatchObject({ status: 0, message: "No answer came" });
  });
});
