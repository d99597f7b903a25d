import { clientKeyLog } from "#client-keys/log.ts";
import { keySetStore } from "#client-keys/records/key-set-store.ts";
import { ledgerFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { jwks } from "./jwks.ts";

const { dynamo, table } = ledgerFromEnvironment();

export const handler = jwks({ readKeys: keySetStore(dynamo, table).read, log: clientKeyLog, now: Date.now });
