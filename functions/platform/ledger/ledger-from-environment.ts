import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { smallRequests } from "#platform/lambda/aws-client-settings.ts";
import { environment } from "#platform/lambda/environment.ts";
import { type Leases, leases } from "./leases.ts";

const ledgerVariables = z.object({ LEDGER_TABLE: z.string().min(1) });

/** The ledger's table, and a client to reach it. */
export interface LedgerTable {
  /** Takes and gives plain values: a text is stored as `S`, a number as `N`. */
  dynamo: DynamoDBDocumentClient;
  table: string;
}

/** The table that the function's environment names. */
export function ledgerFromEnvironment(): LedgerTable {
  const dynamo = DynamoDBDocumentClient.from(new DynamoDBClient(smallRequests));
  return { dynamo, table: environment(ledgerVariables).LEDGER_TABLE };
}

/** The leases in that table. */
export function leasesFromEnvironment(): Leases {
  const { dynamo, table } = ledgerFromEnvironment();
  return leases(dynamo, table, Date.now);
}
