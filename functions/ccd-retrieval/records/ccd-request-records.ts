import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { type CcdFailure, type CcdRequestRecord, ccdRequestRecord } from "#ccd-retrieval/language/ccd-request.ts";
import type { KnownPatient } from "#ccd-retrieval/language/known-patient.ts";
import { ccdLedgerKeys } from "#ccd-retrieval/language/ledger-keys.ts";
import { settlingTimeMs } from "#platform/executions/is-over.ts";
import { environment } from "#platform/lambda/environment.ts";
import { callerLists } from "#platform/ledger/caller-lists.ts";
import { conditionHeld } from "#platform/ledger/conditional-write.ts";
import { expiryAfter } from "#platform/ledger/expiry.ts";
import { ledgerFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { openAttributes, openItems } from "#platform/ledger/open-items.ts";

/** A page of a caller's requests. */
export interface CcdRequestList {
  requests: CcdRequestRecord[];
  /** Where the next page begins, a `ccdRequestPlace`; undefined behind the last one. */
  next: string | undefined;
}

/** The records of CCD requests. This is the only place that names the patient of a request. */
export interface CcdRequests {
  /** Stores a new request. If one has the same id, because a POST was sent again, that one is returned instead. */
  create(record: CcdRequestRecord): Promise<CcdRequestRecord>;
  /** The record of a request; undefined if there is none, or if its time is over. */
  find(requestId: string): Promise<CcdRequestRecord | undefined>;
  /**
   * The caller's requests, the newest first. A request may be missing for a moment after its creation.
   * @param page.after a `ccdRequestPlace`: the page begins behind it
   */
  list(caller: string, page: { limit: number; after: string | undefined }): Promise<CcdRequestList>;
  /** Stores what the server knows about the patient until the request ends. The documents are compared with it. */
  storePatient(requestId: string, patient: KnownPatient): Promise<void>;
  /** Stores the id of the server request, so that it can be recognised after a crash. */
  accept(requestId: string, serverRequestId: string): Promise<void>;
  /** The id of our request to which a server request belongs; undefined if it is none of ours. */
  ownerOf(serverRequestId: string): Promise<string | undefined>;
  /** Ends a pending request. Returns false if it had ended before: the first end stands. */
  end(requestId: string, failure: CcdFailure | null, endedAt: string): Promise<boolean>;
  /** The ids of the pending requests that the sweeper has to look at, those that wait longest first. Read each record again. */
  due(now: number): AsyncIterable<string>;
  /** How many requests are pending. */
  countOpen(): Promise<number>;
  /** Lets the sweeper look at a pending request later, so that it comes to the others first. */
  postpone(requestId: string, until: number): Promise<void>;
}

/** The partition of this wing in the index of open items. */
const ccdWorkflow = "ccd-retrieval";

export interface CcdRequestsPlace {
  dynamo: DynamoDBDocumentClient;
  table: string;
  /** How many days an ended request is kept, like its documents; undefined: for ever. */
  keptDays: number | undefined;
  now: () => number;
}

/** Longer than any request takes. It removes a request that never started because its POST failed half-way. */
const pendingDays = 30;

/** A request as it is stored. The record, the patient and the failure are JSON. */
const requestItem = z.object({
  record: z.string(),
  state: z.string(),
  patient: z.string().optional(),
  serverRequestId: z.string().optional(),
  failure: z.string().optional(),
  endedAt: z.string().optional(),
  expiresAt: z.number().optional(),
});

/** The request of ours to which a server request belongs, as it is stored. */
const ownerItem = z.object({ requestId: z.string() });

/**
 * CCD requests in the ledger's table: the record as JSON, and beside it the state for conditional writes. A record whose time
 * is over counts as deleted, because DynamoDB may take days to delete it.
 */
export function ccdRequestRecords({ dynamo, table, keptDays, now }: CcdRequestsPlace): CcdRequests {
  const open = openItems(dynamo, table, ccdWorkflow);
  const lists = callerLists(dynamo, table, { kind: "ccds", prefix: ccdLedgerKeys.ccdRequest });
  const find = async (requestId: string): Promise<CcdRequestRecord | undefined> => {
    const { Item } = await dynamo.send(
      new GetCommand({ TableName: table, Key: keyOf(requestId), ConsistentRead: true }),
    );
    if (Item === undefined) return undefined;
    const { record, state, patient, serverRequestId, failure, endedAt, expiresAt } = requestItem.parse(Item);
    if (expiresAt !== undefined && expiresAt <= now() / 1000) return undefined;
    return ccdRequestRecord.parse({
      ...(JSON.parse(record) as object),
      state,
      ...(patient !== undefined && { patient: JSON.parse(patient) as unknown }),
      serverRequestId: serverRequestId ?? null,
      failure: failure === undefined ? null : (JSON.parse(failure) as unknown),
      endedAt: endedAt ?? null,
    });
  };
  return {
    find,
    create: async (request) => {
      const { state, serverRequestId: _, failure: __, endedAt: ___, ...record } = request;
      const put = new PutCommand({
        TableName: table,
        Item: {
          ...keyOf(request.requestId),
          record: JSON.stringify(record),
          state,
          expiresAt: expiryAfter(Date.parse(request.requestedAt), pendingDays),
          ...openAttributes(ccdWorkflow, Date.parse(request.requestedAt) + settlingTimeMs),
          ...lists.attributesOf(listedAs(request)),
        },
        ConditionExpression: "attribute_not_exists(pk) OR expiresAt <= :now",
        ExpressionAttributeValues: { ":now": now() / 1000 },
      });
      if (await conditionHeld(dynamo.send(put))) return request;
      const existing = await find(request.requestId);
      if (existing === undefined)
        throw new Error(`the record of ${request.requestId} was deleted while it was read. Send the request again`);
      return existing;
    },
    list: async (caller, page) => {
      const { keys, next } = await lists.page(caller, page);
      // The index has keys only. A request that has expired meanwhile is left out.
      const found = await Promise.all(keys.map((pk) => find(pk.slice(ccdLedgerKeys.ccdRequest.length))));
      return { requests: found.filter((record) => record !== undefined), next };
    },
    storePatient: async (requestId, patient) => {
      await dynamo.send(
        new UpdateCommand({
          TableName: table,
          Key: keyOf(requestId),
          UpdateExpression: "SET patient = :patient",
          // After the end the data is not needed, and nothing would delete it.
          ConditionExpression: "#state = :pending",
          ExpressionAttributeNames: { "#state": "state" },
          ExpressionAttributeValues: { ":patient": JSON.stringify(patient), ":pending": "pending" },
        }),
      );
    },
    accept: async (requestId, serverRequestId) => {
      // The owner is written first: after a crash between the two writes, the server request is known to be ours.
      const expiresAt = expiryAfter(now(), pendingDays);
      const Item = { ...serverKeyOf(serverRequestId), requestId, expiresAt };
      await dynamo.send(new PutCommand({ TableName: table, Item }));
      await dynamo.send(
        new UpdateCommand({
          TableName: table,
          Key: keyOf(requestId),
          UpdateExpression: "SET serverRequestId = :id",
          ConditionExpression: "attribute_exists(pk)",
          ExpressionAttributeValues: { ":id": serverRequestId },
        }),
      );
    },
    ownerOf: async (serverRequestId) => {
      const Key = serverKeyOf(serverRequestId);
      const { Item } = await dynamo.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
      return Item && ownerItem.parse(Item).requestId;
    },
    end: (requestId, failure, endedAt) =>
      conditionHeld(
        dynamo.send(
          new UpdateCommand({
            TableName: table,
            Key: keyOf(requestId),
            UpdateExpression: [
              `SET #state = :state, endedAt = :at${failure === null ? "" : ", failure = :failure"}`,
              keptDays === undefined ? "REMOVE expiresAt," : ", expiresAt = :expiresAt REMOVE",
              "patient, openIn, dueAt",
            ].join(" "),
            ConditionExpression: "#state = :pending",
            ExpressionAttributeNames: { "#state": "state" },
            ExpressionAttributeValues: {
              ":pending": "pending",
              ":state": failure === null ? "ready" : "failed",
              ":at": endedAt,
              ...(keptDays !== undefined && { ":expiresAt": expiryAfter(Date.parse(endedAt), keptDays) }),
              ...(failure !== null && { ":failure": JSON.stringify(failure) }),
            },
          }),
        ),
      ),
    due: async function* (time) {
      for await (const pk of open.due(time)) yield pk.slice(ccdLedgerKeys.ccdRequest.length);
    },
    countOpen: () => open.count(),
    postpone: async (requestId, until) => {
      await open.postpone(keyOf(requestId).pk, until);
    },
  };
}

const listedAs = ({ caller, requestedAt, requestId }: CcdRequestRecord) => ({
  caller,
  createdAt: Date.parse(requestedAt),
  id: requestId,
});

const keyOf = (requestId: string) => ({ pk: `${ccdLedgerKeys.ccdRequest}${requestId}` });
const serverKeyOf = (serverRequestId: string) => ({ pk: `${ccdLedgerKeys.serverRequest}${serverRequestId}` });

const variables = z.object({ CCD_DAYS: z.coerce.number().positive().optional() });

/** The records in the ledger that the function's environment names, kept for as long as the environment says. */
export function ccdRequestsFromEnvironment(): CcdRequests {
  return ccdRequestRecords({ ...ledgerFromEnvironment(), keptDays: environment(variables).CCD_DAYS, now: Date.now });
}
