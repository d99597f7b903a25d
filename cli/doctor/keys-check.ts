import { currentKeyFinding, type KeyAge } from "#client-keys/language/client-findings.ts";
import { type PublishedKey, readyAt, stateOf } from "#client-keys/language/key-set.ts";
import { type ClientKeys, hasKeys, parseClientKeys, type StoredKey } from "#platform/client-key/client-secret.ts";
import { publishedAfterUseMs } from "#platform/client-key/key-lifetimes.ts";
import { type Finding, failed, ok, unchecked, warning } from "#platform/findings/findings.ts";

export interface KeysPorts extends KeyAge {
  readSecret: () => Promise<string | undefined>;
  /** The keys with the times of their lives. */
  readKeySet: () => Promise<readonly PublishedKey[]>;
  /** A key in KMS: its state and what it is for, as KMS says them. */
  describeKmsKey: (keyArn: string) => Promise<{ state: string; usage: string }>;
  /** Whether Secrets Manager rotates the secret. */
  readRotation: () => Promise<boolean>;
}

/** The client's keys: which of them signs and for how long, which follows, whether KMS lets them sign, and whether they are rotated. */
export const checkKeys = (ports: KeysPorts) => async (): Promise<Finding[]> => {
  const text = await ports.readSecret();
  if (text === undefined || !hasKeys(text))
    return [unchecked("the secret has no key", "follow the line about the client's secret")];
  const keys = parseClientKeys(text);
  const published = await ports.readKeySet();
  return [
    currentKeyFinding(ports, keys.current, published),
    nextFinding(ports, keys.next, published),
    ...retiredFindings(published, ports.now()),
    ...(await kmsFindings(ports, keys)),
    ...(await rotationFindings(ports)),
  ];
};

function nextFinding({ stage, now }: KeysPorts, key: StoredKey | undefined, keys: readonly PublishedKey[]): Finding {
  const create = `run npm run keys -- create --stage ${stage}`;
  if (key === undefined)
    return warning("there is no next key, so a rotation would have to wait for ten minutes", create);
  const entry = keys.find(({ jwk }) => jwk.kid === key.kid);
  if (entry === undefined || stateOf(entry, now()) === "gone")
    return warning(`the next key ${key.kid} is not in the public key set`, `${create}, which publishes it`);
  const ready = readyAt(entry);
  return ok(`the next key ${key.kid} ${ready <= now() ? "may sign since" : "may sign from"} ${timeOf(ready)}`);
}

function retiredFindings(keys: readonly PublishedKey[], now: number): Finding[] {
  return keys.flatMap((key) => {
    if (stateOf(key, now) !== "retired" || key.retiredAt === undefined) return [];
    return [ok(`the retired key ${key.jwk.kid} is published until ${timeOf(key.retiredAt + publishedAfterUseMs)}`)];
  });
}

async function kmsFindings({ stage, describeKmsKey }: KeysPorts, { current, next }: ClientKeys): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const key of [current, next]) {
    if (key?.kty !== "KMS") continue;
    const { state, usage } = await describeKmsKey(key.keyArn);
    if (state !== "Enabled")
      findings.push(
        failed(
          `the key ${key.keyArn} is ${state} in KMS`,
          `run aws kms enable-key --key-id ${key.keyArn}, or rotate to another key (npm run keys -- rotate --stage ${stage})`,
        ),
      );
    else if (usage !== "SIGN_VERIFY")
      findings.push(
        failed(
          `the key ${key.keyArn} is for ${usage}, and not for signing`,
          "name another key in clientKey.kms.keys, and deploy",
        ),
      );
    else findings.push(ok(`the key ${key.keyArn} is enabled in KMS`));
  }
  return findings;
}

async function rotationFindings({ stage, rotateEveryDays, readRotation }: KeysPorts): Promise<Finding[]> {
  if (rotateEveryDays === undefined) return [];
  if (await readRotation()) return [ok(`Secrets Manager rotates every ${rotateEveryDays} days`)];
  return [
    failed(
      "the settings ask for a rotation, and Secrets Manager does not rotate the secret",
      `deploy the stage again (npx cdk deploy --all -c stage=${stage})`,
    ),
  ];
}

const timeOf = (at: number): string => new Date(at).toISOString();
