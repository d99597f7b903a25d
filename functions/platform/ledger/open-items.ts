import {
  type DynamoDBDocumentClient,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { conditionHeld } from "./conditional-write.ts";
import { openIndex } from "./ledger-keys.ts";

/**
 * The attributes that put an item of the ledger into the index of open items: work whose end was not published yet.
 * @param workflow the index's partition, one for each state machine
 * @param dueAt when a sweeper looks at the item, in milliseconds since the epoch
 */
export function openAttributes(workflow: string, dueAt: number): { openIn: string; dueAt: string } {
  return { openIn: workflow, dueAt: new Date(dueAt).toISOString() };
}

/** The open items of one workflow. An item leaves the index when its attributes or the item itself are removed. */
export interface OpenItems {
  /** The keys (`pk`) of all items that are due, the earliest first. The index is eventually consistent: read each item again. */
  due(now: number): AsyncIterable<string>;
  /** How many items are open, due or not. The index is eventually consistent. */
  count(): Promise<number>;
  /** Makes an item due later, unless it was closed. Returns whether it is still open. */
  postpone(pk: string, until: number): Promise<boolean>;
}

const indexedItem = z.object({ pk: z.string() });

/** The open items of a workflow in the ledger's table. They are found by a query, so nothing that has ended is read. */
export function openItems(dynamo: DynamoDBDocumentClient, table: string, workflow: string): OpenItems {
  return {
    due: (now) => queryDue(dynamo, table, workflow, now),
    count: () => countOpen(dynamo, table, workflow),
    postpone: (pk, until) =>
      conditionHeld(
        dynamo.send(
          new UpdateCommand({
            TableName: table,
            Key: { pk },
            UpdateExpression: "SET dueAt = :until",
            ConditionExpression: "openIn = :workflow",
            ExpressionAttributeValues: { ":until": new Date(until).toISOString(), ":workflow": workflow },
          }),
        ),
      ),
  };
}

const pageSize = 100;

async function* queryDue(
  dynamo: DynamoDBDocumentClient,
  table: string,
  workflow: string,
  now: number,
): AsyncGenerator<string> {
  const due = {
    KeyConditionExpression: "openIn = :workflow AND dueAt <= :now",
    ExpressionAttributeValues: { ":workflow": workflow, ":now": new Date(now).toISOString() },
    Limit: pageSize,
  };
  for await (const { Items = [] } of pagesOf(dynamo, table, due))
    for (const item of Items) yield indexedItem.parse(item).pk;
}

async function countOpen(dynamo: DynamoDBDocumentClient, table: string, workflow: string): Promise<number> {
  const open = {
    KeyConditionExpression: "openIn = :workflow",
    ExpressionAttributeValues: { ":workflow": workflow },
    Select: "COUNT" as const,
  };
  let count = 0;
  for await (const { Count = 0 } of pagesOf(dynamo, table, open)) count += Count;
  return count;
}

/** All pages of a query of the index of open items. */
async function* pagesOf(
  dynamo: DynamoDBDocumentClient,
  table: string,
  query: Omit<QueryCommandInput, "TableName" | "IndexName" | "ExclusiveStartKey">,
): AsyncGenerator<QueryCommandOutput> {
  let last: Record<string, unknown> | undefined;
  do {
    const page = await dynamo.send(
      new QueryCommand({ ...query, TableName: table, IndexName: openIndex, ExclusiveStartKey: last }),
    );
    yield page;
    last = page.LastEvaluatedKey;
  } while (last !== undefined);
}
