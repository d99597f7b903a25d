import type { FactSchemas } from "./bucket/audit-trail.ts";
import type { EventSchemas } from "./bus/event-language.ts";

/** What a wing declares of itself, for everything that must know all wings: infra, the generated docs, the tests. */
export interface Wing {
  /** The folder below functions/. */
  name: string;
  events: EventSchemas;
  auditFacts: FactSchemas;
  /** The names of the faults with which its executions or calls can end. */
  faults: readonly string[];
  /** How the keys of its ledger items begin, by their kind. */
  ledgerKeys: Readonly<Record<string, string>>;
}

/**
 * Puts wings together.
 * @throws Error if two wings claim one event, or ledger keys of which one begins with the other
 */
export function composeWings(wings: readonly Wing[]): readonly Wing[] {
  const events = wings.flatMap(({ name, events: own }) => Object.keys(own).map((key) => ({ name, key })));
  const prefixes = wings.flatMap(({ name, ledgerKeys }) => Object.values(ledgerKeys).map((key) => ({ name, key })));
  for (const [index, { name, key }] of events.entries()) {
    const other = events.slice(0, index).find((one) => one.key === key);
    if (other !== undefined) throw new Error(`${other.name} and ${name} both declare the event "${key}"`);
  }
  for (const [index, { name, key }] of prefixes.entries()) {
    const other = prefixes.slice(0, index).find((one) => one.key.startsWith(key) || key.startsWith(one.key));
    if (other !== undefined)
      throw new Error(`the ledger keys ${other.key} (${other.name}) and ${key} (${name}) collide`);
  }
  return wings;
}
