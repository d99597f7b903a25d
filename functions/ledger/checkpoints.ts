import { createHash } from "node:crypto";
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { ExportRequest } from "#contracts/export-request.ts";

/** What a checkpoint belongs to: exports of the same level, group and types continue each other. */
export type CheckpointScope = Pick<ExportRequest, "level" | "groupId" | "types">;

/** The server's clock of the last complete export, from which `since: "last-completed"` goes on. */
export interface Checkpoints {
  /** The transactionTime to go on from; undefined where no complete export is known. */
  find(scope: CheckpointScope): Promise<string | undefined>;
  /**
   * Moves the checkpoint forward after a complete export. Stays where it is when the export began later than the
   * checkpoint (there would be a gap), or ended before it. Answers whether it moved.
   */
  advance(
    scope: CheckpointScope,
    transactionTime: string,
    since: string | undefined,
    exportId: string,
  ): Promise<boolean>;
}

/** Checkpoints in the ledger's table: one item a scope, moved by conditional writes only. */
export function checkpoints(dynamo: DynamoDBClient, table: string): Checkpoints {
  return {
    find: async (scope) => {
      const { Item } = await dynamo.send(
        new GetItemCommand({ TableName: table, Key: { pk: { S: checkpointId(scope) } }, ConsistentRead: true }),
      );
      return Item?.["transactionTime"]?.S;
    },
    advance: async (scope, transactionTime, since, exportId) => {
      const time = Date.parse(transactionTime);
      if (Number.isNaN(time) || (since !== undefined && Number.isNaN(Date.parse(since)))) return false;
      try {
        await dynamo.send(
          new PutItemCommand({
            TableName: table,
            Item: {
              pk: { S: checkpointId(scope) },
              transactionTime: { S: transactionTime },
              epochMs: { N: String(time) },
              exportId: { S: exportId },
            },
            ...condition(time, since),
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },
  };
}

function condition(time: number, since: string | undefined) {
  if (since === undefined) {
    return {
      ConditionExpression: "attribute_not_exists(pk) OR epochMs < :time",
      ExpressionAttributeValues: { ":time": { N: String(time) } },
    };
  }
  return {
    ConditionExpression: "epochMs < :time AND epochMs >= :since",
    ExpressionAttributeValues: { ":time": { N: String(time) }, ":since": { N: String(Date.parse(since)) } },
  };
}

/** A digest, so that a scope of many types stays within a key's length. */
function checkpointId(scope: CheckpointScope): string {
  const parts = [scope.level, scope.groupId ?? "", scope.types?.toSorted().join(",") ?? ""];
  return `checkpoint#${createHash("sha256").update(parts.join("|")).digest("hex")}`;
}
