import { ledgerFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { type KeySetStore, keySetStore } from "./records/key-set-store.ts";

/** The public keys of the stage's client, in the ledger that the function's environment names. Another wing may read them only. */
export function keySetFromEnvironment(): Pick<KeySetStore, "read"> {
  const { dynamo, table } = ledgerFromEnvironment();
  return keySetStore(dynamo, table);
}
