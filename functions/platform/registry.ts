import type { FactSchemas } from "./bucket/audit-trail.ts";
import type { EventSchemas } from "./bus/event-language.ts";
import type { LogCodes } from "./lambda/log.ts";

/** What a wing declares, for everything that must know all wings: infra, the generated docs, the tests. */
export interface Wing {
  /** The folder below functions/. */
  name: string;
  events: EventSchemas;
  auditFacts: FactSchemas;
  /** The names of the faults that can end its executions or calls. */
  faults: readonly string[];
  /** The codes of its log lines, each with its sentence. */
  logCodes: LogCodes;
  /** The prefixes of its ledger keys, by the kind of item. */
  ledgerKeys: Readonly<Record<string, string>>;
}

/**
 * Composes wings.
 * @throws Error if two wings declare the same event or log code, or if one ledger key is a prefix of another
 */
export function composeWings(wings: readonly Wing[]): readonly Wing[] {
  refuseCollisions(wings, "event", ({ events }) => Object.keys(events));
  refuseCollisions(wings, "log code", ({ logCodes }) => Object.keys(logCodes));
  refuseCollisions(
    wings,
    "ledger key",
    ({ ledgerKeys }) => Object.values(ledgerKeys),
    (one, other) => one.startsWith(other) || other.startsWith(one),
  );
  return wings;
}

function refuseCollisions(
  wings: readonly Wing[],
  what: string,
  namesOf: (wing: Wing) => string[],
  collide: (one: string, other: string) => boolean = (one, other) => one === other,
): void {
  const claims = wings.flatMap((wing) => namesOf(wing).map((name) => ({ wing: wing.name, name })));
  for (const [index, { wing, name }] of claims.entries()) {
    const other = claims.slice(0, index).find((claim) => collide(claim.name, name));
    if (other !== undefined)
      throw new Error(
        `the ${what} ${name} of ${wing} collides with ${other.name} of ${other.wing}: rename one of them`,
      );
  }
}
