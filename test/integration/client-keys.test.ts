import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { createRemoteJWKSet } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createKey,
  describeKeys,
  registerClient,
  retireKey,
  rotateKeys,
  type StageKeys,
} from "#cli/keys/key-commands.ts";
import { createdKeyText, keyListText } from "#cli/keys/key-texts.ts";
import { stageKeys } from "#cli/keys/stage-keys.ts";
import { stateOf } from "#client-keys/language/key-set.ts";
import { keySetStore } from "#client-keys/records/key-set-store.ts";
import { clientSettings } from "#local/local-bridge.ts";
import { parseClientKeys } from "#platform/client-key/client-secret.ts";
import { publishedAfterUseMs } from "#platform/client-key/key-lifetimes.ts";
import { type BridgeUnderTest, bridgeUnderTest, completed } from "../fixtures/bridge-under-test.ts";

type KeySet = { keys: Record<string, string>[] };

const lastExport = { level: "patient", types: ["Patient"] };

/** The stage as its operator and IntegraConnect see it. */
function stageOf(test: BridgeUnderTest) {
  const { aws, outputs } = test.bridge;
  const url = `${outputs.apiUrl}/.well-known/jwks.json`;
  const readKeySet = async (): Promise<KeySet> => (await (await fetch(url)).json()) as KeySet;
  const keySet = keySetStore(
    DynamoDBDocumentClient.from(new DynamoDBClient(clientSettings(aws))),
    outputs.ledgerTableName,
  );
  return {
    url,
    readKeySet,
    kids: async () => (await readKeySet()).keys.map(({ kid }) => kid),
    operator: (): Promise<StageKeys> => stageKeys("local", clientSettings(aws)),
    /** Brings what happened to the keys forward, instead of waiting for it. */
    age: async (ms: number): Promise<void> => {
      await keySet.change((keys) =>
        Promise.resolve(
          keys.map((key) => ({
            ...key,
            publishedAt: key.publishedAt - ms,
            ...(key.retiredAt !== undefined && { retiredAt: key.retiredAt - ms }),
          })),
        ),
      );
    },
    stateOf: async (kid: string) => {
      const key = (await keySet.read()).find(({ jwk }) => jwk.kid === kid);
      return key && stateOf(key, Date.now());
    },
    /** IntegraConnect reads the key set anew, and takes no token that it gave for older keys. */
    registerKeySet: async () => {
      const jwks = await readKeySet();
      test.simulator.registerClient({ clientId: String(test.secret["clientId"]), jwks, scopes: ["system/*.read"] });
      test.simulator.revokeTokens();
    },
  };
}

describe("the client's keys of a stage", () => {
  let test: BridgeUnderTest;
  let stage: ReturnType<typeof stageOf>;
  let operator: StageKeys;

  beforeAll(async () => {
    test = await bridgeUnderTest({ simulator: { patients: 5 } });
    stage = stageOf(test);
    operator = await stage.operator();
  });
  afterAll(async () => {
    await test.stop();
  });

  it("the public key set is open, empty at first, and says how long it may be kept", async () => {
    const answer = await fetch(stage.url);
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "public, max-age=300"]);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await answer.json()).toEqual({ keys: [] });
  });

  it("create publishes the key that an operator typed in, and makes the next one, without printing a private key", async () => {
    const typedIn = parseClientKeys((await operator.readSecret()) ?? "").current.kid;
    const printed = createdKeyText(await createKey(operator));
    const { keys } = await stage.readKeySet();
    const next = parseClientKeys((await operator.readSecret()) ?? "").next?.kid;

    expect(keys.map(({ kid }) => kid)).toEqual([typedIn, next]);
    for (const jwk of keys) expect(Object.keys(jwk).toSorted()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
    expect(printed).toContain(next);
    expect(printed).toContain("/.well-known/jwks.json");
    expect(printed).not.toContain('"d"');
    // A second call shows the same key.
    expect(createdKeyText(await createKey(operator))).toContain(`exists already: the next key ${next}`);
  });

  it("a rotation that comes too early changes nothing", async () => {
    const before = await operator.readSecret();
    await expect(rotateKeys(operator)).rejects.toThrow("KeyNotReady");
    expect(await operator.readSecret()).toBe(before);
  });

  it("a rotation fails before the new key signs if the server does not know the key", async () => {
    const before = parseClientKeys((await operator.readSecret()) ?? "");
    await stage.age(600_000);
    await expect(rotateKeys(operator)).rejects.toThrow("AccessRefused");
    expect(parseClientKeys((await operator.readSecret()) ?? "").current.kid).toBe(before.current.kid);
    expect(completed(await test.exportBy(lastExport)).status).toBe("complete");
  });

  it("a rotation makes the next key current, exports go on, and the old key is forgotten in time", async () => {
    const { current: old, next } = parseClientKeys((await operator.readSecret()) ?? "");
    await stage.registerKeySet();
    const printed = keyListText(await rotateKeys(operator));
    const rotated = parseClientKeys((await operator.readSecret()) ?? "");

    expect(rotated.current.kid).toBe(next?.kid);
    expect(await stage.kids()).toEqual([old.kid, next?.kid, rotated.next?.kid]);
    expect(printed.match(/^(retired|current|next) /gm)).toEqual(["retired ", "current ", "next "]);
    await stage.registerKeySet();
    expect(completed(await test.exportBy(lastExport)).status).toBe("complete");
    await stage.age(publishedAfterUseMs);
    expect(await stage.kids()).toEqual([next?.kid, rotated.next?.kid]);
    expect(createRemoteJWKSet(new URL(stage.url))).toBeDefined();
  });

  it("retire takes a next key out of the secret and of the key set, and refuses the current one", async () => {
    const { current, next } = parseClientKeys((await operator.readSecret()) ?? "");
    await expect(retireKey(operator, current.kid)).rejects.toThrow("is current");
    await retireKey(operator, next?.kid ?? "");
    expect(await stage.kids()).toEqual([current.kid]);
    expect(parseClientKeys((await operator.readSecret()) ?? "").next).toBeUndefined();
  });

  it("register keeps the keys, and list shows them", async () => {
    const before = parseClientKeys((await operator.readSecret()) ?? "");
    await registerClient(operator, { clientId: String(test.secret["clientId"]), scope: "system/Patient.read" });
    const after = parseClientKeys((await operator.readSecret()) ?? "");
    expect(after).toEqual({ ...before, scope: "system/Patient.read" });
    expect(keyListText(await describeKeys(operator))).toContain(`current  ES384 ${after.current.kid}`);
  });
});

describe.each(["ECC_NIST_P384", "RSA_3072"] as const)("the client's keys in KMS (%s)", (spec) => {
  let test: BridgeUnderTest;
  beforeAll(async () => {
    test = await bridgeUnderTest({
      simulator: { patients: 5 },
      settings: { clientKey: { kms: { spec, keys: ["first", "second"] } } },
    });
  });
  afterAll(async () => {
    await test.stop();
  });

  it("sign after a rotation from the key in the secret, and the rotation after it takes the second key", async () => {
    const stage = stageOf(test);
    const operator = await stage.operator();
    await createKey(operator);
    for (const _ of ["first", "second"]) {
      const { next } = parseClientKeys((await operator.readSecret()) ?? "");
      expect(next?.kty).toBe("KMS");
      await stage.age(600_000);
      await stage.registerKeySet();
      await rotateKeys(operator);
      await stage.registerKeySet();
      const secretText = (await operator.readSecret()) ?? "";
      expect(parseClientKeys(secretText).current).toEqual(next);
      expect(secretText).not.toContain('"d"');
      expect(completed(await test.exportBy(lastExport)).status).toBe("complete");
      expect(await stage.stateOf(next?.kid ?? "")).toBe("current");
    }
    await expect(rotateKeys(operator)).rejects.toThrow("all keys of the stage in KMS were used");
  });
});
