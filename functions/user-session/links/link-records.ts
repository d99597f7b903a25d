import { randomUUID } from "node:crypto";
import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { callerLists } from "#platform/ledger/caller-lists.ts";
import { conditionHeld } from "#platform/ledger/conditional-write.ts";
import { expiryAfter } from "#platform/ledger/expiry.ts";
import { openAttributes, openItems } from "#platform/ledger/open-items.ts";
import { sessionLedgerKeys } from "#user-session/language/ledger-keys.ts";
import { type LinkRecord, linkRecord, unsettledFrom } from "#user-session/language/link.ts";

/** A link as it was read. It can be replaced as long as nobody else has replaced it. */
export interface StoredLink {
  record: LinkRecord;
  version: string;
}

export interface LinkPage {
  links: LinkRecord[];
  /** Where the next page begins, a `linkPlace`; undefined behind the last one. */
  next: string | undefined;
}

/**
 * The records of links. A change is decided from the record as it was read, and written if nobody else has changed it since. So a
 * one-time URL, a state or a code is spent once.
 */
export interface LinkRecords {
  /** Stores a new link. If one has the same id, because a POST was sent again, that one is returned instead. */
  create(record: LinkRecord): Promise<LinkRecord>;
  /** Reads a link consistently. Undefined if there is none. */
  find(linkId: string): Promise<StoredLink | undefined>;
  /** Replaces the link. Returns false, and changes nothing, if it was replaced or removed since it was read. */
  replace(stored: StoredLink, record: LinkRecord): Promise<boolean>;
  /**
   * The caller's links, the newest first. A link may be missing for a moment after its creation.
   * @param page.after a `linkPlace`: the page begins behind it
   */
  list(caller: string, page: { limit: number; after: string | undefined }): Promise<LinkPage>;
  /** The ids of the links that a sweep has to look at (`unsettledFrom`), those that wait longest first. */
  due(now: number): AsyncIterable<string>;
  /** Lets a sweep look at a link later, so that it comes to the others first. */
  postpone(linkId: string, until: number): Promise<void>;
}

/** The partition of links in the index of open items. */
const linkWorkflow = "links";

/** A link that was never linked is kept this long after its launch has ended, and one that was removed this long after its removal. */
const unlinkedDays = 30;

const linkItem = z.object({ record: z.string(), version: z.string() });

/** Links in the ledger's table: the record as JSON, and a version for conditional writes. */
export function linkRecords(dynamo: DynamoDBDocumentClient, table: string): LinkRecords {
  const open = openItems(dynamo, table, linkWorkflow);
  const lists = callerLists(dynamo, table, { kind: "links", prefix: sessionLedgerKeys.link });
  const find = (linkId: string) => read(keyOf(linkId).pk);
  const read = async (pk: string): Promise<StoredLink | undefined> => {
    const { Item } = await dynamo.send(new GetCommand({ TableName: table, Key: { pk }, ConsistentRead: true }));
    if (Item === undefined) return undefined;
    const { record, version } = linkItem.parse(Item);
    return { record: linkRecord.parse(JSON.parse(record)), version };
  };
  return {
    find,
    create: async (record) => {
      const Item = {
        ...keyOf(record.linkId),
        ...lists.attributesOf(listedAs(record)),
        ...contentOf(record, randomUUID()),
      };
      const put = new PutCommand({ TableName: table, Item, ConditionExpression: "attribute_not_exists(pk)" });
      if (await conditionHeld(dynamo.send(put))) return record;
      const existing = await find(record.linkId);
      if (existing === undefined)
        throw new Error(`the record of ${record.linkId} was deleted while it was read. Send the request again`);
      return existing.record;
    },
    replace: async ({ version }, record) => {
      const written = randomUUID();
      if (await conditionHeld(dynamo.send(updateCommand(table, record, version, written)))) return true;
      // If the version is ours, our own write succeeded and only its answer was lost.
      return (await find(record.linkId))?.version === written;
    },
    list: async (caller, page) => {
      const { keys, next } = await lists.page(caller, page);
      // The index has keys only. A link that was removed meanwhile is left out.
      const found = await Promise.all(keys.map(read));
      return { links: found.flatMap((stored) => (stored === undefined ? [] : [stored.record])), next };
    },
    due: async function* (now) {
      for await (const pk of open.due(now)) yield pk.slice(sessionLedgerKeys.link.length);
    },
    postpone: async (linkId, until) => {
      await open.postpone(keyOf(linkId).pk, until);
    },
  };
}

const keyOf = (linkId: string) => ({ pk: `${sessionLedgerKeys.link}${linkId}` });

const listedAs = ({ caller, createdAt, linkId }: LinkRecord) => ({ caller, createdAt, id: linkId });

function contentOf(record: LinkRecord, version: string): Record<string, unknown> {
  return { record: JSON.stringify(record), version, ...attributesOf(record) };
}

/** What DynamoDB itself uses: when it may delete the item, and when a sweep looks at it. Each is absent if it is undefined. */
function attributesOf(record: LinkRecord): Record<string, string | number> {
  const [expiresAt, unsettled] = [expiryOf(record), unsettledFrom(record)];
  return {
    ...(expiresAt !== undefined && { expiresAt }),
    ...(unsettled !== undefined && openAttributes(linkWorkflow, unsettled)),
  };
}

/** When DynamoDB may delete the item, in seconds since the epoch; undefined if a person is linked. */
function expiryOf({ launch, linked, removal }: LinkRecord): number | undefined {
  const from = Math.max(launch.expiresAt, removal?.at ?? 0);
  return linked === null ? expiryAfter(from, unlinkedDays) : undefined;
}

const optionalAttributes = ["expiresAt", "openIn", "dueAt"];

function updateCommand(table: string, record: LinkRecord, version: string, written: string): UpdateCommand {
  const attributes = attributesOf(record);
  const set = Object.keys(attributes).map((name) => `, ${name} = :${name}`);
  const remove = optionalAttributes.filter((name) => !(name in attributes));
  return new UpdateCommand({
    TableName: table,
    Key: keyOf(record.linkId),
    UpdateExpression: `SET #record = :record, version = :written${set.join("")}${
      remove.length === 0 ? "" : ` REMOVE ${remove.join(", ")}`
    }`,
    ConditionExpression: "version = :version",
    ExpressionAttributeNames: { "#record": "record" },
    ExpressionAttributeValues: {
      ":record": JSON.stringify(record),
      ":written": written,
      ":version": version,
      ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`:${name}`, value])),
    },
  });
}
