import { DeleteCommand, type DynamoDBDocumentClient, GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { conditionHeld } from "#platform/ledger/conditional-write.ts";
import { ledgerFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import type { SessionRefusal } from "#user-session/language/session-faults.ts";
import type {
  RefreshClaim,
  RefreshedSession,
  SessionRecord,
  UserSessionStore,
} from "#user-session/language/user-session.ts";
import { sessionLedgerKeys } from "./language/ledger-keys.ts";

type Item = Record<string, unknown>;

/** Every attribute of an item by its placeholder. Placeholders avoid the reserved words of DynamoDB. */
const names = {
  "#seed": "seedDigest",
  "#putAt": "secretPutAt",
  "#generation": "generation",
  "#refresh": "refreshToken",
  "#access": "accessToken",
  "#issuedAt": "issuedAt",
  "#renewAt": "renewAt",
  "#claim": "claimId",
  "#claimUntil": "claimUntil",
  "#attempts": "attempts",
  "#retryAt": "retryAt",
  "#settledBy": "settledBy",
  "#endedAt": "deadAt",
  "#refusal": "refusal",
  "#words": "words",
  "#endPublishedAt": "toldOfDeathAt",
} as const;

const accessNames = "#access, #issuedAt, #renewAt";
const claimNames = "#claim, #claimUntil";
const endNames = "#endedAt, #refusal, #words, #endPublishedAt";

/** One conditional write: its condition, and what it changes. */
interface Change {
  when: string;
  set: string;
  remove?: string;
  values: Item;
}

const keyOf = (sessionId: string): Item => ({ pk: `${sessionLedgerKeys.userSession}${sessionId}` });

/**
 * User sessions in the ledger's table: one item per session, changed by conditional writes only. The tokens are encrypted
 * like the whole table, with the bridge's own key. docs/adr/0009-one-refresh-at-a-time.md says why they are not encrypted twice.
 */
export function userSessions(dynamo: DynamoDBDocumentClient, table: string): UserSessionStore {
  async function find(sessionId: string): Promise<Item | undefined> {
    const command = new GetCommand({ TableName: table, Key: keyOf(sessionId), ConsistentRead: true });
    return (await dynamo.send(command)).Item;
  }

  /** Returns whether the change was made: by this write or, if its answer was lost, by the one before it. */
  async function change(
    sessionId: string,
    { when, set, remove, values }: Change,
    wasMade: (item: Item) => boolean = () => false,
  ): Promise<boolean> {
    const expression = remove === undefined ? `SET ${set}` : `SET ${set} REMOVE ${remove}`;
    const write = new UpdateCommand({
      TableName: table,
      Key: keyOf(sessionId),
      ConditionExpression: when,
      UpdateExpression: expression,
      ExpressionAttributeNames: namesIn(`${when} ${expression}`),
      ExpressionAttributeValues: values,
    });
    if (await conditionHeld(dynamo.send(write))) return true;
    const item = await find(sessionId);
    return item !== undefined && wasMade(item);
  }

  return {
    read: async (sessionId) => {
      const item = await find(sessionId);
      return item && recordOf(item);
    },
    beginChain: async (sessionId, seed) => {
      await change(sessionId, {
        when: "attribute_not_exists(#putAt) OR #putAt < :putAt",
        set: "#seed = :seed, #putAt = :putAt, #refresh = :refresh, #attempts = :none, #generation = if_not_exists(#generation, :none) + :one",
        remove: `${accessNames}, ${claimNames}, ${endNames}, #retryAt`,
        values: {
          ":seed": seed.digest,
          ":putAt": seed.putAt,
          ":refresh": seed.refreshToken,
          ":none": 0,
          ":one": 1,
        },
      });
    },
    reopen: async (sessionId, seed) => {
      await change(sessionId, {
        when: "#seed = :seed AND #putAt < :putAt AND attribute_exists(#endedAt)",
        set: "#putAt = :putAt, #attempts = :none",
        remove: `${endNames}, #retryAt`,
        values: { ":seed": seed.digest, ":putAt": seed.putAt, ":none": 0 },
      });
    },
    claimRefresh: (sessionId, claim, { now, until, secretPutAt }) =>
      change(
        sessionId,
        {
          when: "#generation = :generation AND attribute_not_exists(#endedAt) AND (attribute_not_exists(#claim) OR #claimUntil <= :now) AND (attribute_not_exists(#retryAt) OR #retryAt <= :now)",
          set: "#claim = :claim, #claimUntil = :until, #putAt = :putAt, #attempts = #attempts + :one",
          remove: "#retryAt",
          values: {
            ":generation": claim.generation,
            ":now": now,
            ":claim": claim.id,
            ":until": until,
            ":putAt": secretPutAt,
            ":one": 1,
          },
        },
        (item) => item[names["#claim"]] === claim.id,
      ),
    saveRefreshed: (sessionId, claim, refreshed) =>
      change(sessionId, refreshedChange(claim, refreshed), (item) => item[names["#settledBy"]] === claim.id),
    release: async (sessionId, claim, retryAt) => {
      await change(sessionId, {
        when: "#claim = :claim",
        set: "#retryAt = :retryAt",
        remove: claimNames,
        values: { ":claim": claim.id, ":retryAt": retryAt },
      });
    },
    endSession: (sessionId, claim, { at, refusal, message }) =>
      change(
        sessionId,
        {
          when: "#claim = :claim AND #generation = :generation",
          set: "#endedAt = :at, #refusal = :refusal, #words = :words, #settledBy = :claim",
          remove: `${claimNames}, #retryAt`,
          values: {
            ":claim": claim.id,
            ":generation": claim.generation,
            ":at": at,
            ":refusal": refusal,
            ":words": message,
          },
        },
        (item) => item[names["#settledBy"]] === claim.id && item[names["#endedAt"]] !== undefined,
      ),
    markEndPublished: async (sessionId, endedAt) => {
      await change(sessionId, { when: "#endedAt = :at", set: "#endPublishedAt = :at", values: { ":at": endedAt } });
    },
    retire: async (sessionId, { at, message }) => {
      const retired = await change(sessionId, {
        when: "attribute_exists(#refresh)",
        set: "#endedAt = :at, #endPublishedAt = :at, #refusal = :refusal, #words = :words, #generation = #generation + :one",
        remove: `${accessNames}, ${claimNames}, #retryAt`,
        values: { ":at": at, ":refusal": "grant-refused", ":words": message, ":one": 1 },
      });
      const item = retired ? await find(sessionId) : undefined;
      return item && recordOf(item).refreshToken;
    },
    remove: async (sessionId) => {
      await dynamo.send(new DeleteCommand({ TableName: table, Key: keyOf(sessionId) }));
    },
  };
}

function refreshedChange(claim: RefreshClaim, refreshed: RefreshedSession): Change {
  const when = "#generation = :generation";
  const set = "#refresh = :refresh, #generation = :next, #settledBy = :claim";
  const values = {
    ":generation": claim.generation,
    ":refresh": refreshed.refreshToken,
    ":next": claim.generation + 1,
    ":claim": claim.id,
  };
  const { access } = refreshed;
  if (access === undefined) {
    return {
      when,
      set: `${set}, #retryAt = :retryAt`,
      remove: `${accessNames}, ${claimNames}, ${endNames}`,
      values: { ...values, ":retryAt": refreshed.retryAt },
    };
  }
  return {
    when,
    set: `${set}, #access = :access, #issuedAt = :issuedAt, #renewAt = :renewAt, #attempts = :none`,
    remove: `${claimNames}, ${endNames}, #retryAt`,
    values: {
      ...values,
      ":access": access.token,
      ":issuedAt": access.issuedAt,
      ":renewAt": access.renewAt,
      ":none": 0,
    },
  };
}

/** DynamoDB refuses names that an expression does not use. */
function namesIn(expression: string): Record<string, string> {
  const used = new Set(expression.match(/#\w+/g));
  return Object.fromEntries(Object.entries(names).filter(([placeholder]) => used.has(placeholder)));
}

function recordOf(item: Item): SessionRecord {
  const textOf = (name: keyof typeof names): string => {
    const value = item[names[name]];
    return typeof value === "string" ? value : missing(names[name]);
  };
  const numberOf = (name: keyof typeof names): number => {
    const value = item[names[name]];
    return typeof value === "number" ? value : missing(names[name]);
  };
  const has = (name: keyof typeof names): boolean => item[names[name]] !== undefined;
  return {
    seedDigest: textOf("#seed"),
    secretPutAt: numberOf("#putAt"),
    generation: numberOf("#generation"),
    refreshToken: textOf("#refresh"),
    access: has("#access")
      ? { token: textOf("#access"), issuedAt: numberOf("#issuedAt"), renewAt: numberOf("#renewAt") }
      : undefined,
    claim: has("#claim") ? { id: textOf("#claim"), until: numberOf("#claimUntil") } : undefined,
    attempts: numberOf("#attempts"),
    retryAt: has("#retryAt") ? numberOf("#retryAt") : undefined,
    end: has("#endedAt")
      ? {
          at: numberOf("#endedAt"),
          refusal: refusalOf(textOf("#refusal")),
          message: textOf("#words"),
          published: item[names["#endPublishedAt"]] !== undefined,
        }
      : undefined,
  };
}

function refusalOf(word: string): SessionRefusal {
  return word === "client-refused" ? word : "grant-refused";
}

function missing(attribute: string): never {
  throw new Error(`the ledger's item of a user session lacks ${attribute}`);
}

/** The user sessions in the ledger that the function's environment names. */
export function userSessionsFromEnvironment(): UserSessionStore {
  const { dynamo, table } = ledgerFromEnvironment();
  return userSessions(dynamo, table);
}
