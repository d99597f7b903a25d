import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { createPrivateKey } from "#client-keys/key-pair.ts";
import { keyPublication } from "#client-keys/key-publication.ts";
import { publicKeys, stateOf } from "#client-keys/language/key-set.ts";
import { type RotationEvent, rotationSteps } from "#client-keys/language/rotation.ts";
import { rotateKey } from "#client-keys/rotate-key/rotate-key.ts";
import { parseClientKeys, type StoredKey } from "#platform/client-key/client-secret.ts";
import {
  assertionSeconds,
  clockSkewSeconds,
  keyCachedSeconds,
  keySetMaxAgeSeconds,
  publishedAfterUseMs,
} from "#platform/client-key/key-lifetimes.ts";
import { ecKey, noKms, secretText } from "../../../fixtures/client-keys.ts";
import { Crash, type KeysInMemory, keysInMemory } from "../../../fixtures/keys-in-memory.ts";

const secretName = "integra-bridge/test/client";
const minute = 60_000;
const context = { signal: new AbortController().signal, remainingMs: () => 60_000 };

/** Keys that exist already: the property below needs thousands. */
const pool = await Promise.all(Array.from({ length: 12 }, () => createPrivateKey("ES384")));

interface Bench {
  memory: KeysInMemory;
  clock: { now: number };
  /** Secrets that were tried at the token endpoint, by the kid of their current key. */
  tried: string[];
  logged: string[];
  step: (step: RotationEvent["Step"], token: string, secretId?: string) => Promise<unknown>;
  rotate: (token: string) => Promise<void>;
  current: () => string;
  next: () => string | undefined;
  state: (kid: string) => string | undefined;
}

interface Faults {
  refuse?: (kid: string) => boolean;
  createKey?: () => Promise<StoredKey | undefined>;
}

const token = (number: number): string => `rotation-${String(number).padStart(32, "0")}`;

function bench(faults: Faults = {}): Bench {
  const memory = keysInMemory();
  const clock = { now: Date.UTC(2027, 0, 1) };
  const tried: string[] = [];
  const logged: string[] = [];
  let made = 0;
  const now = () => clock.now;
  const log = { info: (code: string) => logged.push(code), warn: () => undefined, error: () => undefined };
  const run = rotateKey({
    secretName,
    secret: memory.secret,
    publish: keyPublication({ secret: memory.secret, keySet: memory.keySet, kms: noKms, now }),
    createKey:
      faults.createKey ??
      (() => {
        made += 1;
        const jwk = pool[made % pool.length];
        return Promise.resolve(jwk && { ...jwk, kid: `key-${made}` });
      }),
    tryToken: (text) => {
      const { kid } = parseClientKeys(text).current;
      tried.push(kid);
      return faults.refuse?.(kid) === true ? Promise.reject(new Error("invalid_client")) : Promise.resolve();
    },
    log,
    now,
  });
  const step: Bench["step"] = (Step, ClientRequestToken, SecretId = secretName) =>
    run({ Step, SecretId, ClientRequestToken }, context);
  return {
    memory,
    clock,
    tried,
    logged,
    step,
    rotate: async (name) => {
      for (const one of rotationSteps) await step(one, name);
    },
    current: () => parseClientKeys(memory.currentText() ?? "").current.kid,
    next: () => parseClientKeys(memory.currentText() ?? "").next?.kid,
    state: (kid) => {
      const key = memory.keys().find(({ jwk }) => jwk.kid === kid);
      return key && stateOf(key, clock.now);
    },
  };
}

describe("a rotation of the client's key", () => {
  let test: Bench;
  beforeEach(() => {
    test = bench();
    test.memory.putCurrent(secretText(ecKey("typed-in").privateJwk));
  });

  it("the first rotation of a secret that an operator typed in publishes both keys, and changes nothing else", async () => {
    await test.rotate(token(1));
    expect([test.current(), test.next()]).toEqual(["typed-in", "key-1"]);
    expect([test.state("typed-in"), test.state("key-1")]).toEqual(["current", "next"]);
    expect(test.logged).toContain("KEY_ROTATION_ONLY_PUBLISHED");
    expect(test.tried).toEqual([]);
  });

  it("the second rotation makes the next key current, and the old one stays published until it is forgotten", async () => {
    await test.rotate(token(1));
    test.clock.now += 10 * minute;
    await test.rotate(token(2));
    expect([test.current(), test.next(), test.tried]).toEqual(["key-1", "key-2", ["key-1"]]);
    expect(["typed-in", "key-1", "key-2"].map(test.state)).toEqual(["retired", "current", "next"]);
    test.clock.now += publishedAfterUseMs - 1;
    expect(test.state("typed-in")).toBe("retired");
    test.clock.now += 1;
    expect(test.state("typed-in")).toBe("gone");
  });

  it.each(rotationSteps)(
    "%s can be called again, at once and after the rotation has ended: it changes nothing more",
    async (repeated) => {
      await test.rotate(token(1));
      test.clock.now += 10 * minute;
      const state = () => [test.memory.currentText(), test.memory.keys()];
      for (const step of rotationSteps) {
        await test.step(step, token(2));
        if (step !== repeated) continue;
        const once = state();
        await test.step(step, token(2));
        expect(state()).toEqual(once);
      }
      const end = state();
      expect([test.current(), test.next()]).toEqual(["key-1", "key-2"]);
      test.clock.now += minute;
      await test.step(repeated, token(2));
      expect(state()).toEqual(end);
    },
  );

  it("a next key that was published too recently is refused before anything is stored, and the fault says until when", async () => {
    await test.rotate(token(1));
    test.clock.now += 10 * minute - 1;
    await expect(test.step("createSecret", token(2))).rejects.toMatchObject({
      name: "KeyNotReady",
      message: expect.stringContaining("rotate after 2027-01-01T00:10:00.000Z") as string,
    });
    expect(await test.memory.secret.version(token(2))).toBeUndefined();
  });

  it("a next key that an operator typed in is published by the attempt to rotate, and the attempt after it succeeds", async () => {
    test.memory.putCurrent(secretText(ecKey("typed-in").privateJwk, { next: ecKey("typed-next").privateJwk }));
    await expect(test.rotate(token(1))).rejects.toMatchObject({ name: "KeyNotReady" });
    test.clock.now += 10 * minute;
    await test.rotate(token(2));
    expect(test.current()).toBe("typed-next");
  });

  it("a key that the server refuses never becomes current, and its version can be replaced", async () => {
    let known = false;
    const refusing = bench({ refuse: () => !known });
    refusing.memory.putCurrent(secretText(ecKey("typed-in").privateJwk));
    await refusing.rotate(token(1));
    refusing.clock.now += 10 * minute;
    await expect(refusing.rotate(token(2))).rejects.toThrow("invalid_client");
    expect(refusing.current()).toBe("typed-in");
    known = true;
    await refusing.rotate(token(3));
    expect([refusing.current(), refusing.state("key-2"), refusing.next()]).toEqual(["key-1", undefined, "key-3"]);
  });

  it("a secret that was changed during the rotation is not overwritten", async () => {
    await test.step("createSecret", token(1));
    const changed = secretText(ecKey("typed-in").privateJwk, { scope: "system/Patient.read" });
    test.memory.putCurrent(changed);
    await expect(test.step("finishSecret", token(1))).rejects.toMatchObject({ name: "RotationRefused" });
    expect(test.memory.currentText()).toBe(changed);
  });

  it("what else is in the secret stays in it", async () => {
    test.memory.putCurrent(secretText(ecKey("typed-in").privateJwk, { note: "ticket 17" }));
    await test.rotate(token(1));
    expect(JSON.parse(test.memory.currentText() ?? "")).toMatchObject({
      clientId: "client-1",
      scope: "system/*.read",
      note: "ticket 17",
    });
  });

  it.each([secretName, `arn:aws:secretsmanager:us-east-1:111122223333:secret:${secretName}-AbCdEf`])(
    "the secret may be named %s",
    async (secretId) => {
      expect(await test.step("createSecret", token(1), secretId)).toEqual({ step: "createSecret" });
    },
  );

  it("another secret is refused", async () => {
    const other = "arn:aws:secretsmanager:us-east-1:111122223333:secret:integra-bridge/prod/client-AbCdEf";
    await expect(test.step("createSecret", token(1), other)).rejects.toMatchObject({ name: "RotationRefused" });
  });

  it("a schedule on a secret without a value, or without a new version, passes Secrets Manager's test of it", async () => {
    const empty = bench();
    expect(await empty.step("testSecret", token(1))).toEqual({ step: "testSecret" });
    await test.memory.secret.putPending(token(1), test.memory.currentText() ?? "");
    expect(await test.step("testSecret", token(1))).toEqual({ step: "testSecret" });
    expect([...empty.tried, ...test.tried]).toEqual([]);
  });

  it("a secret without a value cannot be rotated, and the fault says what to run", async () => {
    await expect(bench().step("createSecret", token(1))).rejects.toThrow("npm run keys -- create");
  });

  it("a stage whose keys in KMS were all used rotates to the last one, and no further", async () => {
    const kms = bench({ createKey: () => Promise.resolve(undefined) });
    kms.memory.putCurrent(secretText(ecKey("one").privateJwk, { next: ecKey("two").privateJwk }));
    await expect(kms.rotate(token(1))).rejects.toMatchObject({ name: "KeyNotReady" });
    kms.clock.now += 10 * minute;
    await kms.rotate(token(2));
    expect([kms.current(), kms.next()]).toEqual(["two", undefined]);
    await expect(kms.rotate(token(3))).rejects.toThrow("all keys of the stage in KMS were used");
  });
});

/** What happens in a run of the property: time passes, a step is called, an operator acts. */
type Action =
  | { kind: "wait"; minutes: number }
  | { kind: "step"; step: RotationEvent["Step"]; crash: { write: number; when: "before" | "after" } | undefined }
  | { kind: "whole rotation" }
  | { kind: "new rotation" }
  | { kind: "operator replaces the secret's scope" };

const crash = fc.record({ write: fc.integer({ min: 1, max: 3 }), when: fc.constantFrom("before", "after") });
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("wait"), minutes: fc.integer({ min: 0, max: 30 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("step"),
      step: fc.constantFrom(...rotationSteps),
      crash: fc.option(crash, { nil: undefined }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("whole rotation") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("new rotation") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("operator replaces the secret's scope") }) },
);

describe("whatever is repeated, interrupted or delayed", () => {
  it("only keys that were published for twice max-age sign, what may still be valid is published, and one key is current", async () => {
    let promotions = 0;
    let interruptions = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), async (actions) => {
        const test = bench();
        test.memory.putCurrent(secretText(ecKey("typed-in").privateJwk));
        let rotation = 1;
        /** Since when each key has been in the key set without a gap, as a server would see it. */
        const seenSince = new Map<string, number>();
        /** Until when an assertion by each key may be valid. */
        const validUntil = new Map<string, number>();
        let current = test.current();

        const served = (): string[] => publicKeys(test.memory.keys(), test.clock.now).map(({ kid }) => kid);
        const observe = (): void => {
          const { now } = test.clock;
          const set = served();
          expect(new Set(set).size).toBe(set.length);
          for (const kid of seenSince.keys()) if (!set.includes(kid)) seenSince.delete(kid);
          for (const kid of set) if (!seenSince.has(kid)) seenSince.set(kid, now);
          const promoted = test.current() !== current;
          promotions += promoted ? 1 : 0;
          current = test.current();
          // A promoted key has been in every answer since then: a server that fetched one at any time knows it.
          const publishedForMs = now - (seenSince.get(current) ?? now);
          expect(!promoted || publishedForMs >= 2 * keySetMaxAgeSeconds * 1000).toBe(true);
          // A container that reads the secret now signs with its key for five minutes.
          const last = now + (keyCachedSeconds + assertionSeconds + clockSkewSeconds) * 1000;
          validUntil.set(current, last);
          // Until the first call of a step, the key that an operator typed in is in no set.
          const mayBeValid = [...validUntil].filter(([, until]) => now <= until).map(([kid]) => kid);
          const unpublished = mayBeValid.filter((kid) => !set.includes(kid));
          expect(unpublished).toEqual(current === "typed-in" && set.length === 0 ? ["typed-in"] : []);
          const currents = test.memory.keys().filter((key) => stateOf(key, now) === "current");
          expect(currents.length).toBe(test.memory.keys().length === 0 ? 0 : 1);
        };
        const attempt = async (run: () => Promise<unknown>): Promise<void> => {
          try {
            await run();
          } catch (error) {
            if (error instanceof Crash) interruptions += 1;
            else if (!["KeyNotReady", "RotationRefused"].includes((error as Error).name)) throw error;
          } finally {
            test.memory.spare();
          }
          observe();
        };

        for (const one of actions) {
          switch (one.kind) {
            case "wait":
              // Time passes in small steps, so that nothing disappears unseen.
              for (let passed = 0; passed < one.minutes; passed += 1) {
                test.clock.now += minute;
                observe();
              }
              break;
            case "step":
              if (one.crash !== undefined) test.memory.crashAt(one.crash.write, one.crash.when);
              await attempt(() => test.step(one.step, token(rotation)));
              break;
            case "whole rotation":
              rotation += 1;
              test.memory.dropPending();
              for (const step of rotationSteps) await attempt(() => test.step(step, token(rotation)));
              break;
            case "new rotation":
              rotation += 1;
              test.memory.dropPending();
              break;
            case "operator replaces the secret's scope":
              test.memory.putCurrent(JSON.stringify({ ...JSON.parse(test.memory.currentText() ?? ""), scope: "s" }));
              break;
          }
          observe();
        }
      }),
      { numRuns: 150 },
    );
    // The runs are no use if nothing happens in them.
    expect(promotions).toBeGreaterThan(10);
    expect(interruptions).toBeGreaterThan(10);
  });
});
