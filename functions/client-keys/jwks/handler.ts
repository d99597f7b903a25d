import { clientKeyLog } from "#client-keys/log.ts";
import { keySetStore } from "#client-keys/records/key-set-store.ts";
import { ledgerFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { type JwksResponse, jwks } from "./jwks.ts";

let serve: (() => Promise<JwksResponse>) | undefined;

export const handler = (): Promise<JwksResponse> => {
  serve ??= build();
  return serve();
};

function build(): () => Promise<JwksResponse> {
  const { dynamo, table } = ledgerFromEnvironment();
  const keySet = keySetStore(dynamo, table);
  return jwks({ readKeys: () => keySet.read(), log: clientKeyLog, now: Date.now });
}
