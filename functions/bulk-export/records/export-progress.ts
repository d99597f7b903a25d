import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  UpdateCommand,
  type UpdateCommandInput,
} from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import {
  type Awaited,
  type ExportError,
  type ExportOrigin,
  type ExportPhaseName,
  type ExportProgress,
  type ExportResult,
  type ExportState,
  exportProgress,
  type RequestedExport,
} from "#bulk-export/language/export-progress.ts";
import type { ExportRun } from "#bulk-export/language/export-runs.ts";
import { exportLedgerKeys } from "#bulk-export/language/ledger-keys.ts";
import { environment } from "#platform/lambda/environment.ts";
import { conditionHeld } from "#platform/ledger/conditional-write.ts";
import { expiryAfter } from "#platform/ledger/expiry.ts";
import { ledgerFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { listAttributes, readListPage } from "#platform/ledger/list-index.ts";
import { endedPosition, positionOf } from "./progress-positions.ts";

/** A new export: what is known when it is requested. */
export interface NewExport {
  exportId: string;
  trigger: ExportOrigin;
  request: RequestedExport | null;
  /** The call of the API that requested it; null if an event, a schedule or a person did. */
  call: ExportProgress["call"];
  requestedAt: string;
}

/** What a step knows about a run. What is absent stays as it is; what is null is removed. */
export interface ProgressReport {
  phase: ExportPhaseName;
  waitsFor: Awaited | null;
  nextPollAt?: string | null;
  serverProgress?: string | null;
  filesPlanned?: number;
  downloadingSince?: string;
}

/** How a run ended. */
export interface ProgressEnd {
  state: Extract<ExportState, "completed" | "partial" | "failed" | "cancelled">;
  error: ExportError | null;
  endedAt: string;
}

export interface ProgressPage {
  exports: ExportProgress[];
  /** The place of the last export that was looked at, if more may follow. */
  next: string | undefined;
}

/**
 * The progress of exports. Each write is conditional and never goes back: neither from a later phase to an earlier one, nor from a later
 * run, nor from an end. An export that has no item, because release 0.2.0 began it, gets none: its writes change nothing.
 */
export interface ExportProgressRecords {
  /** Stores a new export. Returns the stored one: an earlier one with this id stays as it is. */
  create(created: NewExport): Promise<ExportProgress>;
  /** A run begins. An export without an item gets one. `startedAt` is null until its execution runs. */
  beginRun(run: ExportRun, begun: Omit<NewExport, "exportId" | "call"> & { startedAt: string | null }): Promise<void>;
  report(run: ExportRun, report: ProgressReport): Promise<void>;
  storeResult(exportId: string, result: ExportResult): Promise<void>;
  /** Ends a run that has begun. The first end of a run stands. A refused resumption has not begun, and changes nothing. */
  end(run: ExportRun, end: ProgressEnd): Promise<void>;
  /** Stores that the newest run is to be stopped. */
  requestStop(exportId: string, at: string): Promise<void>;
  /** Undefined if there is no such export, or its time is over. */
  find(exportId: string): Promise<ExportProgress | undefined>;
  /**
   * The newest exports first. An export may be missing for a moment after it was requested.
   * @param page.from, page.to the times of their requests, each as an ISO time
   * @param page.after a `progressPlace`: the page begins behind it
   */
  list(page: {
    limit: number;
    from: string | undefined;
    to: string | undefined;
    after: string | undefined;
  }): Promise<ProgressPage>;
}

/**
 * All exports are in one list, so that one query finds the newest of them, whatever their level and month. A partition of an index takes
 * 1,000 writes a second (DynamoDB, "Service quotas"), and an export is written into the list once.
 */
const list = { name: "exports", prefix: exportLedgerKeys.progress };

const json = z.string().transform((text): unknown => JSON.parse(text));

/** An item as it is stored. Objects are JSON. */
const progressItem = z
  .object({
    trigger: json,
    request: json,
    call: json,
    waitsFor: json,
    result: json,
    error: json,
    exportId: z.string(),
    run: z.string(),
    state: z.string(),
    phase: z.string(),
    requestedAt: z.string(),
    startedAt: z.string(),
    endedAt: z.string(),
    serverProgress: z.string(),
    nextPollAt: z.string(),
    filesPlanned: z.number(),
    downloadingSince: z.string(),
    stopRequestedAt: z.string(),
    expiresAt: z.number(),
  })
  .partial();

export interface ProgressPlace {
  dynamo: DynamoDBDocumentClient;
  table: string;
  /** How many days an item is kept from its last run on, like the files of the export; undefined: for ever. */
  keptDays: number | undefined;
  now: () => number;
}

/** The progress of exports in the ledger's table. */
export function exportProgressRecords({ dynamo, table, keptDays, now }: ProgressPlace): ExportProgressRecords {
  const expiry = () => (keptDays === undefined ? {} : { expiresAt: expiryAfter(now(), keptDays) });
  const read = async (pk: string): Promise<ExportProgress | undefined> => {
    const { Item } = await dynamo.send(new GetCommand({ TableName: table, Key: { pk }, ConsistentRead: true }));
    if (Item === undefined) return undefined;
    const { expiresAt, ...stored } = progressItem.parse(Item);
    if (expiresAt !== undefined && expiresAt <= now() / 1000) return undefined;
    return exportProgress.parse({ ...absent, ...stored });
  };
  const put = (item: Attributes): Promise<boolean> =>
    conditionHeld(
      dynamo.send(
        new PutCommand({
          TableName: table,
          Item: { ...item, ...expiry() },
          ConditionExpression: "attribute_not_exists(pk) OR expiresAt <= :now",
          ExpressionAttributeValues: { ":now": now() / 1000 },
        }),
      ),
    );
  const update = (exportId: string, changes: Attributes, condition: Condition): Promise<boolean> =>
    conditionHeld(dynamo.send(new UpdateCommand(updateOf(table, keyOf(exportId), changes, condition))));
  return {
    find: (exportId) => read(keyOf(exportId)),
    create: async (created) => {
      if (await put(newItem(created))) return { ...absent, ...created, ...requested };
      const existing = await read(keyOf(created.exportId));
      if (existing === undefined)
        throw new Error(`the progress of ${created.exportId} was deleted while it was read. Send the request again`);
      return existing;
    },
    beginRun: async ({ exportId, run }, { startedAt, trigger, request, requestedAt }) => {
      const position = positionOf(run, startedAt === null ? "requested" : "waiting");
      const begun = { run, position, state: startedAt === null ? "requested" : "running", startedAt, ...expiry() };
      const newer = { ...ofEarlierRuns, ...begun, phase: startedAt === null ? null : "waiting" };
      const known = request === null ? {} : { request: JSON.stringify(request) };
      if (await update(exportId, { ...newer, ...known }, { atMost: position })) return;
      await put(withoutNulls({ ...newItem({ exportId, trigger, request, requestedAt, call: null }), ...newer }));
    },
    report: async ({ exportId, run }, { phase, waitsFor, ...others }) => {
      const position = positionOf(run, phase);
      const changes = {
        ...others,
        run,
        state: "running",
        phase,
        position,
        waitsFor: waitsFor && JSON.stringify(waitsFor),
      };
      await update(exportId, changes, { atMost: position });
    },
    storeResult: async (exportId, result) => {
      await update(exportId, { result: JSON.stringify(result) }, { below: endedPosition(result.run) });
    },
    end: async ({ exportId, run }, { state, error, endedAt }) => {
      const position = endedPosition(run);
      const ended = { state, endedAt, position, run, error: error && JSON.stringify(error) };
      const condition = { below: position, ofRun: true } as const;
      await update(exportId, { ...ended, waitsFor: null, nextPollAt: null, phase: null }, condition);
    },
    requestStop: async (exportId, at) => {
      await update(exportId, { stopRequestedAt: at }, { atMost: Number.MAX_SAFE_INTEGER });
    },
    list: async ({ limit, from, to, after }) => {
      // A place begins with the time, and a tilde sorts behind whatever follows it.
      const times = { from: from ?? "0", to: `${to ?? ""}~` };
      const { keys, next } = await readListPage(dynamo, table, list, { limit, after, times });
      // An export whose time is over is left out.
      const found = await Promise.all(keys.map(read));
      return { exports: found.filter((one) => one !== undefined), next };
    },
  };
}

type Attributes = Record<string, string | number | null>;

/** Which items a write changes: those that have come at most as far as a position, or less far. `ofRun`: only those of the same run. */
type Condition = { atMost: number } | { below: number; ofRun?: true };

const keyOf = (exportId: string): string => `${exportLedgerKeys.progress}${exportId}`;

const requested = { run: "first", state: "requested" } as const;

/** The members that an export does not have at first. */
const absent = {
  phase: null,
  startedAt: null,
  endedAt: null,
  request: null,
  call: null,
  waitsFor: null,
  serverProgress: null,
  nextPollAt: null,
  filesPlanned: null,
  downloadingSince: null,
  result: null,
  error: null,
  stopRequestedAt: null,
};

/** What a new run removes of the runs before. The planned files stay: a run that resumes the export has the same ones. */
const ofEarlierRuns = {
  endedAt: null,
  waitsFor: null,
  serverProgress: null,
  nextPollAt: null,
  downloadingSince: null,
  result: null,
  error: null,
  stopRequestedAt: null,
};

const newItem = ({ exportId, trigger, request, call, requestedAt }: NewExport): Attributes => ({
  pk: keyOf(exportId),
  exportId,
  ...listAttributes(list, requestedAt, exportId),
  requestedAt,
  ...requested,
  position: positionOf(requested.run, "requested"),
  trigger: JSON.stringify(trigger),
  request: JSON.stringify(request),
  call: JSON.stringify(call),
});

const withoutNulls = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null));

/** Every attribute has an alias: some names, such as `state`, are reserved words of DynamoDB. */
function updateOf(table: string, pk: string, changes: Attributes, condition: Condition): UpdateCommandInput {
  const set = Object.entries(changes).filter(([, value]) => value !== null);
  const removed = Object.entries(changes).filter(([, value]) => value === null);
  const [comparator, bound] = "atMost" in condition ? ["<=", condition.atMost] : ["<", condition.below];
  const names = new Set([...Object.keys(changes), "position"]);
  return {
    TableName: table,
    Key: { pk },
    UpdateExpression: [
      `SET ${set.map(([name]) => `#${name} = :${name}`).join(", ")}`,
      ...(removed.length > 0 ? [`REMOVE ${removed.map(([name]) => `#${name}`).join(", ")}`] : []),
    ].join(" "),
    ConditionExpression: `attribute_exists(pk) AND #position ${comparator} :bound${"ofRun" in condition ? " AND #run = :run" : ""}`,
    ExpressionAttributeNames: Object.fromEntries([...names].map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: {
      ...Object.fromEntries(set.map(([name, value]) => [`:${name}`, value])),
      ":bound": bound,
    },
  };
}

const variables = z.object({ EXPORT_DAYS: z.coerce.number().positive().optional() });

/** The progress of exports in the ledger that the function's environment names, kept for as long as the environment says. */
export function exportProgressFromEnvironment(): ExportProgressRecords {
  const { EXPORT_DAYS: keptDays } = environment(variables);
  return exportProgressRecords({ ...ledgerFromEnvironment(), keptDays, now: Date.now });
}
