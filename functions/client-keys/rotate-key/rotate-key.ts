import { KeyNotReady, RotationRefused } from "#client-keys/language/key-faults.ts";
import { type PublishedKey, readyAt, stateOf } from "#client-keys/language/key-set.ts";
import type { RotationEvent } from "#client-keys/language/rotation.ts";
import type { ClientKeyLog } from "#client-keys/log.ts";
import type { SecretVersions } from "#client-keys/secret/secret-versions.ts";
import { type ClientKeys, hasKeys, parseClientKeys, type StoredKey } from "#platform/client-key/client-secret.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface RotationPorts {
  /** The name of the client's secret. */
  secretName: string;
  secret: SecretVersions;
  /** Makes the public key set follow the secret, and returns it. */
  publish: () => Promise<readonly PublishedKey[]>;
  /** A new key; undefined if the stage keeps its keys in KMS and has used all of them. */
  createKey: (known: readonly PublishedKey[]) => Promise<StoredKey | undefined>;
  /** Requests an access token with this text of the secret, and throws if the server refuses. */
  tryToken: (secretText: string) => Promise<void>;
  log: ClientKeyLog;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Rotates the client's key, one step a call. A rotation makes the next key current, and adds the key that the rotation after it
 * will make current. So a key is published for a whole interval before it signs, and a rotation never has to wait. If the
 * secret has no next key yet, the rotation only adds one.
 *
 * Each step can be repeated, and a rotation that stopped anywhere can be begun anew: what never signed is dropped from the key
 * set. Before the new version is current, its key requests an access token. If the server does not know the key, the rotation
 * ends there, and the bridge goes on with the old one.
 *
 * Source: Secrets Manager, "Four steps in a rotation function".
 * @throws KeyNotReady if the next key was published too recently, or there is none and none can be made
 * @throws RotationRefused if the rotation does not fit the secret
 * @throws ClientKeyUnusable if the secret is malformed
 */
export const rotateKey =
  (ports: RotationPorts): Step<RotationEvent, { step: RotationEvent["Step"] }> =>
  async ({ Step: step, SecretId: secretId, ClientRequestToken: token }) => {
    if (secretId !== ports.secretName && !secretId.includes(`:secret:${ports.secretName}-`))
      throw new RotationRefused(`this function rotates ${ports.secretName} only, and was called for ${secretId}`);
    await stepFunctions[step](ports, token);
    ports.log.info("KEY_ROTATION_STEP_ENDED", { step });
    return { step };
  };

const stepFunctions: Record<RotationEvent["Step"], (ports: RotationPorts, token: string) => Promise<void>> = {
  createSecret,
  setSecret,
  testSecret,
  finishSecret,
};

/** Stores the new version, unless a call before this one did. */
async function createSecret(ports: RotationPorts, token: string): Promise<void> {
  const { secret, publish, createKey, log, now } = ports;
  if ((await secret.version(token)) !== undefined) return;
  const { versionId, text } = await currentVersion(ports);
  const keys = parseClientKeys(text);
  const known = await publish();
  if (keys.next !== undefined) refuseUnready(known, keys.next.kid, now());
  const created = await createKey(known);
  if (keys.next === undefined && created === undefined)
    throw new KeyNotReady("there is no next key, and all keys of the stage in KMS were used: add one, and deploy");
  if (keys.next === undefined) log.info("KEY_ROTATION_ONLY_PUBLISHED", { kid: created?.kid });
  const { next: promoted, ...others } = keys;
  const rotated: ClientKeys = {
    ...others,
    current: promoted ?? keys.current,
    ...(created !== undefined && { next: created }),
    rotatedFrom: versionId,
  };
  await secret.putPending(token, JSON.stringify(rotated));
}

/** Publishes the key that the new version adds. */
async function setSecret({ publish }: RotationPorts): Promise<void> {
  await publish();
}

/** Proves that the server accepts the key that is to become current, while the old one still signs. */
async function testSecret(ports: RotationPorts, token: string): Promise<void> {
  const { secret, publish, tryToken, log, now } = ports;
  const current = await secret.current();
  const text = await secret.version(token);
  const rotated = text === undefined || !hasKeys(text) ? undefined : parseClientKeys(text);
  // When a schedule is set, Secrets Manager calls this step alone, for a version that no rotation made.
  if (text === undefined || rotated?.rotatedFrom === undefined || current === undefined) {
    log.info("KEY_ROTATION_NOTHING_TO_TEST");
    return;
  }
  const inUse = parseClientKeys(current.text).current;
  if (rotated.current.kid === inUse.kid) return;
  refuseUnready(await publish(), rotated.current.kid, now());
  await tryToken(text);
}

/** Makes the new version current, and then retires the old key: an old key that is called retired never signs again. */
async function finishSecret(ports: RotationPorts, token: string): Promise<void> {
  const { secret, publish, now } = ports;
  const { versionId, text } = await currentVersion(ports);
  if (versionId !== token) {
    const newText = await secret.version(token);
    const rotated = newText === undefined ? undefined : parseClientKeys(newText);
    if (rotated === undefined || rotated.rotatedFrom !== versionId)
      throw new RotationRefused("the secret was changed while this rotation ran, or was not created: rotate again");
    const keys = await publish();
    if (rotated.current.kid !== parseClientKeys(text).current.kid) refuseUnready(keys, rotated.current.kid, now());
    await secret.promote(token, versionId);
  }
  await publish();
}

async function currentVersion({ secret, secretName }: RotationPorts) {
  const current = await secret.current();
  if (current === undefined)
    throw new RotationRefused(`the secret ${secretName} has no value: run npm run keys -- create first`);
  return current;
}

function refuseUnready(keys: readonly PublishedKey[], kid: string, now: number): void {
  const key = keys.find(({ jwk }) => jwk.kid === kid);
  if (key !== undefined && stateOf(key, now) !== "gone" && readyAt(key) <= now) return;
  const when = key === undefined ? "it is not published" : `rotate after ${new Date(readyAt(key)).toISOString()}`;
  throw new KeyNotReady(`servers may not know the next key ${kid} yet: ${when}`);
}
