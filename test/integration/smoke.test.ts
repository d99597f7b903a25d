import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { DynamoDBClient, UpdateContinuousBackupsCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, ListRulesCommand } from "@aws-sdk/client-eventbridge";
import { DeletePublicAccessBlockCommand, S3Client } from "@aws-sdk/client-s3";
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { ListQueuesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lineOf } from "#cli/checks/findings.ts";
import { createKey } from "#cli/keys/key-commands.ts";
import { stageKeys } from "#cli/keys/stage-keys.ts";
import { type SmokeTest, smokeTest } from "#cli/smoke/smoke-test.ts";
import { readStageSettings } from "#infra/settings.ts";
import { clientSettings } from "#local/local-bridge.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "../fixtures/bridge-under-test.ts";

const cdkJson = JSON.parse(readFileSync(new URL("../../cdk.json", import.meta.url), "utf8")) as {
  context: { stages: unknown };
};

const settingsWith = (overrides: object) => readStageSettings("local", cdkJson.context.stages, overrides);

describe("the smoke test of a stage", () => {
  let test: BridgeUnderTest;
  let access: ReturnType<typeof clientSettings>;

  beforeAll(async () => {
    test = await bridgeUnderTest({ simulator: { patients: 5 } });
    access = clientSettings(test.bridge.aws);
    await createKey(await stageKeys("local", access));
  });
  afterAll(async () => {
    await test.stop();
  });

  async function smoke(more: Partial<SmokeTest> = {}, signal = new AbortController().signal) {
    const lines: string[] = [];
    const id = randomBytes(5).toString("hex");
    const given = { stage: "local", settings: settingsWith({}), exportDetail: undefined, id };
    const report = await smokeTest({ ...given, ...more }, (finding) => lines.push(lineOf(finding)), signal, access);
    const findings = Object.fromEntries(
      lines.map((line) => [
        line.slice(16, line.indexOf(":")),
        `${line.slice(0, 15).trim()}${line.slice(line.indexOf(":"))}`,
      ]),
    );
    return { code: report.exitCode, lines, findings };
  }

  /** The temporary rules and queues that exist. */
  async function leftBehind(): Promise<string[]> {
    const NamePrefix = "integra-bridge-local-smoke-";
    const bus = new EventBridgeClient(access);
    const { Rules = [] } = await bus.send(
      new ListRulesCommand({ NamePrefix, EventBusName: test.bridge.outputs.busName }),
    );
    const { QueueUrls = [] } = await new SQSClient(access).send(new ListQueuesCommand({ QueueNamePrefix: NamePrefix }));
    return [...Rules.map(({ Name = "" }) => Name), ...QueueUrls];
  }

  it("a ledger without point-in-time recovery is a fault, as the local AWS makes it", async () => {
    const { code, findings } = await smoke();
    expect(code).toBe(2);
    expect(findings["ledger"]).toMatch(/^failed: .* has no point-in-time recovery\. To do: /);
  });

  describe("with point-in-time recovery", () => {
    beforeAll(async () => {
      await new DynamoDBClient(access).send(
        new UpdateContinuousBackupsCommand({
          TableName: test.bridge.outputs.ledgerTableName,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        }),
      );
    });

    it("a deployed stage passes, IntegraConnect is not called, and nothing is left behind", async () => {
      const calls = test.simulator.log.length;
      const { code, lines } = await smoke();
      expect(lines.filter((line) => !line.startsWith("ok "))).toEqual([]);
      expect(lines.length).toBe(15);
      expect(code).toBe(0);
      expect(test.simulator.log.length).toBe(calls);
      expect(await leftBehind()).toEqual([]);
    });

    it("an export that the operator asks for runs to its end", async () => {
      const { code, findings } = await smoke({ exportDetail: { level: "patient", types: ["Patient"] } });
      expect(findings["export"]).toMatch(/^ok: the export .* ended as Export Completed: complete, \d+ files$/);
      expect(code).toBe(0);
      expect(await leftBehind()).toEqual([]);
    });

    it("a topic without a recipient is a fault if the settings name an address", async () => {
      const settings = settingsWith({ alarms: { nobody: false, email: "ops@example.org" } });
      const { code, findings } = await smoke({ settings });
      expect(findings["alarms"]).toMatch(
        /^failed: arn:aws:sns:.*:integra-bridge-local-alarms has no recipient\. To do: /,
      );
      expect(code).toBe(2);
    });

    it("a bucket that somebody opened and a secret that somebody broke are faults, and the other lines are printed", async () => {
      const { bucketName: Bucket, clientSecretName: SecretId } = test.bridge.outputs;
      const s3 = new S3Client({ ...access, forcePathStyle: true });
      await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
      const secrets = new SecretsManagerClient(access);
      const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId }));
      await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: '{"clientId":"broken-by-hand"}' }));
      try {
        const { code, lines, findings } = await smoke();
        expect(code).toBe(2);
        expect(lines.length).toBe(15);
        expect(findings["buckets"]).toContain(`failed: ${Bucket} does not block public access`);
        expect(findings["client"]).toContain("failed: the client's secret cannot be used: scope must be a string");
        expect(lines.join()).not.toContain("broken-by-hand");
      } finally {
        await secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
      }
    });

    it("a smoke test that is stopped removes its rule and its queue", async () => {
      // The smoke test listens until its export ends, which it does not do before it is stopped.
      test.simulator.settings.exportDurationMs = 600_000;
      const controller = new AbortController();
      const stopped = new Error("stopped by the operator");
      const running = smoke({ exportDetail: { level: "patient", types: ["Patient"] } }, controller.signal).catch(
        (error: unknown) => error,
      );
      const runningJobs = () => test.simulator.jobs().filter(({ status }) => status !== "Complete").length;
      await expect.poll(runningJobs).toBe(1);
      expect(await leftBehind()).toHaveLength(2);
      controller.abort(stopped);
      expect(await running).toBe(stopped);
      expect(await leftBehind()).toEqual([]);
      test.simulator.settings.exportDurationMs = 300;
      test.simulator.completeJobs();
    });

    it("a stage that is not deployed is a fault, and says so", async () => {
      const { code, findings } = await smoke({ stage: "absent" });
      expect(code).toBe(2);
      for (const stack of ["landing", "export", "documents", "api"])
        expect(findings["stacks"]).toContain(`the stack ${stack} does not exist`);
      expect(findings["stacks"]).toMatch(/^failed: /);
      expect(findings["dry run"]).toMatch(/^could not check: /);
    });
  });
});
