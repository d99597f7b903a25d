import { DeleteCommand, type DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { carriedOut } from "./conditional-write.ts";
import { leaseKeys } from "./ledger-keys.ts";

/** Who wants a lease: one execution, for one export or one request for CCDs. */
export interface LeaseHolder {
  /** The execution's name. */
  execution: string;
  /** The export's id, or the request's. */
  exportId: string;
  /** What it asks IntegraConnect for, in a form that is equal for equal requests; "" where nobody may share its result. */
  asks: string;
}

export interface Lease extends LeaseHolder {
  /** Of the write that took the lease: what reads the same nonce again is looking at the same possession. */
  nonce: string;
  /** The export, or request, whose execution ended while it held the lease, where this one took it over. */
  takenFrom: string | undefined;
}

/** What is held: a level of export, or a user session while CCDs are asked for under it. */
export type LeaseName = string;

/**
 * One lease for each level of export, and for each user session. By the guide's matching rule (client, pending or
 * processing, type of request) a kick-off is handed the stored job of another request, so only the lease's holder may kick
 * off, poll and delete. A stage has one client: its level names the lease. In the same way a session has one request for
 * CCDs at a time, and whoever asks for another is told the id of the one that is pending.
 *
 * A lease has no end in time. It is released, or taken over from an execution that is known not to run any more.
 *
 * Source: guide, "Content URL", note on the matching criteria; "Kick-off Request", "Error Response Payload".
 */
export interface Leases {
  /** Takes the lease where it is free. Answers who holds it now: this execution, or another. */
  take(name: LeaseName, holder: LeaseHolder, nonce: string): Promise<Lease>;
  /** Takes the lease from a holder whose execution has ended. Answers who holds it now: somebody else may be faster. */
  takeOver(name: LeaseName, holder: LeaseHolder, nonce: string, from: Lease): Promise<Lease>;
  isHeldBy(name: LeaseName, execution: string): Promise<boolean>;
  /** Gives the lease back, where this execution holds it. Answers whether it did. */
  release(name: LeaseName, execution: string): Promise<boolean>;
}

const leaseItem = z.object({
  exportId: z.string(),
  execution: z.string(),
  asks: z.string(),
  nonce: z.string(),
  takenFrom: z.string().optional(),
});

/** Readers that meet an item which has just been deleted try again: bounded, so that a fault cannot loop. */
const mostTries = 5;

/** Leases in the ledger's table: one item each, moved by conditional writes only. */
export function leases(dynamo: DynamoDBDocumentClient, table: string): Leases {
  const find = async (name: LeaseName): Promise<Lease | undefined> => {
    const { Item } = await dynamo.send(new GetCommand({ TableName: table, Key: keyOf(name), ConsistentRead: true }));
    return Item && { takenFrom: undefined, ...leaseItem.parse(Item) };
  };

  /** Writes under a condition; answers the holder, whoever it is. */
  const write = async (name: LeaseName, lease: Lease, from: Lease | undefined): Promise<Lease> => {
    for (let tries = 1; ; tries += 1) {
      if (await carriedOut(dynamo.send(putCommand(table, name, lease, from)))) return lease;
      const holder = await find(name);
      // The same nonce is our own write, whose answer got lost on the way.
      if (holder !== undefined) return holder;
      if (from !== undefined) return await write(name, lease, undefined);
      if (tries === mostTries) throw new Error(`the lease ${name} changes hands too fast to be read`);
    }
  };

  return {
    take: (name, holder, nonce) => write(name, { ...holder, nonce, takenFrom: undefined }, undefined),
    takeOver: (name, holder, nonce, from) => write(name, { ...holder, nonce, takenFrom: from.exportId }, from),
    isHeldBy: async (name, execution) => (await find(name))?.execution === execution,
    release: (name, execution) =>
      carriedOut(
        dynamo.send(
          new DeleteCommand({
            TableName: table,
            Key: keyOf(name),
            ConditionExpression: "#execution = :own",
            ExpressionAttributeNames: { "#execution": "execution" },
            ExpressionAttributeValues: { ":own": execution },
          }),
        ),
      ),
  };
}

const keyOf = (name: LeaseName) => ({ pk: `${leaseKeys.lease}${name}` });

function putCommand(table: string, name: LeaseName, lease: Lease, from: Lease | undefined): PutCommand {
  const { exportId, execution, asks, nonce, takenFrom } = lease;
  return new PutCommand({
    TableName: table,
    Item: {
      ...keyOf(name),
      exportId,
      execution,
      asks,
      nonce,
      ...(takenFrom !== undefined && { takenFrom }),
    },
    ...(from === undefined
      ? { ConditionExpression: "attribute_not_exists(pk)" }
      : { ConditionExpression: "nonce = :seen", ExpressionAttributeValues: { ":seen": from.nonce } }),
  });
}
