import { beforeEach, describe, expect, it } from "vitest";
import type { PublishedKey } from "#client-keys/language/key-set.ts";
import { type KeySetStore, keySetStore } from "#client-keys/records/key-set-store.ts";
import { type TableInMemory, tableInMemory } from "../../../fixtures/table-in-memory.ts";

const key = (kid: string): PublishedKey => ({
  jwk: { kty: "EC", kid, alg: "ES384", use: "sig" },
  publishedAt: 1,
});

describe("the key set in the ledger", () => {
  let table: TableInMemory;
  let store: KeySetStore;
  beforeEach(() => {
    table = tableInMemory();
    store = keySetStore(table.client, "ledger");
  });

  const add = (kid: string) => store.change((keys) => Promise.resolve([...keys, key(kid)]));
  const kids = async () => (await store.read()).map(({ jwk }) => jwk.kid);

  it("a change that another process overtakes is decided again with the newer set", async () => {
    let overtaken = false;
    await store.change(async (keys) => {
      if (!overtaken) {
        overtaken = true;
        await add("other");
      }
      return [...keys, key("mine")];
    });
    expect(await kids()).toEqual(["other", "mine"]);
  });

  it("a change that changes nothing writes nothing", async () => {
    await add("one");
    const before = JSON.stringify([...table.items]);
    await store.change((keys) => Promise.resolve(keys));
    expect(JSON.stringify([...table.items])).toBe(before);
  });

  it("a change that others always overtake ends with an error, and theirs stay", async () => {
    let number = 0;
    const change = store.change(async (keys) => {
      number += 1;
      await add(`other-${number}`);
      return [...keys, key("mine")];
    });
    await expect(change).rejects.toThrow("Try again");
    expect(await kids()).not.toContain("mine");
  });
});
