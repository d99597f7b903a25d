import { createHash } from "node:crypto";
import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { ExportRequest } from "#bulk-export/language/export-request.ts";
import { exportLedgerKeys } from "#bulk-export/language/ledger-keys.ts";
import { type ExportLog, exportLog } from "#bulk-export/log.ts";
import { conditionHeld } from "#platform/ledger/conditional-write.ts";
import { ledgerFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import {
  type CheckpointItem,
  type CompleteExport,
  checkpointTime,
  incrementalsOf,
  type NextCheckpoint,
  nextCheckpoint,
} from "./checkpoint-item.ts";

/** What a checkpoint belongs to. An export continues the exports of the same level, group and types. */
export type CheckpointScope = Pick<ExportRequest, "level" | "groupId" | "types">;

/** The checkpoint of a scope. */
export interface Checkpoint {
  /** The instant from which the next incremental export begins: a FHIR instant in UTC, with milliseconds. */
  since: string;
  /** Incremental exports that have completed since the last full one. */
  incrementals: number;
}

/** The checkpoints, from which `since: "last-completed"` continues. */
export interface Checkpoints {
  /** The checkpoint to continue from; undefined if no complete export is known, or if the stored time cannot be used. */
  find(scope: CheckpointScope): Promise<Checkpoint | undefined>;
  /**
   * Moves the checkpoint forward after a complete export, by the rules of `nextCheckpoint`. A full export replaces a stored time
   * that cannot be used. Answers whether the checkpoint moved.
   */
  advance(scope: CheckpointScope, completed: CompleteExport): Promise<boolean>;
}

/** The lease lets one export of a level run at a time. So even a second attempt is rare. */
const mostAttempts = 3;

/** Checkpoints in the ledger's table: one item a scope. A write is conditional on the item that was read. */
export function checkpoints(
  dynamo: DynamoDBDocumentClient,
  table: string,
  { now, log }: { now: () => number; log: ExportLog },
): Checkpoints {
  const read = async (scope: CheckpointScope): Promise<CheckpointItem | undefined> => {
    const Key = { pk: checkpointId(scope) };
    return (await dynamo.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }))).Item;
  };
  return {
    find: async (scope) => {
      const item = await read(scope);
      if (item === undefined) return undefined;
      const time = checkpointTime(item, now());
      if (time !== undefined) return { since: new Date(time).toISOString(), incrementals: incrementalsOf(item) };
      const { level, groupId } = scope;
      log.warn("EXPORT_CHECKPOINT_UNUSABLE", { level, groupId, storedBy: item["exportId"] });
      return undefined;
    },
    advance: async (scope, completed) => {
      for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
        const item = await read(scope);
        const next = nextCheckpoint(item, completed, now());
        if (next === undefined) return false;
        const Key = { pk: checkpointId(scope) };
        const update = updateOf(item, completed.exportId, next);
        if (await conditionHeld(dynamo.send(new UpdateCommand({ TableName: table, Key, ...update })))) return true;
      }
      return false;
    },
  };
}

const attributes = ["transactionTime", "epochMs", "exportId", "incrementals"] as const;

/** The update that moves a checkpoint, if its item is still the one that was read. */
function updateOf(read: CheckpointItem | undefined, exportId: string, next: NextCheckpoint) {
  const values: CheckpointItem = {
    ":transactionTime": next.transactionTime,
    ":epochMs": next.time,
    ":exportId": exportId,
    ":incrementals": next.incrementals,
  };
  const conditions = [`attribute_${read === undefined ? "not_exists" : "exists"}(pk)`];
  for (const name of attributes) {
    const before = read?.[name];
    conditions.push(before === undefined ? `attribute_not_exists(${name})` : `${name} = :${name}Before`);
    if (before !== undefined) values[`:${name}Before`] = before;
  }
  return {
    UpdateExpression: `SET ${attributes.map((name) => `${name} = :${name}`).join(", ")}`,
    ConditionExpression: conditions.join(" AND "),
    ExpressionAttributeValues: values,
  };
}

/** A digest, because a scope with many types would be too long for a key. */
function checkpointId(scope: CheckpointScope): string {
  const parts = [scope.level, scope.groupId ?? "", scope.types?.toSorted().join(",") ?? ""];
  return `${exportLedgerKeys.checkpoint}${createHash("sha256").update(parts.join("|")).digest("hex")}`;
}

/** The checkpoints in the ledger that the function's environment names. */
export function checkpointsFromEnvironment(): Checkpoints {
  const { dynamo, table } = ledgerFromEnvironment();
  return checkpoints(dynamo, table, { now: Date.now, log: exportLog });
}
