import { isDeepStrictEqual } from "node:util";
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { type PublishedKey, publishedKey } from "#client-keys/language/key-set.ts";
import { clientKeyLedgerKeys } from "#client-keys/language/ledger-keys.ts";
import { conditionHeld } from "#platform/ledger/conditional-write.ts";

/** The public keys of the stage's client. Whoever makes keys writes them; the function that serves them can read nothing else. */
export interface KeySetStore {
  read(): Promise<readonly PublishedKey[]>;
  /**
   * Changes the set. If another process changed it in between, `decide` is called again with the newer set, so what `decide`
   * itself reads is never older than the set that it gets. Returns the set as it is now.
   * @throws Error if others change the set all the time
   */
  change(decide: (keys: readonly PublishedKey[]) => Promise<readonly PublishedKey[]>): Promise<readonly PublishedKey[]>;
}

const item = z.object({ revision: z.number(), keys: z.array(publishedKey) });

const mostAttempts = 5;

/** The key set in the ledger: one item, changed by conditional writes only. */
export function keySetStore(dynamo: DynamoDBDocumentClient, table: string): KeySetStore {
  const key = { pk: `${clientKeyLedgerKeys.clientKeys}backend` };
  const find = async (): Promise<z.infer<typeof item>> => {
    const { Item } = await dynamo.send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }));
    return Item === undefined ? { revision: 0, keys: [] } : item.parse(Item);
  };
  return {
    read: async () => (await find()).keys,
    change: async (decide) => {
      for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
        const { revision, keys } = await find();
        // DynamoDB stores no undefined members.
        const decided = z.array(publishedKey).parse(JSON.parse(JSON.stringify(await decide(keys))));
        if (isDeepStrictEqual(decided, keys)) return keys;
        const write = new PutCommand({
          TableName: table,
          Item: { ...key, revision: revision + 1, keys: decided },
          ConditionExpression: "attribute_not_exists(pk) OR revision = :seen",
          ExpressionAttributeValues: { ":seen": revision },
        });
        if (await conditionHeld(dynamo.send(write))) return decided;
      }
      throw new Error(`the public key set was changed by others ${mostAttempts} times in a row. Try again`);
    },
  };
}
