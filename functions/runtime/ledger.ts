import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import * as z from "zod";
import { type Checkpoints, checkpoints } from "#ledger/checkpoints.ts";
import { environment } from "./environment.ts";

const ledgerVariables = z.object({ LEDGER_TABLE: z.string().min(1) });

/** The checkpoints in the table that the function's environment names. */
export function checkpointsFromEnvironment(): Checkpoints {
  return checkpoints(new DynamoDBClient(), environment(ledgerVariables).LEDGER_TABLE);
}
