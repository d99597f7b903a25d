import {
  algorithmOf,
  type ClientKeys,
  hasKeys,
  parseClientKeys,
  parseClientSecret,
  type StoredKey,
} from "#platform/client-key/client-secret.ts";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { type Finding, failed, ok, warning } from "#platform/findings/findings.ts";
import type { PublishedKey } from "./key-set.ts";

/*
 * What an operator has to know about the stage's client. No finding has a value of its secret.
 */

const dayMs = 86_400_000;
/** Without a schedule, a key should not sign for longer. */
const oldestDays = 365;
/** A scheduled rotation may be late by this, for example because an attempt failed and is repeated. */
const lateDays = 7;

/**
 * The secret of the backend client: its keys, client id and scope.
 * @param text the secret's current text; undefined if it has no value
 */
export function clientSecretFinding(stage: string, text: string | undefined): Finding {
  const name = `integra-bridge/${stage}/client`;
  if (text === undefined || !hasKeys(text))
    return failed(
      `${name} has no key`,
      `run npm run keys -- create --stage ${stage}, and send Product Support what it prints`,
    );
  try {
    const { clientId, scope } = parseClientKeys(text);
    if (clientId === undefined || scope === undefined)
      return failed(
        `${name} has a key, and no client id or no scope`,
        `run npm run keys -- register --stage ${stage} with what Product Support assigned`,
      );
    parseClientSecret(text);
    return ok(`${name} has a client id, a scope and a key`);
  } catch (error) {
    if (!(error instanceof ClientKeyUnusable)) throw error;
    return failed(`${name}: ${error.message}`, `correct the field in Secrets Manager, or restore the version before`);
  }
}

/**
 * The keys of a secret, for further findings about them.
 * @returns undefined if the secret has none that can be read: `clientSecretFinding` says why
 */
export function keysOf(text: string | undefined): ClientKeys | undefined {
  if (text === undefined || !hasKeys(text)) return undefined;
  try {
    return parseClientKeys(text);
  } catch (error) {
    if (!(error instanceof ClientKeyUnusable)) throw error;
    return undefined;
  }
}

export interface KeyAge {
  stage: string;
  /** The setting `clientKey.rotateEveryDays`. */
  rotateEveryDays: number | undefined;
  now: () => number;
}

/** The current key: whether the public key set has it, and for how long it has signed. */
export function currentKeyFinding(
  { stage, rotateEveryDays, now }: KeyAge,
  key: StoredKey,
  keys: readonly PublishedKey[],
): Finding {
  const name = `the current key ${key.kid} (${algorithmOf(key)}, in ${key.kty === "KMS" ? "KMS" : "Secrets Manager"})`;
  const { usedSince } = keys.find(({ jwk }) => jwk.kid === key.kid) ?? {};
  if (usedSince === undefined)
    return warning(
      `${name} is not in the public key set`,
      `if IntegraConnect reads the JWKS URL, run npm run keys -- create --stage ${stage}, which publishes it`,
    );
  const days = Math.floor((now() - usedSince) / dayMs);
  const seen = `${name} has signed since ${new Date(usedSince).toISOString()}, for ${days} days`;
  const most = rotateEveryDays === undefined ? oldestDays : rotateEveryDays + lateDays;
  if (days <= most) return ok(seen);
  const why = rotateEveryDays === undefined ? "" : "read the log of rotate-key, and ";
  return warning(`${seen}: more than ${most}`, `${why}run npm run keys -- rotate --stage ${stage}`);
}
