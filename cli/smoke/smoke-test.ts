import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import type { ExportRequestDetail } from "#bulk-export/language/export-request.ts";
import { backupVaultName, trailName } from "#infra/constructs/platform/kept-data-names.ts";
import { backupFrequency, lockModeOf, recordsReads } from "#infra/settings/platform.ts";
import type { StageSettings } from "#infra/settings.ts";
import { eventSource } from "#platform/bus/event-language.ts";
import { type NamedFinding, worstOf } from "#platform/findings/findings.ts";
import { type NamedCheck, runChecks } from "../checks/findings.ts";
import { fetchKeySet, keySetPath } from "../checks/served-key-set.ts";
import { stageKeys } from "../keys/stage-keys.ts";
import { temporaryListener } from "../listener/temporary-listener.ts";
import { type AwsAccess, outputsOf } from "../stage-outputs.ts";
import { checkBackups, checkLock, checkReads, checkReplication } from "./kept-data-checks.ts";
import { keptDataReader } from "./kept-data-reader.ts";
import type { SmokeLine, SmokeReport } from "./smoke-report.ts";
import {
  checkAlarms,
  checkBuckets,
  checkClient,
  checkKey,
  checkKeySet,
  checkLedger,
  checkLogs,
  checkRefusal,
  checkSchedules,
  checkStacks,
} from "./stage-checks.ts";
import { stageReader } from "./stage-reader.ts";
import { heardTypes, smokeSource, tryExport, tryRefusedExport } from "./trial-export.ts";

type SmokeCheck = NamedCheck<SmokeLine>;

/** What to test, and how far. */
export interface SmokeTest {
  stage: string;
  /** The settings that the stage was deployed with. */
  settings: StageSettings;
  /** An export to run at IntegraConnect. If absent, IntegraConnect is not called. */
  exportDetail: ExportRequestDetail | undefined;
  /** Unique for this smoke test: 8 to 16 letters and digits. */
  id: string;
}

/**
 * Tests a deployed stage, and reports each finding. It only creates a temporary rule and queue, and requests
 * one export that is refused and, if the operator asks for it, one that is not.
 */
export async function smokeTest(
  test: SmokeTest,
  report: (finding: NamedFinding<SmokeLine>) => void,
  signal: AbortSignal,
  access: AwsAccess = {},
): Promise<SmokeReport> {
  const at = new Date().toISOString();
  const findings: NamedFinding<SmokeLine>[] = [];
  const checks = [...checksOf(test, access), ...trialsOf(test, signal, access)];
  const exitCode = await runChecks(
    checks,
    (finding) => {
      findings.push(finding);
      report(finding);
    },
    signal,
  );
  return { stage: test.stage, at, verdict: worstOf(findings), exitCode, findings };
}

function checksOf({ stage, settings }: SmokeTest, access: AwsAccess): SmokeCheck[] {
  const expected = expectedOutputs(settings);
  const reader = stageReader(stage, Object.keys(expected), access);
  const output = outputsOf(new CloudFormationClient(access), stage);
  const landing = (key: string) => output("landing", key);
  const apiUrl = async () => (await output("api", "ApiUrl")).replace(/\/$/, "");
  const keySetUrl = async () => `${await apiUrl()}${keySetPath}`;
  const readKeySet = async () => {
    const { status, keys } = await fetchKeySet(await keySetUrl());
    return { status, kids: keys.map(({ kid }) => kid) };
  };
  const { alarms, clientKey, retention, schedules, subscribers } = settings;
  return [
    { name: "stacks", check: checkStacks({ expected, readStack: reader.readStack }) },
    {
      name: "key",
      check: async () => {
        const keyArn = await landing("KeyArn");
        const subscriberAccounts = subscribers.map(({ accountId }) => accountId);
        return await checkKey({ keyArn, subscriberAccounts, readKey: () => reader.readKey(keyArn) })();
      },
    },
    { name: "buckets", check: checkBuckets(reader) },
    {
      name: "ledger",
      check: async () => {
        const table = await landing("LedgerTableName");
        const readLedger = () => reader.readLedger(table);
        return await checkLedger({ keepsData: !retention.removeWithStack, table, readLedger })();
      },
    },
    ...keptDataChecks({ stage, settings }, access),
    {
      name: "logs",
      check: async () => checkLogs({ ...reader, keyArn: await landing("KeyArn") })(),
    },
    {
      name: "alarms",
      check: async () => {
        const topicArn = alarms.topicArn ?? alarmTopicOf(stage, await landing("KeyArn"));
        const readSubscriptions = () => reader.readSubscriptions(topicArn);
        return await checkAlarms({ topicArn, settings: alarms, readSubscriptions })();
      },
    },
    { name: "schedules", check: checkSchedules({ settings: schedules, readSchedules: reader.readSchedules }) },
    {
      name: "public keys",
      check: async () => checkKeySet({ fetchKeySet: readKeySet, url: await keySetUrl() })(),
    },
    {
      name: "client",
      check: async () => {
        const { readSecret, secretName } = await stageKeys(stage, access);
        const readRotation = () => reader.readRotation(secretName);
        const { rotateEveryDays } = clientKey;
        return await checkClient({ stage, readSecret, fetchKeySet: readKeySet, readRotation, rotateEveryDays })();
      },
    },
    {
      name: "refused call",
      check: async () => {
        const url = `${await apiUrl()}/ccd-requests/smoke-test`;
        return await checkRefusal({ url, call: async () => (await get(url)).status })();
      },
    },
  ];
}

/** How the stage keeps its data. */
function keptDataChecks({ stage, settings }: Pick<SmokeTest, "stage" | "settings">, access: AwsAccess): SmokeCheck[] {
  const { audit, backup, replication, retention } = settings;
  const reader = keptDataReader(access);
  const output = outputsOf(new CloudFormationClient(access), stage);
  return [
    {
      name: "audit lock",
      check: async () => {
        const bucket = await output("landing", "AuditBucketName");
        const mode = lockModeOf(audit, retention);
        const wanted = mode && { mode, days: retention.auditDays };
        return await checkLock({ bucket, wanted, readLock: () => reader.readLock(bucket) })();
      },
    },
    {
      name: "reads",
      check: () => {
        const trail = trailName(stage);
        const wanted = recordsReads(audit, retention);
        return checkReads({ trail, wanted, readTrail: () => reader.readTrail(trail) })();
      },
    },
    {
      name: "backups",
      check: () => {
        const vault = backupVaultName(stage);
        const frequency = backupFrequency(backup, retention);
        const readNewestBackup = () => reader.readNewestBackup(vault);
        return checkBackups({ vault, frequency, readNewestBackup, now: Date.now })();
      },
    },
    {
      name: "copies",
      check: async () => {
        const copied = [
          { output: "AuditBucketName", copies: replication.audit?.bucketArn },
          { output: "BucketName", copies: replication.quarantine?.bucketArn },
        ];
        const wanted: { bucket: string; copies: string }[] = [];
        for (const { output: name, copies } of copied)
          if (copies !== undefined) wanted.push({ bucket: await output("landing", name), copies });
        return await checkReplication({ wanted, readDestinations: reader.readDestinations })();
      },
    },
  ];
}

function trialsOf({ stage, exportDetail, id }: SmokeTest, signal: AbortSignal, access: AwsAccess): SmokeCheck[] {
  const output = outputsOf(new CloudFormationClient(access), stage);
  const trial = async (name: string) => {
    const requestId = `smoke-${name}-${id}`;
    const busName = await output("landing", "BusName");
    const listening = {
      name: `integra-bridge-${stage}-${requestId}`,
      busName,
      pattern: { source: [eventSource, smokeSource], "detail-type": heardTypes, detail: { requestId: [requestId] } },
      madeBy: "npm run smoke",
      ownSource: smokeSource,
    };
    return { listener: temporaryListener(listening, signal, access), requestId, now: Date.now };
  };
  const dryRun: SmokeCheck = { name: "dry run", check: async () => tryRefusedExport(await trial("dry"))() };
  if (exportDetail === undefined) return [dryRun];
  return [dryRun, { name: "export", check: async () => tryExport(await trial("export"), exportDetail)() }];
}

/** The outputs that commands, subscribers and operators use, by stack. */
export function expectedOutputs({
  api,
  console,
  fixedEgress,
  exampleSubscriber,
}: StageSettings): Record<string, string[]> {
  return {
    landing: [
      "BucketName",
      "AuditBucketName",
      "BusName",
      "KeyArn",
      "ClientSecretName",
      "SessionSecretName",
      "LedgerTableName",
    ],
    backup: ["VaultName"],
    ...(fixedEgress && { egress: [] }),
    export: ["StateMachineArn", "RotationFunctionName", "DeadLetterQueueUrl"],
    documents: ["StateMachineArn"],
    api: ["ApiUrl", "ApiId", ...(api.domain === undefined ? [] : ["DomainTarget", "DomainHostedZoneId"])],
    ...(console && { console: ["ConsoleUrl", "BucketName", "Config"] }),
    ...(exampleSubscriber && { subscriber: ["QueueUrl"] }),
  };
}

/** The topic that the stage creates: in the partition, region and account of its key. */
function alarmTopicOf(stage: string, keyArn: string): string {
  const [arn, partition, , region, account] = keyArn.split(":");
  return [arn, partition, "sns", region, account, `integra-bridge-${stage}-alarms`].join(":");
}

/** Calls the API as anybody can, without credentials. */
const get = (url: string): Promise<Response> => fetch(url, { signal: AbortSignal.timeout(30_000) });
