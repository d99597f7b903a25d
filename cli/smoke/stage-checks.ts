import { parseClientSecret } from "#platform/client-key/client-secret.ts";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { type Finding, failed, ok, warning } from "#platform/findings/findings.ts";
import { firstOf } from "../checks/findings.ts";
import { keyPolicyFaults, requiresTls } from "./policy-faults.ts";

/*
 * What `npm run smoke` reads of a deployed stage. Each check is `(ports) => async () => finding`, and says what to do.
 */

/** What mends whatever a deployment sets. */
export const deployAgain = "deploy the stage again (npx cdk deploy --all -c stage=…)";

export interface StackPorts {
  /** The outputs that each stack must have, by the stack's part of the name. */
  expected: Record<string, readonly string[]>;
  /** A stack's status and outputs; undefined if it does not exist. */
  readStack: (part: string) => Promise<{ status: string; outputs: readonly string[] } | undefined>;
}

export const checkStacks =
  ({ expected, readStack }: StackPorts) =>
  async (): Promise<Finding> => {
    const faults: string[] = [];
    for (const [part, wanted] of Object.entries(expected)) {
      const stack = await readStack(part);
      if (stack === undefined) faults.push(`the stack ${part} does not exist`);
      else if (!/^(?:CREATE|UPDATE)_COMPLETE$/.test(stack.status)) faults.push(`the stack ${part} is ${stack.status}`);
      const missing = wanted.filter((key) => stack?.outputs.includes(key) === false);
      if (missing.length > 0) faults.push(`the stack ${part} has no output ${missing.join(", ")}`);
    }
    if (faults.length > 0) return failed(faults.join("; "), deployAgain);
    return ok(`${Object.keys(expected).length} stacks are deployed and have their outputs`);
  };

export interface ClientPorts {
  stage: string;
  readSecret: () => Promise<string | undefined>;
  /** Fetches the public key set as a server does, without credentials. */
  fetchKeySet: () => Promise<{ status: number; kids: readonly string[] }>;
  /** Whether Secrets Manager rotates the secret. */
  readRotation: () => Promise<boolean>;
  rotateEveryDays: number | undefined;
}

/** The secret has all that the bridge needs, and the key that signs is published. Nothing of the secret is shown. */
export const checkClient =
  ({ stage, readSecret, fetchKeySet, readRotation, rotateEveryDays }: ClientPorts) =>
  async (): Promise<Finding> => {
    try {
      const secret = parseClientSecret((await readSecret()) ?? "");
      const { kids } = await fetchKeySet();
      if (!kids.includes(secret.current.kid))
        return warning(
          `the current key ${secret.current.kid} is not in the public key set`,
          `if IntegraConnect reads the JWKS URL, run npm run keys -- create --stage ${stage}, which publishes it`,
        );
      if (rotateEveryDays !== undefined && !(await readRotation()))
        return failed("the settings ask for a rotation, and Secrets Manager does not rotate the secret", deployAgain);
      return ok(`the secret is complete, and its key ${secret.current.kid} is published`);
    } catch (error) {
      if (!(error instanceof ClientKeyUnusable)) throw error;
      return failed(error.message, `run npm run keys -- create --stage ${stage}, then npm run keys -- register`);
    }
  };

/** The JWKS route answers anybody, because servers read it without credentials. */
export const checkKeySet =
  ({ fetchKeySet, url }: Pick<ClientPorts, "fetchKeySet"> & { url: string }) =>
  async (): Promise<Finding> => {
    const { status, kids } = await fetchKeySet();
    if (status === 200) return ok(`${url} answers with ${kids.length} public keys`);
    return failed(
      `${url} answers with ${status} instead of 200`,
      "check the DNS record of api.domain or the proxy of api.publicUrl, and the log of the function jwks",
    );
  };

/** A call without credentials must be refused, before it reaches a function. */
export const checkRefusal =
  ({ call, url }: { call: () => Promise<number>; url: string }) =>
  async (): Promise<Finding> => {
    const status = await call();
    if (status === 401 || status === 403) return ok(`a call without credentials is refused (${status})`);
    return failed(
      `GET ${url} without credentials is answered with ${status} instead of 401 or 403`,
      "take the API out of service, and check the authorizer of its routes and a proxy in front of it",
    );
  };

export interface Subscription {
  endpoint: string;
  confirmed: boolean;
}

export interface AlarmPorts {
  topicArn: string;
  settings: { email?: string | undefined; topicArn?: string | undefined; nobody: boolean };
  readSubscriptions: () => Promise<readonly Subscription[]>;
}

export const checkAlarms =
  ({ topicArn, settings, readSubscriptions }: AlarmPorts) =>
  async (): Promise<Finding> => {
    const subscriptions = await readSubscriptions();
    const pending = subscriptions.filter(({ confirmed }) => !confirmed).map(({ endpoint }) => endpoint);
    if (pending.length > 0)
      return failed(
        `${firstOf(pending)} did not confirm the subscription to ${topicArn}`,
        'open the mail "AWS Notification - Subscription Confirmation" and follow its link',
      );
    if (subscriptions.length > 0) return ok(`${subscriptions.length} confirmed recipients of ${topicArn}`);
    if (settings.nobody) return ok("there is no recipient, as the setting alarms.nobody says");
    const seen = `${topicArn} has no recipient`;
    if (settings.email === undefined && settings.topicArn === undefined)
      return warning(seen, "if alarms are to reach somebody, set alarms.email or alarms.topicArn, and deploy");
    return failed(seen, `subscribe somebody to it${settings.topicArn === undefined ? `, or ${deployAgain}` : ""}`);
  };

export interface LogGroup {
  name: string;
  keyArn: string | undefined;
  days: number | undefined;
}

export const checkLogs =
  ({ keyArn, readLogGroups }: { keyArn: string; readLogGroups: () => Promise<readonly LogGroup[]> }) =>
  async (): Promise<Finding> => {
    const groups = await readLogGroups();
    const open = groups.filter((group) => group.keyArn !== keyArn).map(({ name }) => name);
    const endless = groups.filter(({ days }) => days === undefined).map(({ name }) => name);
    if (groups.length === 0) return failed("the stage has no log groups", deployAgain);
    if (open.length > 0)
      return failed(
        `not encrypted with the stage's key: ${firstOf(open)}`,
        `aws logs associate-kms-key, with ${keyArn}`,
      );
    if (endless.length > 0) return warning(`kept for ever: ${firstOf(endless)}`, "aws logs put-retention-policy");
    return ok(`${groups.length} log groups are encrypted with the stage's key, and expire`);
  };

export interface KeyPorts {
  keyArn: string;
  subscriberAccounts: readonly string[];
  readKey: () => Promise<{ state: string; rotates: boolean; policy: string }>;
}

export const checkKey =
  ({ keyArn, subscriberAccounts, readKey }: KeyPorts) =>
  async (): Promise<Finding> => {
    const { state, rotates, policy } = await readKey();
    if (state !== "Enabled") return failed(`${keyArn} is ${state}`, 'follow "The key is disabled" in docs/runbook.md');
    if (!rotates) return failed(`${keyArn} does not rotate`, `aws kms enable-key-rotation --key-id ${keyArn}`);
    const own = keyArn.split(":")[4] ?? "";
    const faults = keyPolicyFaults(policy, { own, subscribers: subscriberAccounts });
    if (faults.length > 0) return failed(faults.join("; "), `${deployAgain}: it restores the policy`);
    return ok("the key is enabled and rotates, and its policy admits this account and its subscribers only");
  };

export interface Bucket {
  name: string;
  blocksPublicAccess: boolean;
  /** Undefined if the bucket has no policy. */
  policy: string | undefined;
}

export const checkBuckets =
  ({ readBuckets }: { readBuckets: () => Promise<readonly Bucket[]> }) =>
  async (): Promise<Finding> => {
    const buckets = await readBuckets();
    const faults = buckets.flatMap(({ name, blocksPublicAccess, policy }) => [
      ...(blocksPublicAccess ? [] : [`${name} does not block public access`]),
      ...(policy !== undefined && requiresTls(policy, name) ? [] : [`${name} accepts requests without TLS`]),
    ]);
    if (buckets.length === 0) return failed("the stage has no buckets", deployAgain);
    if (faults.length > 0)
      return failed(
        faults.join("; "),
        "restore it by hand: CloudFormation leaves alone what its template did not change",
      );
    return ok(`${buckets.length} buckets block public access and require TLS`);
  };

export interface LedgerPorts {
  keepsData: boolean;
  table: string;
  readLedger: () => Promise<{ deletionProtection: boolean; pointInTimeRecovery: boolean }>;
}

export const checkLedger =
  ({ keepsData, table, readLedger }: LedgerPorts) =>
  async (): Promise<Finding> => {
    const { deletionProtection, pointInTimeRecovery } = await readLedger();
    if (!pointInTimeRecovery)
      return failed(
        `${table} has no point-in-time recovery`,
        `aws dynamodb update-continuous-backups --table-name ${table} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true`,
      );
    if (!keepsData) return ok("point-in-time recovery is on, and the stage deletes its data with its stack");
    if (!deletionProtection)
      return failed(
        `${table} can be deleted, and the stage keeps data`,
        `aws dynamodb update-table --table-name ${table} --deletion-protection-enabled`,
      );
    return ok("point-in-time recovery and deletion protection are on");
  };

export interface Schedule {
  description: string;
  enabled: boolean;
}

export interface SchedulePorts {
  /** The schedules of the settings. The stage has three more, for its sweeps. */
  settings: readonly { name: string; enabled: boolean }[];
  readSchedules: () => Promise<readonly Schedule[]>;
}

const sweeps = 3;

export const checkSchedules =
  ({ settings, readSchedules }: SchedulePorts) =>
  async (): Promise<Finding> => {
    const schedules = await readSchedules();
    const meantToRest = settings.filter(({ enabled }) => !enabled).map(({ name }) => `"${name}"`);
    const faults = schedules
      .filter(({ description, enabled }) => enabled === meantToRest.some((name) => description.endsWith(name)))
      .map(({ description, enabled }) => `${enabled ? "enabled" : "disabled"}, against the settings: ${description}`);
    if (schedules.length !== settings.length + sweeps)
      faults.push(`the stage has ${schedules.length} schedules instead of ${settings.length + sweeps}`);
    if (faults.length > 0)
      return failed(firstOf(faults), "correct it in EventBridge Scheduler, or in cdk.json and deploy");
    return ok(`${schedules.length} schedules are as in the settings`);
  };
