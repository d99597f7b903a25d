import * as z from "zod";
import { publishedAfterUseMs, publishedBeforeUseMs } from "#platform/client-key/key-lifetimes.ts";
import { type PublicJwk, publicJwk } from "#platform/client-key/public-jwk.ts";

/** A public key with the times of its life, in milliseconds since the epoch. */
export const publishedKey = z.object({
  jwk: publicJwk,
  publishedAt: z.number(),
  /** Since when the secret has had it as `current`. */
  usedSince: z.number().optional(),
  /** When the secret was seen to have another current key. */
  retiredAt: z.number().optional(),
  /** When an operator took it out of the set before its time, because it leaked. */
  withdrawnAt: z.number().optional(),
});

export type PublishedKey = z.infer<typeof publishedKey>;

/** A key is next, then current, then retired, then gone. All but those that are gone are in the key set. */
export type KeyState = "next" | "current" | "retired" | "gone";

/** The public halves of the keys that the secret has. */
export interface KeysOfSecret {
  current: PublicJwk;
  /** The next key, and that of a version that a rotation has not finished yet. */
  others: readonly PublicJwk[];
}

/** @param now milliseconds since the epoch */
export function stateOf({ usedSince, retiredAt, withdrawnAt }: PublishedKey, now: number): KeyState {
  if (withdrawnAt !== undefined) return "gone";
  if (retiredAt !== undefined) return now < retiredAt + publishedAfterUseMs ? "retired" : "gone";
  return usedSince === undefined ? "next" : "current";
}

/** The keys that a server may need: those that are next, current or retired. */
export const publicKeys = (keys: readonly PublishedKey[], now: number): PublicJwk[] =>
  keys.filter((key) => stateOf(key, now) !== "gone").map(({ jwk }) => jwk);

/** When a key may sign: every server that obeys our `max-age` knows it by then. */
export const readyAt = ({ publishedAt }: PublishedKey): number => publishedAt + publishedBeforeUseMs;

/**
 * The key set that fits the secret. Keys of the secret that are not in the set are published now. A key that signed and is not
 * current anymore is retired now. A key that never signed, and that no version of the secret has, is dropped. Applied again, it
 * changes nothing.
 *
 * The set follows the secret and never leads it. After a crash between the two, the new current key is still called next and the
 * old one current: both are published, and that is what servers need.
 * @param now milliseconds since the epoch
 */
export function settledKeys(keys: readonly PublishedKey[], secret: KeysOfSecret, now: number): PublishedKey[] {
  const known = new Map(keys.map((key) => [key.jwk.kid, key]));
  const wanted = [secret.current, ...secret.others];
  const added = wanted.filter(({ kid }, index) => {
    const isFirst = wanted.findIndex((other) => other.kid === kid) === index;
    return isFirst && !known.has(kid);
  });
  const all = [...keys, ...added.map((jwk): PublishedKey => ({ jwk, publishedAt: now }))];
  return all.flatMap((key): PublishedKey[] => {
    const { kid } = key.jwk;
    if (kid === secret.current.kid) return [asCurrent(key, now)];
    if (secret.others.some((other) => other.kid === kid)) return [asNext(key, now)];
    if (key.usedSince === undefined) return key.withdrawnAt === undefined ? [] : [key];
    return [key.retiredAt === undefined ? { ...key, retiredAt: now } : key];
  });
}

/** An operator who puts an old key back makes it current again. If it was gone, it is published anew. */
function asCurrent(key: PublishedKey, now: number): PublishedKey {
  const publishedAt = stateOf(key, now) === "gone" ? now : key.publishedAt;
  return { jwk: key.jwk, publishedAt, usedSince: key.retiredAt === undefined ? (key.usedSince ?? now) : now };
}

/** A key that signed before, and is `next` again. It is published anew after its time, but never if it leaked. */
function asNext(key: PublishedKey, now: number): PublishedKey {
  const isOver = key.withdrawnAt === undefined && stateOf(key, now) === "gone";
  return isOver ? { jwk: key.jwk, publishedAt: now } : key;
}

/** The key set without a key that leaked. Its record stays, so that the key is not published again. */
export const withdrawn = (keys: readonly PublishedKey[], kid: string, now: number): PublishedKey[] =>
  keys.map((key) => (key.jwk.kid === kid && key.withdrawnAt === undefined ? { ...key, withdrawnAt: now } : key));
