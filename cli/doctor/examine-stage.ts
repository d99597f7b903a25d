import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { KMSClient } from "@aws-sdk/client-kms";
import { publicKeys } from "#client-keys/language/key-set.ts";
import type { StageSettings } from "#infra/settings.ts";
import { kmsKeys } from "#platform/client-key/kms-keys.ts";
import { failed, type NamedFinding, worstOf } from "#platform/findings/findings.ts";
import { type NamedCheck, runChecks, wordsOf } from "../checks/findings.ts";
import { fetchKeySet } from "../checks/served-key-set.ts";
import { stageKeys } from "../keys/stage-keys.ts";
import { expectedOutputs } from "../smoke/smoke-test.ts";
import { checkKey, checkStacks } from "../smoke/stage-checks.ts";
import { stageReader } from "../smoke/stage-reader.ts";
import { type AwsAccess, outputsOf } from "../stage-outputs.ts";
import { checkServedKeySet } from "./key-set-check.ts";
import { checkKeys } from "./keys-check.ts";
import { callerReader, operatorTasks } from "./operator-tasks.ts";
import { checkCaller, checkRoles } from "./permissions-check.ts";
import type { DoctorReport, doctorLines } from "./report.ts";
import {
  checkApiSecret,
  checkClientSecret,
  checkSessionSecret,
  checkSmartClientSecret,
  isStored,
} from "./secrets-check.ts";
import { serverAccess } from "./server-access.ts";
import { checkConnection, checkMetadata } from "./server-check.ts";
import { checkLinks, checkServiceSession } from "./sessions-check.ts";
import { checkSettings } from "./settings-check.ts";
import { stageFacts } from "./stage-facts.ts";
import { readStageRoles } from "./stage-roles.ts";
import { checkBackendToken, checkSignIn } from "./token-check.ts";

type DoctorLine = (typeof doctorLines)[number];
type DoctorCheck = NamedCheck<DoctorLine>;

/** The stage to examine. */
export interface Examination {
  stage: string;
  /** The settings that the stage was deployed with. Throws an error that names every fault of them. */
  readSettings: () => StageSettings;
}

/**
 * Examines a deployed stage and the server as this machine reaches them, and changes nothing. The server is asked for one access
 * token, which is dropped, for its SMART configuration and for its capability statement.
 * @param report gets each finding as soon as it is known
 * @param access how AWS is reached; as the SDK's own chain says if it is empty
 * @throws the reason of the signal, as soon as it fires
 */
export async function examineStage(
  { stage, readSettings }: Examination,
  report: (finding: NamedFinding<DoctorLine>) => void,
  signal: AbortSignal,
  access: AwsAccess = {},
): Promise<DoctorReport> {
  const at = new Date().toISOString();
  const findings: NamedFinding<DoctorLine>[] = [];
  const exitCode = await runChecks(
    checksOf(stage, readSettings, access),
    (finding) => {
      findings.push(finding);
      report(finding);
    },
    signal,
  );
  return { stage, at, verdict: worstOf(findings), exitCode, findings };
}

/** Nothing else can be checked if the settings cannot be read. */
function checksOf(stage: string, readSettings: () => StageSettings, access: AwsAccess): DoctorCheck[] {
  try {
    return checksWith(stage, readSettings(), access);
  } catch (error) {
    const finding = failed(wordsOf(error), "correct the stage in cdk.json");
    return [{ name: "settings", check: () => Promise.resolve(finding) }];
  }
}

function checksWith(stage: string, settings: StageSettings, access: AwsAccess): DoctorCheck[] {
  const expected = expectedOutputs(settings);
  const parts = Object.keys(expected);
  const reader = stageReader(stage, parts, access);
  const facts = stageFacts(stage, parts, access);
  const output = outputsOf(new CloudFormationClient(access), stage);
  const { clientKey, subscribers } = settings;
  const { serviceSession } = settings.api;
  const secret = { stage, serviceSession, readSecret: facts.readSecret };
  const keyArn = () => output("landing", "KeyArn");
  const ledger = () => output("landing", "LedgerTableName");
  return [
    { name: "settings", check: checkSettings({ stage, settings, readFunctions: facts.readFunctions }) },
    { name: "stacks", check: checkStacks({ expected, readStack: reader.readStack }) },
    ...[checkClientSecret, checkSessionSecret, checkSmartClientSecret, checkApiSecret].map(
      (check): DoctorCheck => ({ name: "secrets", check: check(secret) }),
    ),
    {
      name: "keys",
      check: async () => {
        const arn = await keyArn();
        const subscriberAccounts = subscribers.map(({ accountId }) => accountId);
        return await checkKey({ keyArn: arn, subscriberAccounts, readKey: () => reader.readKey(arn) })();
      },
    },
    {
      name: "keys",
      check: async () => {
        const { readSecret, keySet, secretName, now } = await stageKeys(stage, access);
        const { rotateEveryDays } = clientKey;
        const readRotation = () => reader.readRotation(secretName);
        const { describeKmsKey } = facts;
        return await checkKeys({
          stage,
          rotateEveryDays,
          readSecret,
          readKeySet: () => keySet.read(),
          describeKmsKey,
          readRotation,
          now,
        })();
      },
    },
    {
      name: "public keys",
      check: async () => {
        const { keySetUrl: url, previewKeySet, now } = await stageKeys(stage, access);
        const expectedKids = async () => publicKeys(await previewKeySet(), now()).map(({ kid }) => kid);
        return await checkServedKeySet({ stage, url, fetchKeySet: () => fetchKeySet(url), expectedKids })();
      },
    },
    ...serverChecks(stage, settings, secret.readSecret, access),
    {
      name: "sessions",
      check: async () => {
        const table = await ledger();
        const readServiceSession = () => facts.readServiceSession(table);
        return await checkServiceSession({ stage, serviceSession, readServiceSession, now: Date.now })();
      },
    },
    {
      name: "sessions",
      check: async () => {
        const table = await ledger();
        return await checkLinks({ readLinks: () => facts.readLinks(table), now: Date.now })();
      },
    },
    {
      name: "permissions",
      check: checkCaller({
        ...callerReader(access),
        tasks: async () =>
          operatorTasks({
            stage,
            keyArn: await keyArn(),
            ledgerTable: await ledger(),
            rotationFunction: await output("export", "RotationFunctionName"),
          }),
      }),
    },
    { name: "permissions", check: checkRoles({ readRoles: () => readStageRoles(stage, parts, access) }) },
  ];
}

function serverChecks(
  stage: string,
  settings: StageSettings,
  readSecret: (part: string) => Promise<string | undefined>,
  access: AwsAccess,
): DoctorCheck[] {
  const fixedEgress = settings.fixedEgress !== undefined;
  const readClientSecret = () => readSecret("client");
  const server = serverAccess(settings, { readSecret: readClientSecret, kms: kmsKeys(new KMSClient(access)) });
  const hasSmartClient = async () => isStored(await readSecret("smart-client"));
  return [
    ...server.origins.map(
      (origin): DoctorCheck => ({
        name: "server",
        check: checkConnection({ origin, connect: server.connect, fixedEgress, now: Date.now }),
      }),
    ),
    { name: "server", check: checkMetadata(server) },
    { name: "tokens", check: checkBackendToken({ ...server, stage, fixedEgress }) },
    { name: "tokens", check: checkSignIn({ ...server, hasSmartClient }) },
  ];
}
