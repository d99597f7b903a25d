import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientSettings } from "#local/local-bridge.ts";
import { connections } from "#platform/http/connections.ts";
import { undiciHttp } from "#platform/http/http.ts";
import { ageAccessToken, pastRefusedTooSoonMs, pastRenewalMs } from "#test/fixtures/aged-token.ts";
import {
  type RetrievalUnderTest,
  retrievalUnderTest,
  shortCcdMs,
  userId,
} from "#test/fixtures/retrieval-under-test.ts";
import { sessionSecret, type UserSessionStore } from "#user-session/language/user-session.ts";
import { currentAccessToken, type SessionRefreshPorts } from "#user-session/session-refresh.ts";
import type { StoredSecret } from "#user-session/session-secret.ts";
import { userSessions } from "#user-session/session-store.ts";
import { storedSession } from "#user-session/stored-session.ts";
import { refreshUserToken } from "#user-session/token-endpoint.ts";
import { userServer } from "#user-session/user-server.ts";

const sessionId = "service";

describe("a user session", () => {
  let retrieval: RetrievalUnderTest;
  let store: UserSessionStore;
  beforeAll(async () => {
    retrieval = await retrievalUnderTest();
    const { aws, outputs } = retrieval.under.bridge;
    store = userSessions(DynamoDBDocumentClient.from(new DynamoDBClient(clientSettings(aws))), outputs.ledgerTableName);
  });
  afterAll(() => retrieval?.under.stop());

  const patient = (place: number): string => retrieval.patient(place);
  const refreshes = (): (number | null)[] =>
    retrieval.under.simulator.log.filter(({ endpoint }) => endpoint === "user-token").map(({ status }) => status);

  /** Requests a patient's CCDs, and returns the statuses of the token endpoint's answers in the meantime. */
  async function refreshesOver(place: number, meanwhile: (requestId: string) => Promise<void>): Promise<unknown[]> {
    const before = refreshes().length;
    await meanwhile(await retrieval.request(patient(place)));
    return refreshes().slice(before);
  }
  const documentsOf = (place: number) => (requestId: string) => retrieval.expectDocumentsOf(requestId, patient(place));

  /** Makes the session's access token so old that its next use renews it. */
  const makeTokenDue = () => ageAccessToken(retrieval.under, pastRenewalMs);

  /** Does something that leads to a refresh, and waits until the new tokens are in the ledger. */
  async function refreshAfter(cause: () => Promise<void>): Promise<void> {
    const before = await store.read(sessionId);
    await cause();
    await expect.poll(async () => (await store.read(sessionId))?.refreshToken).not.toBe(before?.refreshToken);
  }

  async function storedSecret(): Promise<StoredSecret> {
    const { aws, outputs } = retrieval.under.bridge;
    const get = new GetSecretValueCommand({ SecretId: outputs.sessionSecretName });
    const { SecretString = "", CreatedDate } = await new SecretsManagerClient(clientSettings(aws)).send(get);
    return { text: SecretString, putAt: CreatedDate?.getTime() ?? 0 };
  }

  /**
   * A process of the bridge that starts a refresh, and dies after or before it stores the new tokens. It has the same ledger,
   * secret and token endpoint as the deployed functions.
   */
  function dyingProcess(dies: "after storing" | "before storing"): {
    refreshed: Promise<void>;
    gone: Promise<unknown>;
  } {
    const { simulator } = retrieval.under;
    const server = userServer({ baseUrl: simulator.baseUrl });
    const http = undiciHttp(connections(server));
    const rotated = Promise.withResolvers<void>();
    const now = Date.now;
    const ports: SessionRefreshPorts = {
      store: {
        ...store,
        // A short claim, so that the next process does not wait long.
        claimRefresh: (id, claim, times) => store.claimRefresh(id, claim, { ...times, until: times.now + 500 }),
      },
      refresh: async (client, refreshToken) => {
        const tokens = await refreshUserToken(
          { server, http, now, onUnreadable: () => undefined },
          client,
          refreshToken,
        );
        rotated.resolve();
        return dies === "before storing" ? await new Promise(() => undefined) : tokens;
      },
      now,
      sleep: () => Promise.reject(new Error("no other process refreshes the session")),
      onEndedSession: () => Promise.reject(new Error("the session has not ended")),
    };
    const gone = currentAccessToken(ports, storedSession(sessionId, storedSecret));
    return { refreshed: rotated.promise, gone };
  }

  test("a session without an access token is refreshed once, and one with a valid token is not refreshed", async () => {
    expect(await refreshesOver(0, documentsOf(0))).toEqual([200]);
    expect(await refreshesOver(1, documentsOf(1))).toEqual([]);
  });

  test("a session continues if its tokens are revoked and rotated several times in the middle of a request", async () => {
    const { simulator } = retrieval.under;
    simulator.settings.ccdDurationMs = 600_000;
    const refreshed = await refreshesOver(2, async (requestId) => {
      await expect
        .poll(async () => (await retrieval.requests.find(requestId))?.serverRequestId)
        .toEqual(expect.any(String));
      await refreshAfter(async () => {
        await ageAccessToken(retrieval.under, pastRefusedTooSoonMs);
        simulator.revokeUserTokens();
      });
      await refreshAfter(makeTokenDue);
      await refreshAfter(makeTokenDue);
      simulator.settings.ccdDurationMs = shortCcdMs;
      simulator.completeServerRequests();
      await retrieval.expectDocumentsOf(requestId, patient(2));
    });
    // A refresh token that was sent twice would have ended the session.
    expect(refreshed.length).toBeGreaterThanOrEqual(3);
    expect(new Set(refreshed)).toEqual(new Set([200]));
  });

  test("a session continues with both stored tokens if the process dies between storing and using them", async () => {
    await makeTokenDue();
    await dyingProcess("after storing").gone;
    expect(await refreshesOver(3, documentsOf(3))).toEqual([]);
    const { refreshToken } = (await store.read(sessionId)) ?? {};
    await makeTokenDue();
    expect(await refreshesOver(4, documentsOf(4))).toEqual([200]);
    expect((await store.read(sessionId))?.refreshToken).not.toBe(refreshToken);
  });

  test("a session continues after a crash between rotation and storing if the server still accepts the old token", async () => {
    await makeTokenDue();
    retrieval.under.simulator.settings.refreshTokenGraceSeconds = 60;
    await dyingProcess("before storing").refreshed;
    expect(await refreshesOver(5, documentsOf(5))).toEqual([200]);
    retrieval.under.simulator.settings.refreshTokenGraceSeconds = 0;
  });

  test("a session ends after a crash between rotation and storing if the server accepts no old token, and requests and subscribers get the reason", async () => {
    await makeTokenDue();
    await dyingProcess("before storing").refreshed;
    const before = refreshes().length;
    const { error } = await retrieval.failed(await retrieval.request(patient(6)));
    expect(error).toMatchObject({ name: "SessionDead", message: expect.stringContaining("may have been rotated") });
    const { detail } = await retrieval.under.awaitSessionEnd();
    expect(detail).toMatchObject({ sessionId, refusal: "grant-refused", message: error.message });
    // A later request fails with the same fault, without a request to the token endpoint.
    expect((await retrieval.failed(await retrieval.request(patient(7)))).error).toEqual(error);
    expect(refreshes().slice(before)).toEqual([400]);
    expect(await store.read(sessionId)).toMatchObject({ end: { published: true } });
  });

  test("an ended session continues after the operator stores a new authorization code or refresh token", async () => {
    const { simulator, bridge } = retrieval.under;
    const secret = sessionSecret.parse(JSON.parse((await storedSecret()).text));
    const { client_id: clientId, client_secret: clientSecret, auth_method: method } = secret;
    const addSession = async (first: string, ...more: string[]) => {
      const args = [
        "cli/integra.ts",
        "session",
        "add",
        "--stage",
        "local",
        "--client-id",
        clientId,
        "--auth-method",
        method,
      ];
      const running = promisify(execFile)(process.execPath, [...args, ...more], { env: { ...bridge.aws.env } });
      running.child.stdin?.end(`${first}\n${clientSecret}\n`);
      return await running;
    };
    const tokenUrl = userServer({ baseUrl: simulator.baseUrl }).tokenUrl.href;
    const byCode = ["--grant", "authorization_code", "--token-url", tokenUrl];
    const code = simulator.authorizationCode({ userId, clientId });
    expect((await addSession(code, ...byCode)).stdout).toContain("is stored");
    expect(await refreshesOver(8, documentsOf(8))).toEqual([200]);

    await expect(addSession(code, ...byCode)).rejects.toThrow(/used before/);
    await makeTokenDue();
    await addSession(simulator.openSession({ userId, clientId }));
    expect(await refreshesOver(9, documentsOf(9))).toEqual([200]);
  });
});
