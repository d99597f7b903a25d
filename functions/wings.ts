import { exportAuditFacts } from "#bulk-export/language/export-audit-facts.ts";
import { exportEvents } from "#bulk-export/language/export-events.ts";
import { exportFaultNames } from "#bulk-export/language/export-faults.ts";
import { exportLedgerKeys } from "#bulk-export/language/ledger-keys.ts";
import { exportLogCodes } from "#bulk-export/language/log-codes.ts";
import { ccdAuditFacts } from "#ccd-retrieval/language/ccd-audit.ts";
import { ccdEvents } from "#ccd-retrieval/language/ccd-events.ts";
import { ccdFaultNames } from "#ccd-retrieval/language/ccd-faults.ts";
import { ccdLedgerKeys } from "#ccd-retrieval/language/ledger-keys.ts";
import { ccdLogCodes } from "#ccd-retrieval/language/log-codes.ts";
import { clientKeyFaultNames } from "#client-keys/language/key-faults.ts";
import { clientKeyLedgerKeys } from "#client-keys/language/ledger-keys.ts";
import { clientKeyLogCodes } from "#client-keys/language/log-codes.ts";
import { apiLogCodes } from "#on-demand-api/language/log-codes.ts";
import type { EventOf } from "#platform/bus/event-language.ts";
import { platformLogCodes } from "#platform/lambda/log-codes.ts";
import { leaseKeys } from "#platform/ledger/ledger-keys.ts";
import { composeWings } from "#platform/registry.ts";
import { sessionLedgerKeys } from "#user-session/language/ledger-keys.ts";
import { linkEvents } from "#user-session/language/link-events.ts";
import { sessionLogCodes } from "#user-session/language/log-codes.ts";
import { sessionEvents } from "#user-session/language/session-events.ts";
import { sessionFaultNames } from "#user-session/language/session-faults.ts";

/*
 * The wings of the bridge, with the declarations of each. Only code that needs all wings imports this file: infra, the generated
 * docs and the tests. A Lambda function imports its own wing.
 */

export const wings = composeWings([
  {
    name: "bulk-export",
    logCodes: exportLogCodes,
    events: exportEvents,
    auditFacts: exportAuditFacts,
    faults: exportFaultNames,
    ledgerKeys: exportLedgerKeys,
  },
  {
    name: "ccd-retrieval",
    logCodes: ccdLogCodes,
    events: ccdEvents,
    auditFacts: ccdAuditFacts,
    faults: ccdFaultNames,
    ledgerKeys: ccdLedgerKeys,
  },
  {
    name: "user-session",
    logCodes: sessionLogCodes,
    events: { ...sessionEvents, ...linkEvents },
    auditFacts: {},
    faults: sessionFaultNames,
    ledgerKeys: sessionLedgerKeys,
  },
  {
    name: "client-keys",
    logCodes: clientKeyLogCodes,
    events: {},
    auditFacts: {},
    faults: clientKeyFaultNames,
    ledgerKeys: clientKeyLedgerKeys,
  },
  { name: "on-demand-api", logCodes: apiLogCodes, events: {}, auditFacts: {}, faults: [], ledgerKeys: {} },
  { name: "platform", logCodes: platformLogCodes, events: {}, auditFacts: {}, faults: [], ledgerKeys: leaseKeys },
]);

/** Every event that the bridge publishes: the schema of its detail by its `detail-type`. */
export const eventDetails = { ...exportEvents, ...ccdEvents, ...sessionEvents, ...linkEvents } as const;

export type EventType = keyof typeof eventDetails;
export type BridgeEvent = EventOf<typeof eventDetails>;
export type EventDetail<Type extends EventType> = Extract<BridgeEvent, { type: Type }>["detail"];

/** How the keys of all ledger items begin, by their kind. */
export const ledgerKeys = {
  ...exportLedgerKeys,
  ...ccdLedgerKeys,
  ...sessionLedgerKeys,
  ...clientKeyLedgerKeys,
  ...leaseKeys,
} as const;
export type LedgerKey = keyof typeof ledgerKeys;
