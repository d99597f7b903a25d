import { createHash } from "node:crypto";
import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import type { ExportRequest } from "#bulk-export/language/export-request.ts";
import { exportLedgerKeys } from "#bulk-export/language/ledger-keys.ts";
import { carriedOut } from "#platform/ledger/conditional-write.ts";
import { ledgerFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";

/** What a checkpoint belongs to: exports of the same level, group and types continue each other. */
export type CheckpointScope = Pick<ExportRequest, "level" | "groupId" | "types">;

/** Where exports of a scope go on. */
export interface Checkpoint {
  /** The server's clock of the last complete export. */
  transactionTime: string;
  /** Incremental exports that have completed since the last full one. */
  incrementals: number;
}

/** The checkpoints, from which `since: "last-completed"` goes on. */
export interface Checkpoints {
  /** The checkpoint to go on from; undefined where no complete export is known. */
  find(scope: CheckpointScope): Promise<Checkpoint | undefined>;
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

/** Items of older versions do not count incremental exports. */
const checkpointItem = z.object({ transactionTime: z.string(), incrementals: z.number().default(0) });

/** Checkpoints in the ledger's table: one item a scope, moved by conditional writes only. */
export function checkpoints(dynamo: DynamoDBDocumentClient, table: string): Checkpoints {
  return {
    find: async (scope) => {
      const { Item } = await dynamo.send(
        new GetCommand({ TableName: table, Key: { pk: checkpointId(scope) }, ConsistentRead: true }),
      );
      return Item && checkpointItem.parse(Item);
    },
    advance: async (scope, transactionTime, since, exportId) => {
      const time = Date.parse(transactionTime);
      if (Number.isNaN(time) || (since !== undefined && Number.isNaN(Date.parse(since)))) return false;
      const forward = movedForward({ transactionTime, time, since, exportId });
      const Key = { pk: checkpointId(scope) };
      return await carriedOut(dynamo.send(new UpdateCommand({ TableName: table, Key, ...forward })));
    },
  };
}

interface Completed {
  transactionTime: string;
  /** The same, in milliseconds since the epoch. */
  time: number;
  since: string | undefined;
  exportId: string;
}

/** The update that moves a checkpoint, and the condition under which it may. */
function movedForward({ transactionTime, time, since, exportId }: Completed) {
  const values = {
    ":transactionTime": transactionTime,
    ":time": time,
    ":exportId": exportId,
    ":none": 0,
  };
  const moved = "SET transactionTime = :transactionTime, epochMs = :time, exportId = :exportId";
  if (since === undefined) {
    return {
      UpdateExpression: `${moved}, incrementals = :none`,
      ConditionExpression: "attribute_not_exists(pk) OR epochMs < :time",
      ExpressionAttributeValues: values,
    };
  }
  return {
    UpdateExpression: `${moved}, incrementals = if_not_exists(incrementals, :none) + :one`,
    ConditionExpression: "epochMs < :time AND epochMs >= :since",
    ExpressionAttributeValues: { ...values, ":since": Date.parse(since), ":one": 1 },
  };
}

/** A digest, so that a scope of many types stays within a key's length. */
function checkpointId(scope: CheckpointScope): string {
  const parts = [scope.level, scope.groupId ?? "", scope.types?.toSorted().join(",") ?? ""];
  return `${exportLedgerKeys.checkpoint}${createHash("sha256").update(parts.join("|")).digest("hex")}`;
}

/** The checkpoints in the ledger that the function's environment names. */
export function checkpointsFromEnvironment(): Checkpoints {
  const { dynamo, table } = ledgerFromEnvironment();
  return checkpoints(dynamo, table);
}
