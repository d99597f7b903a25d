import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { StoredLink } from "#user-session/links/link-records.ts";
import { storedSession } from "#user-session/stored-session.ts";
import { clientsOf, userClients } from "#user-session/user-client.ts";
import { userServer } from "#user-session/user-server.ts";
import { answeringHttp } from "../../fixtures/answering-http.ts";
import { sessionStoreInMemory } from "../../fixtures/session-store-in-memory.ts";

describe("the client of a user session from a Lambda's environment", () => {
  beforeEach(() => {
    vi.stubEnv("INTEGRA_BASE_URL", "https://fhir.example/");
    vi.stubEnv("LEDGER_TABLE", "ledger");
    vi.stubEnv("SESSION_SECRET", "integra-bridge/test/user-session");
    vi.stubEnv("SMART_CLIENT_SECRET", "integra-bridge/test/smart-client");
    vi.stubEnv("EVENT_BUS", "bus");
    vi.stubEnv("AWS_REGION", "us-east-1");
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("the client has the guide's patient search paths, or those of the stage", () => {
    expect(userClients().service.server.patientSearchPaths).toEqual({ r4: "Patient", "us-core": "us-core/patient" });
    vi.stubEnv("INTEGRA_PATIENT_SEARCH_PATHS", '{"us-core":"us-core/Patient"}');
    expect(userClients().service.server.patientSearchPaths).toEqual({ r4: "Patient", "us-core": "us-core/Patient" });
  });

  it("the client has the assumed paths of US Core, or those of the stage", () => {
    expect(userClients().service.server.usCorePaths).toEqual({ base: "us-core", spelling: "as-in-fhir" });
    vi.stubEnv("INTEGRA_US_CORE_PATHS", '{"base":"uscore"}');
    expect(userClients().service.server.usCorePaths).toEqual({ base: "uscore", spelling: "as-in-fhir" });
    vi.stubEnv("INTEGRA_US_CORE_PATHS", '{"base":"//elsewhere.example"}');
    expect(() => userClients().service).toThrow("INTEGRA_US_CORE_PATHS is malformed");
  });

  it("a patient search path that leads to another server is refused", () => {
    vi.stubEnv("INTEGRA_PATIENT_SEARCH_PATHS", '{"r4":"https://elsewhere.example/Patient"}');
    expect(() => userClients().service).toThrow("INTEGRA_PATIENT_SEARCH_PATHS is malformed");
  });
});

describe("the clients of user sessions", () => {
  const linkId = `link-${"0".repeat(32)}`;
  const tokenUrl = "https://login.example/token";
  const linkOf = (sessionId: string, more = {}) => ({ sessionId, tokenUrl, ...more });

  /** The clients of a stage with one link, and the requests that they sent to a token endpoint. */
  function clients(sessionId = `${linkId}.one`) {
    const http = answeringHttp(() => ({ status: 200, body: { access_token: "access-1", expires_in: 899 } }));
    const server = userServer({ baseUrl: "https://fhir.example/", authorizationOrigins: ["https://login.example"] });
    const published: unknown[] = [];
    const store = sessionStoreInMemory();
    const ofStage = { text: JSON.stringify({ refresh_token: "r", client_id: "stage", auth_method: "none" }), putAt: 1 };
    const made = clientsOf({
      connection: { server, http, now: () => 1_000, onUnreadable: () => undefined },
      store,
      links: {
        find: (id) =>
          Promise.resolve(id === linkId ? ({ record: { linked: linkOf(sessionId) } } as StoredLink) : undefined),
      },
      service: storedSession("service", () => Promise.resolve(ofStage)),
      readSmartClient: () => Promise.resolve({ id: "smart", authentication: { method: "none" }, storedAt: 0 }),
      bus: { publish: (event) => Promise.resolve(void published.push(event)) },
    });
    return { made, http, store, published };
  }

  const sentTo = ({ requests }: ReturnType<typeof clients>["http"]) =>
    requests.map(({ url, body }) => [url.href, new URLSearchParams(body ?? "").get("client_id")]);

  it("send the stage's own session to its token endpoint, and a link's to that of its launch, each as its own client", async () => {
    const { made, http, store } = clients();
    await store.beginChain(`${linkId}.one`, { digest: "d", putAt: 1, refreshToken: "r" });
    await made.service.token.current();
    await (await made.ofSession(`${linkId}.one`)).token.current();
    expect(sentTo(http)).toEqual([
      ["https://fhir.example/integra/Oauth2/oauth2Login?provider=idx", "stage"],
      [tokenUrl, "smart"],
    ]);
  });

  it("refuse a link's session whose token endpoint is not configured any more, and send nothing", () => {
    const { made, http } = clients();
    const gone = linkOf(`${linkId}.one`, { tokenUrl: "https://gone.example/token" });
    expect(() => made.ofLink(gone)).toThrow("smart.authorizationOrigins");
    expect(http.requests).toEqual([]);
  });

  it.each([
    ["that its link has replaced", `${linkId}.earlier`],
    ["of a link that does not exist", `link-${"1".repeat(32)}.one`],
    ["with a name that is no session's", "another"],
  ])("refuse a session %s", async (_, sessionId) => {
    await expect(clients().made.ofSession(sessionId)).rejects.toMatchObject({ name: "SessionDead" });
  });

  it("tell which link's session has ended", async () => {
    const { made, store, published } = clients();
    await store.beginChain(`${linkId}.one`, { digest: "d", putAt: 1, refreshToken: "r" });
    const claim = { id: "c", generation: 1 };
    await store.claimRefresh(`${linkId}.one`, claim, { now: 1, until: 2, secretPutAt: 1 });
    await store.endSession(`${linkId}.one`, claim, { at: 5, refusal: "grant-refused", message: "refused" });
    await expect(made.ofLink(linkOf(`${linkId}.one`)).token.current()).rejects.toThrow("refused");
    expect(published).toMatchObject([{ type: "User Session Ended", detail: { linkId, message: "refused" } }]);
  });
});
