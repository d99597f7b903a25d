import { DeleteCommand, type DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import type { ExportRun } from "#bulk-export/language/export-runs.ts";
import { exportWorkflow } from "#bulk-export/language/export-runs.ts";
import { exportLedgerKeys } from "#bulk-export/language/ledger-keys.ts";
import { settlingTimeMs } from "#platform/executions/is-over.ts";
import { conditionHeld } from "#platform/ledger/conditional-write.ts";
import { ledgerFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { openAttributes, openItems } from "#platform/ledger/open-items.ts";

/** A run whose end was not published yet. */
export interface OpenRun extends ExportRun {
  /** When it was recorded, in milliseconds since the epoch: shortly before its execution was started. */
  openedAt: number;
}

/**
 * The runs whose end was not published yet: one ledger item for each, from before the start of its execution until its end was
 * published. So there are as many items as exports that run or wait. The sweeper finds the runs here whose execution is over.
 */
export interface OpenRuns {
  /** Records a run. A run that is open already stays as it is. Returns whether it was recorded now. */
  open(run: ExportRun): Promise<boolean>;
  /** Removes a run, because its end was published. */
  close(run: ExportRun): Promise<void>;
  /** The open runs that the sweeper has to look at, those that wait longest first. */
  due(now: number): AsyncIterable<OpenRun>;
  /** How many runs are open: exports that run or wait. */
  count(): Promise<number>;
  /** Lets the sweeper look at a run later, so that it comes to the others first. */
  postpone(run: ExportRun, until: number): Promise<void>;
}

const openItem = z.object({ exportId: z.string(), run: z.string(), openedAt: z.iso.datetime() });

/** The open runs in the ledger's table. */
export function openRuns(dynamo: DynamoDBDocumentClient, table: string, now: () => number): OpenRuns {
  const items = openItems(dynamo, table, exportWorkflow);
  return {
    open: async ({ exportId, run }) => {
      const at = now();
      const put = new PutCommand({
        TableName: table,
        Item: {
          pk: keyOf({ exportId, run }),
          exportId,
          run,
          openedAt: new Date(at).toISOString(),
          ...openAttributes(exportWorkflow, at + settlingTimeMs),
        },
        ConditionExpression: "attribute_not_exists(pk)",
      });
      return await conditionHeld(dynamo.send(put));
    },
    close: async (run) => {
      await dynamo.send(new DeleteCommand({ TableName: table, Key: { pk: keyOf(run) } }));
    },
    due: async function* (time) {
      for await (const pk of items.due(time)) {
        const { Item } = await dynamo.send(new GetCommand({ TableName: table, Key: { pk }, ConsistentRead: true }));
        if (Item === undefined) continue;
        const { openedAt, ...run } = openItem.parse(Item);
        yield { ...run, openedAt: Date.parse(openedAt) };
      }
    },
    count: () => items.count(),
    postpone: async (run, until) => {
      await items.postpone(keyOf(run), until);
    },
  };
}

const keyOf = ({ exportId, run }: ExportRun): string => `${exportLedgerKeys.openRun}${exportId}#${run}`;

/** The open runs in the ledger that the function's environment names. */
export function openRunsFromEnvironment(): OpenRuns {
  const { dynamo, table } = ledgerFromEnvironment();
  return openRuns(dynamo, table, Date.now);
}
