import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
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

  /** Asks for a patient's CCDs, and answers how the token endpoint answered meanwhile. */
  async function refreshesOver(place: number, meanwhile: (requestId: string) => Promise<void>): Promise<unknown[]> {
    const before = refreshes().length;
    await meanwhile(await retrieval.request(patient(place)));
    return refreshes().slice(before);
  }
  const documentsOf = (place: number) => (requestId: string) => retrieval.expectDocumentsOf(requestId, patient(place));

  /** From now on the token that everybody shares is to be renewed before it is used again. */
  const makeDue = () => ageAccessToken(retrieval.under, pastRenewalMs);

  /** Waits until a token that was refreshed because of this is in the ledger. */
  async function refreshedBecause(cause: () => Promise<void>): Promise<void> {
    const before = await store.read(sessionId);
    await cause();
    const stored = async () => expect((await store.read(sessionId))?.refreshToken).not.toBe(before?.refreshToken);
    await vi.waitFor(stored, { timeout: 20_000, interval: 50 });
  }

  async function storedSecret(): Promise<StoredSecret> {
    const { aws, outputs } = retrieval.under.bridge;
    const get = new GetSecretValueCommand({ SecretId: outputs.sessionSecretName });
    const { SecretString = "", CreatedDate } = await new SecretsManagerClient(clientSettings(aws)).send(get);
    return { text: SecretString, putAt: CreatedDate?.getTime() ?? 0 };
  }

  /**
   * A process of the bridge that begins to renew the session, with the ledger, the secret and the token endpoint of the
   * others, up to a point of its refresh from which it never comes back.
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
        // So that nobody waits for the whole of it.
        claimRefresh: (id, claim, times) => store.claimRefresh(id, claim, { ...times, until: times.now + 500 }),
      },
      refresh: async (client, refreshToken) => {
        const tokens = await refreshUserToken({ server, http, now }, client, refreshToken);
        rotated.resolve();
        return dies === "before storing" ? await new Promise(() => undefined) : tokens;
      },
      now,
      sleep: () => Promise.reject(new Error("nobody else renews the session")),
      onEndedSession: () => Promise.reject(new Error("the session has not ended")),
    };
    const gone = currentAccessToken(ports, { id: sessionId, readSecret: storedSecret });
    return { refreshed: rotated.promise, gone };
  }

  test("that is cold is renewed once, and warm not at all", async () => {
    expect(await refreshesOver(0, documentsOf(0))).toEqual([200]);
    expect(await refreshesOver(1, documentsOf(1))).toEqual([]);
  });

  test("whose tokens are revoked, and rotated again and again, in the middle of a request goes on", async () => {
    const { simulator } = retrieval.under;
    simulator.settings.ccdDurationMs = 600_000;
    const refreshed = await refreshesOver(2, async (requestId) => {
      const accepted = async () => expect((await retrieval.requests.find(requestId))?.serverRequestId).not.toBeNull();
      await vi.waitFor(accepted, { timeout: 20_000, interval: 50 });
      await refreshedBecause(async () => {
        await ageAccessToken(retrieval.under, pastRefusedTooSoonMs);
        simulator.revokeUserTokens();
      });
      await refreshedBecause(makeDue);
      await refreshedBecause(makeDue);
      simulator.settings.ccdDurationMs = shortCcdMs;
      simulator.completeServerRequests();
      await retrieval.expectDocumentsOf(requestId, patient(2));
    });
    // A refresh token that came twice would have ended the session.
    expect(refreshed.length).toBeGreaterThanOrEqual(3);
    expect(new Set(refreshed)).toEqual(new Set([200]));
  });

  test("whose process dies after it stored the rotated token, before it used the other, goes on with both", async () => {
    await makeDue();
    await dyingProcess("after storing").gone;
    expect(await refreshesOver(3, documentsOf(3))).toEqual([]);
    const { refreshToken } = (await store.read(sessionId)) ?? {};
    await makeDue();
    expect(await refreshesOver(4, documentsOf(4))).toEqual([200]);
    expect((await store.read(sessionId))?.refreshToken).not.toBe(refreshToken);
  });

  test("whose process dies between rotation and storing goes on, where the server takes the old token for a while", async () => {
    await makeDue();
    retrieval.under.simulator.settings.refreshTokenGraceSeconds = 60;
    await dyingProcess("before storing").refreshed;
    expect(await refreshesOver(5, documentsOf(5))).toEqual([200]);
    retrieval.under.simulator.settings.refreshTokenGraceSeconds = 0;
  });

  test("whose process dies between rotation and storing ends, where the server takes no old token: everybody is told why", async () => {
    await makeDue();
    await dyingProcess("before storing").refreshed;
    const before = refreshes().length;
    const { error } = await retrieval.failed(await retrieval.request(patient(6)));
    expect(error).toMatchObject({ name: "SessionDead", message: expect.stringContaining("may have been rotated") });
    const { detail } = await retrieval.under.awaitSessionEnd();
    expect(detail).toMatchObject({ sessionId, refusal: "grant-refused", message: error.message });
    // Whoever asks later hears of it without a request to the token endpoint.
    expect((await retrieval.failed(await retrieval.request(patient(7)))).error).toEqual(error);
    expect(refreshes().slice(before)).toEqual([400]);
    expect(await store.read(sessionId)).toMatchObject({ end: { published: true } });
  });

  test("that has ended goes on once the operator renews it, by a code of the portal's or by a refresh token", async () => {
    const { simulator, bridge } = retrieval.under;
    const secret = sessionSecret.parse(JSON.parse((await storedSecret()).text));
    const { client_id: clientId, client_secret: clientSecret, auth_method: method } = secret;
    const renew = async (first: string, ...more: string[]) => {
      const args = ["cli/add-session.ts", "add", "--stage", "local", "--client-id", clientId, "--auth-method", method];
      const running = promisify(execFile)(process.execPath, [...args, ...more], { env: { ...bridge.aws.env } });
      running.child.stdin?.end(`${first}\n${clientSecret}\n`);
      return await running;
    };
    const tokenUrl = userServer({ baseUrl: simulator.baseUrl }).tokenUrl.href;
    const byCode = ["--grant", "authorization_code", "--token-url", tokenUrl];
    const code = simulator.authorizationCode({ userId, clientId });
    expect((await renew(code, ...byCode)).stdout).toContain("is stored");
    expect(await refreshesOver(8, documentsOf(8))).toEqual([200]);

    await expect(renew(code, ...byCode)).rejects.toThrow(/used before/);
    await makeDue();
    await renew(simulator.openSession({ userId, clientId }));
    expect(await refreshesOver(9, documentsOf(9))).toEqual([200]);
  });
});
