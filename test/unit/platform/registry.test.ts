import { describe, expect, it } from "vitest";
import { composeWings, type Wing } from "#platform/registry.ts";

const wing = (name: string, more: Partial<Wing> = {}): Wing => ({
  name,
  events: {},
  auditFacts: {},
  faults: [],
  logCodes: {},
  ledgerKeys: {},
  ...more,
});

describe("the registry of wings", () => {
  it("wings without collisions are composed", () => {
    const wings = [wing("a", { ledgerKeys: { one: "one#" } }), wing("b", { ledgerKeys: { two: "two#" } })];
    expect(composeWings(wings)).toEqual(wings);
  });

  it("a ledger key that is a prefix of another is refused, because a policy could not distinguish them", () => {
    const wings = [wing("a", { ledgerKeys: { one: "ccd#" } }), wing("b", { ledgerKeys: { two: "ccd#server#" } })];
    expect(() => composeWings(wings)).toThrow("the ledger key ccd#server# of b collides with ccd# of a");
  });

  it("a log code that two wings declare is refused", () => {
    const wings = [wing("a", { logCodes: { X: "x." } }), wing("b", { logCodes: { X: "x." } })];
    expect(() => composeWings(wings)).toThrow("the log code X of b collides with X of a");
  });
});
