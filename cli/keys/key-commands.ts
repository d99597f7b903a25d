import { randomUUID } from "node:crypto";
import { type PublishedKey, publicKeys, readyAt, stateOf, withdrawn } from "#client-keys/language/key-set.ts";
import type { RotationEvent } from "#client-keys/language/rotation.ts";
import { rotationSteps } from "#client-keys/language/rotation.ts";
import type { KeySetStore } from "#client-keys/records/key-set-store.ts";
import { type ClientKeys, hasKeys, parseClientKeys, type StoredKey } from "#platform/client-key/client-secret.ts";
import { publishedAfterUseMs } from "#platform/client-key/key-lifetimes.ts";
import type { PublicJwk } from "#platform/client-key/public-jwk.ts";
import type { CreatedKey, KeyList, RegisteredClient, RetiredKey } from "./key-answers.ts";

/** The keys of a stage, for the commands of an operator. */
export interface StageKeys {
  secretName: string;
  /** Where servers read the public keys. */
  keySetUrl: string;
  /** The text of the secret's current version; undefined if it has none. */
  readSecret: () => Promise<string | undefined>;
  /** Stores a version and makes it current. */
  putSecret: (text: string) => Promise<void>;
  keySet: KeySetStore;
  /** Makes the public key set follow the secret, and returns it. */
  publish: () => Promise<readonly PublishedKey[]>;
  /** The public key set as `publish` would make it. Nothing is stored. */
  previewKeySet: () => Promise<readonly PublishedKey[]>;
  createKey: (known: readonly PublishedKey[]) => Promise<StoredKey | undefined>;
  publicKeyOf: (key: StoredKey) => Promise<PublicJwk>;
  /** Calls the function that rotates. */
  rotationStep: (step: RotationEvent["Step"], versionId: string) => Promise<void>;
  /** Ends a rotation that failed: its version is not pending anymore. */
  abandon: (versionId: string) => Promise<void>;
  now: () => number;
}

/** The command cannot be carried out. The message says what to do. */
export class KeyCommandRefused extends Error {
  override readonly name = "KeyCommandRefused";
}

/**
 * Makes the client's first key or, if there is one, the next key. If the next key exists already, it is published and shown.
 * The private key goes to Secrets Manager only, or is in KMS.
 */
export async function createKey(stage: StageKeys): Promise<CreatedKey> {
  const text = await stage.readSecret();
  const keys: Partial<ClientKeys> = text === undefined || !hasKeys(text) ? {} : parseClientKeys(text);
  const role = keys.current === undefined ? "current" : "next";
  const existing = keys[role];
  const key = existing ?? (await stage.createKey(await stage.keySet.read()));
  if (key === undefined)
    throw new KeyCommandRefused("all keys of the stage in KMS were used: add a name to clientKey.kms.keys, and deploy");
  if (existing === undefined) await stage.putSecret(JSON.stringify({ ...keys, [role]: key }));
  await stage.publish();
  const jwk = await stage.publicKeyOf(key);
  return {
    secretName: stage.secretName,
    created: existing === undefined,
    role,
    kid: key.kid,
    algorithm: jwk.alg,
    clientId: keys.clientId ?? null,
    keySetUrl: stage.keySetUrl,
    publicKeySet: { keys: [jwk] },
  };
}

/** Stores what Product Support assigned, beside the keys. */
export async function registerClient(
  stage: StageKeys,
  assigned: { clientId: string; scope: string },
): Promise<RegisteredClient> {
  const text = await stage.readSecret();
  if (text === undefined || !hasKeys(text))
    throw new KeyCommandRefused("the stage has no key yet: run npm run keys -- create first");
  await stage.putSecret(JSON.stringify({ ...parseClientKeys(text), ...assigned }));
  await stage.publish();
  return { secretName: stage.secretName, ...assigned };
}

/** The keys that the stage knows, the oldest first. */
export async function describeKeys({ keySet, keySetUrl, now }: StageKeys): Promise<KeyList> {
  const keys = await keySet.read();
  const at = now();
  const described = keys.map((key) => ({
    kid: key.jwk.kid,
    algorithm: key.jwk.alg,
    state: stateOf(key, at),
    publishedAt: timeOf(key.publishedAt),
    detail: detailOf(key, at),
  }));
  return { keySetUrl, published: publicKeys(keys, at).length, keys: described };
}

/**
 * Rotates by the stage's own function, so that the new key is tried from where the bridge calls IntegraConnect, and private keys
 * stay there.
 */
export async function rotateKeys(stage: StageKeys): Promise<KeyList> {
  const versionId = randomUUID();
  try {
    for (const step of rotationSteps) await stage.rotationStep(step, versionId);
  } catch (error) {
    await stage.abandon(versionId);
    throw error;
  }
  return await describeKeys(stage);
}

/**
 * Takes a key out before its time. A next key leaves the secret and the key set. A retired key leaves the key set, and servers
 * refuse its assertions as soon as they read the set again.
 * @throws KeyCommandRefused if the key is current, or is not known
 */
export async function retireKey(stage: StageKeys, kid: string): Promise<RetiredKey> {
  const keys = await stage.publish();
  const key = keys.find(({ jwk }) => jwk.kid === kid);
  const state = key && stateOf(key, stage.now());
  if (state === undefined || state === "gone") throw new KeyCommandRefused(`no key ${kid} is published`);
  if (state === "current") throw new KeyCommandRefused(`the key ${kid} is current: run npm run keys -- rotate first`);
  const text = await stage.readSecret();
  const { next, ...others } = text === undefined ? {} : parseClientKeys(text);
  // The record stays withdrawn, so a rotation that runs at this moment cannot publish the key again.
  await stage.keySet.change((known) => Promise.resolve(withdrawn(known, kid, stage.now())));
  if (next?.kid === kid) await stage.putSecret(JSON.stringify(others));
  return { kid };
}

function detailOf(key: PublishedKey, now: number): string | null {
  switch (stateOf(key, now)) {
    case "next":
      return `may sign from ${timeOf(readyAt(key))}`;
    case "current":
      return key.usedSince === undefined ? null : `current since ${timeOf(key.usedSince)}`;
    case "retired":
      return key.retiredAt === undefined ? null : `published until ${timeOf(key.retiredAt + publishedAfterUseMs)}`;
    default:
      return key.withdrawnAt === undefined ? null : `withdrawn ${timeOf(key.withdrawnAt)}`;
  }
}

const timeOf = (at: number): string => new Date(at).toISOString();
