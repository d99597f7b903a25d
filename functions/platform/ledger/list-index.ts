import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandInput } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { listIndex } from "./ledger-keys.ts";

/** A list of the index: its name, and how the keys of its items begin. An item's place in it is `{ISO 8601} {id}`. */
export interface LedgerList {
  name: string;
  prefix: string;
}

export interface ListPage {
  /** The keys (`pk`) of the items, the newest first. The index is eventually consistent: read each item itself. */
  keys: string[];
  /** Where the next page begins: a place; undefined behind the last one. */
  next: string | undefined;
}

/** The attributes that put an item into a list. `createdAt` is an ISO 8601 time in UTC. */
export const listAttributes = ({ name }: Pick<LedgerList, "name">, createdAt: string, id: string) => ({
  listedIn: name,
  listedAt: `${createdAt} ${id}`,
});

const listedItem = z.object({ pk: z.string(), listedAt: z.string() });

/**
 * A page of a list in the ledger's index of lists.
 * @param page.after a place: the page begins behind it
 * @param page.times only items whose places lie between these texts
 */
export async function readListPage(
  dynamo: DynamoDBDocumentClient,
  table: string,
  { name, prefix }: LedgerList,
  { limit, after, times }: { limit: number; after: string | undefined; times?: { from: string; to: string } },
): Promise<ListPage> {
  const condition: Pick<QueryCommandInput, "KeyConditionExpression" | "ExpressionAttributeValues"> =
    times === undefined
      ? { KeyConditionExpression: "listedIn = :list", ExpressionAttributeValues: { ":list": name } }
      : {
          KeyConditionExpression: "listedIn = :list AND listedAt BETWEEN :from AND :to",
          ExpressionAttributeValues: { ":list": name, ":from": times.from, ":to": times.to },
        };
  const { Items = [], LastEvaluatedKey } = await dynamo.send(
    new QueryCommand({
      TableName: table,
      IndexName: listIndex,
      ...condition,
      ScanIndexForward: false,
      Limit: limit,
      ExclusiveStartKey:
        after === undefined
          ? undefined
          : { pk: `${prefix}${after.split(" ")[1] ?? ""}`, listedIn: name, listedAt: after },
    }),
  );
  return {
    keys: Items.map((item) => listedItem.parse(item).pk),
    next: LastEvaluatedKey && listedItem.parse(LastEvaluatedKey).listedAt,
  };
}
