import { createHash } from "node:crypto";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { type ListPage, listAttributes, readListPage } from "./list-index.ts";

/** An item of a list: when it was created, in milliseconds since the epoch, and its id. */
export interface ListedItem {
  caller: string;
  createdAt: number;
  id: string;
}

/** The lists of one kind of item, one list for each caller. */
export interface CallerLists {
  /** The attributes that put an item into its caller's list. */
  attributesOf(item: ListedItem): { listedIn: string; listedAt: string };
  /** @param page.after a place: the page begins behind it */
  page(caller: string, page: { limit: number; after: string | undefined }): Promise<ListPage>;
}

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
  const listOf = (caller: string) => ({
    name: `${kind}#${createHash("sha256").update(caller).digest("hex")}`,
    prefix,
  });
  return {
    attributesOf: ({ caller, createdAt, id }) => listAttributes(listOf(caller), new Date(createdAt).toISOString(), id),
    page: (caller, page) => readListPage(dynamo, table, listOf(caller), page),
  };
}
