import { DeleteCommand, type DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { conditionHeld } from "./conditional-write.ts";
import { leaseKeys } from "./ledger-keys.ts";

/** Who wants a lease: one execution, for one export or one CCD request. */
export interface LeaseHolder {
  /** The execution's name. */
  execution: string;
  /** The id of the export or of the CCD request. */
  exportId: string;
  /** The kick-off request, in a form that is equal for equal requests; "" if no other request may share its result. */
  kickOff: string;
}

export interface Lease extends LeaseHolder {
  /** Marks the write that took the lease. As long as the nonce stays the same, the lease was not given back and taken again. */
  nonce: string;
  /** If the lease was taken over: the export or CCD request whose execution ended while it held the lease. */
  takenFrom: string | undefined;
  /** When it was taken, in milliseconds since the epoch. Undefined for a lease that an older release took. */
  takenAt: number | undefined;
}

/** What is leased: a level of export, or a user session for CCD requests. */
export type LeaseName = string;

/**
 * One lease for each level of export, and one for each user session. By the guide's matching rule (client, pending or
 * processing, type of request), the server may answer a kick-off with the stored job of another request. Therefore only the
 * holder of the lease may kick off, poll and delete. A stage has one client, so the level is name enough. A user session
 * has the same problem: the server takes one CCD request at a time, and answers another one with the id of the first.
 *
 * A lease does not expire. It is released, or taken over from an execution that is known to have ended.
 *
 * Source: guide, "Content URL", note on the matching criteria; "Kick-off Request", "Error Response Payload".
 */
export interface Leases {
  /** Takes the lease if it is free. Returns the current lease, of this execution or of another one. */
  take(name: LeaseName, holder: LeaseHolder, nonce: string): Promise<Lease>;
  /** Takes the lease from a holder whose execution has ended. Returns the lease as it is now: another execution may be faster. */
  takeOver(name: LeaseName, holder: LeaseHolder, nonce: string, from: Lease): Promise<Lease>;
  /** The lease as it is now; undefined if it is free. */
  find(name: LeaseName): Promise<Lease | undefined>;
  isHeldBy(name: LeaseName, execution: string): Promise<boolean>;
  /** Gives the lease back if this execution holds it. Returns whether it did. */
  release(name: LeaseName, execution: string): Promise<boolean>;
}

/** The attribute of the kick-off request keeps the name that tables of older releases have. */
const leaseItem = z.object({
  exportId: z.string(),
  execution: z.string(),
  asks: z.string(),
  nonce: z.string(),
  takenFrom: z.string().optional(),
  takenAt: z.iso.datetime().optional(),
});

/** If another execution gives the lease back between our write and our read, we try again. Bounded, so that a fault cannot loop. */
const mostAttempts = 5;

/**
 * Leases in the ledger's table: one item per lease, changed by conditional writes only.
 * @param now milliseconds since the epoch
 */
export function leases(dynamo: DynamoDBDocumentClient, table: string, now: () => number): Leases {
  const find = async (name: LeaseName): Promise<Lease | undefined> => {
    const { Item } = await dynamo.send(new GetCommand({ TableName: table, Key: keyOf(name), ConsistentRead: true }));
    if (Item === undefined) return undefined;
    const { asks, takenAt, ...lease } = leaseItem.parse(Item);
    return {
      takenFrom: undefined,
      ...lease,
      kickOff: asks,
      takenAt: takenAt === undefined ? undefined : Date.parse(takenAt),
    };
  };

  /** Writes the lease under a condition. Returns the lease that is in the table after the write. */
  const write = async (name: LeaseName, lease: Lease, from: Lease | undefined): Promise<Lease> => {
    for (let attempt = 1; ; attempt += 1) {
      if (await conditionHeld(dynamo.send(putCommand(table, name, lease, from)))) return lease;
      const holder = await find(name);
      // If the nonce is ours, our own write succeeded and only its answer was lost.
      if (holder !== undefined) return holder;
      if (from !== undefined) return await write(name, lease, undefined);
      if (attempt === mostAttempts)
        throw new Error(`the lease ${name} was given back ${attempt} times while it was read. Try again`);
    }
  };

  return {
    take: (name, holder, nonce) => write(name, { ...holder, nonce, takenFrom: undefined, takenAt: now() }, undefined),
    takeOver: (name, holder, nonce, from) =>
      write(name, { ...holder, nonce, takenFrom: from.exportId, takenAt: now() }, from),
    find,
    isHeldBy: async (name, execution) => (await find(name))?.execution === execution,
    release: (name, execution) =>
      conditionHeld(
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
  const { exportId, execution, kickOff, nonce, takenFrom, takenAt } = lease;
  return new PutCommand({
    TableName: table,
    Item: {
      ...keyOf(name),
      exportId,
      execution,
      asks: kickOff,
      nonce,
      ...(takenFrom !== undefined && { takenFrom }),
      ...(takenAt !== undefined && { takenAt: new Date(takenAt).toISOString() }),
    },
    ...(from === undefined
      ? { ConditionExpression: "attribute_not_exists(pk)" }
      : { ConditionExpression: "nonce = :seen", ExpressionAttributeValues: { ":seen": from.nonce } }),
  });
}
