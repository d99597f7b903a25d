import { createHash } from "node:crypto";
import { type DynamoDBDocumentClient, QueryCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { listIndex } from "./ledger-keys.ts";

/** An item of a list: when it was created, in milliseconds since the epoch, and its id. */
export interface ListedItem {
  caller: string;
  createdAt: number;
  id: string;
}

export interface ListPage {
  /** The keys (`pk`) of the items, the newest first. The index is eventually consistent: read each item itself. */
  keys: string[];
  /** Where the next page begins: a place; undefined behind the last one. */
  next: string | undefined;
}

/** The lists of one kind of item, one list for each caller. A place in a list is `{ISO 8601} {id}`. */
export interface CallerLists {
  /** The attributes that put an item into its caller's list. */
  attributesOf(item: ListedItem): { listedIn: string; listedAt: string };
  /** @param page.after a place: the page begins behind it */
  page(caller: string, page: { limit: number; after: string | undefined }): Promise<ListPage>;
}

const listedItem = z.object({ pk: z.string(), listedAt: z.string() });

/**
 * The lists of one kind of item in the ledger's index of lists.
 * @param kind tells the lists of a caller apart: "links"
 * @param prefix how the keys of the items begin
 */
export function callerLists(
  dynamo: DynamoDBDocumentClient,
  table: string,
  { kind, prefix }: { kind: string; prefix: string },
): CallerLists {
  // A caller's name may be longer than a key.
  const listOf = (caller: string) => `${kind}#${createHash("sha256").update(caller).digest("hex")}`;
  const startKey = (caller: string, place: string) => ({
    pk: `${prefix}${place.split(" ")[1] ?? ""}`,
    listedIn: listOf(caller),
    listedAt: place,
  });
  return {
    attributesOf: ({ caller, createdAt, id }) => ({
      listedIn: listOf(caller),
      listedAt: `${new Date(createdAt).toISOString()} ${id}`,
    }),
    page: async (caller, { limit, after }) => {
      const { Items = [], LastEvaluatedKey } = await dynamo.send(
        new QueryCommand({
          TableName: table,
          IndexName: listIndex,
          KeyConditionExpression: "listedIn = :list",
          ExpressionAttributeValues: { ":list": listOf(caller) },
          ScanIndexForward: false,
          Limit: limit,
          ExclusiveStartKey: after === undefined ? undefined : startKey(caller, after),
        }),
      );
      return {
        keys: Items.map((item) => listedItem.parse(item).pk),
        next: LastEvaluatedKey && listedItem.parse(LastEvaluatedKey).listedAt,
      };
    },
  };
}
