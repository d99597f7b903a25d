import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { ledgerFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { sessionLedgerKeys } from "./language/ledger-keys.ts";
import { type SessionState, sessionStateAttributes } from "./language/session-state.ts";

const item = z.object({
  issuedAt: z.number().optional(),
  attempts: z.number(),
  retryAt: z.number().optional(),
  deadAt: z.number().optional(),
  refusal: z.enum(["client-refused", "grant-refused"]).catch("grant-refused"),
});

/** Reads how a session stands; undefined if it has not begun. */
export type ReadSessionState = (sessionId: string) => Promise<SessionState | undefined>;

/** Reads no attribute but those in `sessionStateAttributes`, so the function's policy can keep it from the tokens. */
export function sessionStates(dynamo: DynamoDBDocumentClient, table: string): ReadSessionState {
  return async (sessionId) => {
    const command = new GetCommand({
      TableName: table,
      Key: { pk: `${sessionLedgerKeys.userSession}${sessionId}` },
      ConsistentRead: true,
      ProjectionExpression: sessionStateAttributes.join(", "),
    });
    const { Item } = await dynamo.send(command);
    if (Item === undefined) return undefined;
    const { issuedAt, attempts, retryAt, deadAt, refusal } = item.parse(Item);
    return {
      access: issuedAt === undefined ? undefined : { issuedAt },
      attempts,
      retryAt,
      end: deadAt === undefined ? undefined : { at: deadAt, refusal },
    };
  };
}

/** The states of the sessions in the ledger that the function's environment names. */
export function sessionStatesFromEnvironment(): ReadSessionState {
  const { dynamo, table } = ledgerFromEnvironment();
  return sessionStates(dynamo, table);
}
