import { PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createClientKeyPair } from "#client-keys/key-pair.ts";
import type { ReceivedExportEvent } from "#local/bridge-caller.ts";
import { clientSettings } from "#local/local-bridge.ts";
import type { RequestLogEntry } from "#local/simulator/http/request-log.ts";
import { type BridgeUnderTest, bridgeUnderTest, completed, failed } from "../fixtures/bridge-under-test.ts";
import { landedFiles, sameBytes, servedFiles } from "../fixtures/landed-files.ts";

describe("a rotation of the client's key while an export runs", () => {
  let test: BridgeUnderTest;

  beforeAll(async () => {
    test = await bridgeUnderTest({
      algorithm: "ES384",
      simulator: { patients: 60, maxLinesPerFile: 20, tokenLifetimeSeconds: 5 },
    });
  });

  afterAll(async () => {
    await test.stop();
  });

  /** Replaces the key in the secret and at the server, and revokes the tokens that were issued for the old key. */
  async function rotate(algorithm: "ES384" | "RS384"): Promise<void> {
    const { simulator, bridge, secret } = test;
    const { privateJwk, publicJwks } = await createClientKeyPair(algorithm);
    const SecretString = JSON.stringify({ ...secret, current: privateJwk });
    const secrets = new SecretsManagerClient(clientSettings(bridge.aws));
    await secrets.send(new PutSecretValueCommand({ SecretId: bridge.outputs.clientSecretName, SecretString }));
    simulator.registerClient({ clientId: String(secret["clientId"]), jwks: publicJwks, scopes: ["system/*.read"] });
    simulator.revokeTokens();
  }

  /** Starts an export and waits for the first of its events of this type. */
  async function startExportUntil(type: ReceivedExportEvent["detail-type"], request: object): Promise<string> {
    const exportId = await test.startExecution(request);
    await test.awaitEvent(
      (event): event is ReceivedExportEvent => event["detail-type"] === type && event.detail.exportId === exportId,
    );
    return exportId;
  }

  /** The number of status requests for the newest job. */
  const pollCount = (): number => {
    const newest = test.simulator.jobs().at(-1)?.id;
    return test.simulator.log.filter(({ jobId, endpoint }) => jobId === newest && endpoint === "status").length;
  };

  const tokenRequests = (since: number): RequestLogEntry[] =>
    test.simulator.log.slice(since).filter(({ endpoint }) => endpoint === "token");

  it.each([401, 400] as const)(
    "an export completes if the key is rotated between kick-off and manifest, with invalid_client as a %i",
    async (status) => {
      const { simulator } = test;
      simulator.settings.invalidClientStatus = status;
      simulator.settings.exportDurationMs = 60_000;
      const exportId = await startExportUntil("Export Started", { level: "patient", types: ["Patient", "Condition"] });
      // By then poll-export has a token for the old key.
      await expect.poll(pollCount, { timeout: 20_000 }).toBeGreaterThan(0);
      const before = simulator.log.length;
      await rotate("RS384");
      simulator.completeJobs();
      const end = await test.awaitEndOf(exportId);
      simulator.settings.exportDurationMs = 300;

      expect(completed(end).status).toBe("complete");
      sameBytes(await landedFiles(test, exportId), servedFiles(simulator, "Patient"));
      expect(tokenRequests(before).find(({ status: answered }) => answered !== 200)).toMatchObject({
        status,
        reason: expect.stringContaining("invalid_client") as string,
      });
    },
  );

  it("an export completes if the key is rotated during the downloads, with one refusal for each container", async () => {
    const { simulator } = test;
    const start = simulator.log.length;
    // Two files are served with a token for the old key. The requests for the others wait with such a token.
    const downloads = simulator.holdRequests("download", 2);
    const exportId = await test.startExecution({ level: "patient" });
    await downloads.waiting();
    const before = simulator.log.length;
    await rotate("ES384");
    downloads.release();
    const end = await test.awaitEndOf(exportId);

    expect(completed(end)).toMatchObject({ status: "complete", totals: { failedFiles: 0 } });
    sameBytes(await landedFiles(test, exportId), servedFiles(simulator, "Patient"));
    const answers = simulator.log.slice(start).filter(({ endpoint }) => endpoint === "download");
    expect(answers.slice(0, 2).map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[2]?.status).toBe(401);
    // At most four containers download at once, each with one refusal. Two other functions call the server afterwards.
    expect(tokenRequests(before).filter(({ status }) => status !== 200).length).toBeLessThanOrEqual(6);
  });

  it("an export fails after a few refusals if the secret still has the old key", async () => {
    const { simulator, secret } = test;
    const { publicJwks } = await createClientKeyPair("ES384");
    simulator.settings.exportDurationMs = 60_000;
    const exportId = await startExportUntil("Export Started", { level: "patient", types: ["Patient"] });
    const before = simulator.log.length;
    simulator.registerClient({ clientId: String(secret["clientId"]), jwks: publicJwks, scopes: ["system/*.read"] });
    simulator.revokeTokens();

    expect(failed(await test.awaitEndOf(exportId)).error.name).toBe("AccessRefused");
    expect(tokenRequests(before).length).toBeLessThanOrEqual(8);
  });
});
