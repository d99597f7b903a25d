import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import * as z from "zod";
import type { UserSessionStore } from "#contracts/user-session.ts";
import { type CcdRequests, ccdRequests } from "#ledger/ccd-requests.ts";
import { type Checkpoints, checkpoints } from "#ledger/checkpoints.ts";
import { type Leases, leases } from "#ledger/leases.ts";
import { userSessions } from "#ledger/user-sessions.ts";
import { smallRequests } from "./aws-client-settings.ts";
import { environment } from "./environment.ts";

const ledgerVariables = z.object({ LEDGER_TABLE: z.string().min(1) });

/** The checkpoints in the table that the function's environment names. */
export function checkpointsFromEnvironment(): Checkpoints {
  return checkpoints(new DynamoDBClient(smallRequests), environment(ledgerVariables).LEDGER_TABLE);
}

/** The user sessions in the same table. */
export function userSessionsFromEnvironment(): UserSessionStore {
  return userSessions(new DynamoDBClient(smallRequests), environment(ledgerVariables).LEDGER_TABLE);
}

/** The leases in the same table. */
export function leasesFromEnvironment(): Leases {
  return leases(new DynamoDBClient(smallRequests), environment(ledgerVariables).LEDGER_TABLE);
}

const ccdVariables = ledgerVariables.extend({ CCD_DAYS: z.coerce.number().positive().optional() });

/** The records of requests for CCDs in the same table, kept for as long as the environment says. */
export function ccdRequestsFromEnvironment(): CcdRequests {
  const { LEDGER_TABLE: table, CCD_DAYS: keptDays } = environment(ccdVariables);
  return ccdRequests({ dynamo: new DynamoDBClient(smallRequests), table, keptDays, now: Date.now });
}
