import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import * as z from "zod";
import { smallRequests } from "#platform/lambda/aws-client-settings.ts";
import { environment } from "#platform/lambda/environment.ts";
import { type Leases, leases } from "./leases.ts";

const ledgerVariables = z.object({ LEDGER_TABLE: z.string().min(1) });

/** The ledger's table, and a client to reach it. */
export interface LedgerTable {
  dynamo: DynamoDBClient;
  table: string;
}

/** The table that the function's environment names. */
export function ledgerFromEnvironment(): LedgerTable {
  return { dynamo: new DynamoDBClient(smallRequests), table: environment(ledgerVariables).LEDGER_TABLE };
}

/** The leases in that table. */
export function leasesFromEnvironment(): Leases {
  const { dynamo, table } = ledgerFromEnvironment();
  return leases(dynamo, table);
}
