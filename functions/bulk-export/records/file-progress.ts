import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { LandedFile } from "#bulk-export/language/landed-file.ts";
import { exportLedgerKeys } from "#bulk-export/language/ledger-keys.ts";
import { expiryAfter } from "#platform/ledger/expiry.ts";
import { ledgerFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";

/** What became of files of an export. */
export interface FileOutcomes {
  landed: readonly Pick<LandedFile, "index" | "lines" | "bytes">[];
  /** The indexes of files that finally failed, or that cannot be fetched. */
  missing: readonly number[];
}

/** How much of an export landed so far. */
export interface LandedSoFar {
  filesLanded: number;
  filesMissing: number;
  lines: number;
  bytes: number;
}

/**
 * Which files of an export landed, while it runs. Each file has an attribute of its own, whose value does not depend on how often it is
 * written. So a download that is repeated counts nothing twice, and repairs a count that was lost.
 */
export interface FileProgress {
  store(exportId: string, outcomes: FileOutcomes): Promise<void>;
  /** @param files how many files the export has */
  read(exportId: string, files: number): Promise<LandedSoFar>;
}

/** The files of an item of the table. A write is billed for the size of the whole item: about 25 bytes for each of these files. */
export const filesOfItem = 100;

/** Longer than any export runs. Once it has ended, its result has the numbers. */
const keptDays = 30;

const concurrentReads = 32;
const missing = "missing";

/** @param now milliseconds since the epoch */
export function fileProgress(dynamo: DynamoDBDocumentClient, table: string, now: () => number): FileProgress {
  const read = async (pk: string): Promise<string[]> => {
    const { Item = {} } = await dynamo.send(new GetCommand({ TableName: table, Key: { pk }, ConsistentRead: true }));
    return Object.entries(Item).flatMap(([name, value]) => (/^f\d+$/.test(name) ? [String(value)] : []));
  };
  return {
    store: async (exportId, outcomes) => {
      for (const [pk, values] of valuesByItem(exportId, outcomes)) {
        const names = [...values.keys()];
        await dynamo.send(
          new UpdateCommand({
            TableName: table,
            Key: { pk },
            UpdateExpression: `SET expiresAt = :expiresAt, ${names.map((name) => `${name} = :${name}`).join(", ")}`,
            ExpressionAttributeValues: {
              ":expiresAt": expiryAfter(now(), keptDays),
              ...Object.fromEntries([...values].map(([name, value]) => [`:${name}`, value])),
            },
          }),
        );
      }
    },
    read: async (exportId, files) => {
      const keys = Array.from({ length: Math.ceil(files / filesOfItem) }, (_, number) => keyOf(exportId, number));
      const sum = { filesLanded: 0, filesMissing: 0, lines: 0, bytes: 0 };
      for (let from = 0; from < keys.length; from += concurrentReads) {
        const items = await Promise.all(keys.slice(from, from + concurrentReads).map(read));
        for (const value of items.flat()) addTo(sum, value);
      }
      return sum;
    },
  };
}

function addTo(sum: LandedSoFar, value: string): void {
  if (value === missing) {
    sum.filesMissing += 1;
    return;
  }
  const [lines = 0, bytes = 0] = value.split(" ").map(Number);
  sum.filesLanded += 1;
  sum.lines += lines;
  sum.bytes += bytes;
}

/** The attributes to write, by the key of their item. */
function valuesByItem(exportId: string, outcomes: FileOutcomes): Map<string, Map<string, string>> {
  const items = new Map<string, Map<string, string>>();
  const add = (index: number, value: string): void => {
    const key = keyOf(exportId, Math.floor(index / filesOfItem));
    const values = items.get(key) ?? new Map<string, string>();
    items.set(key, values.set(`f${index}`, value));
  };
  for (const index of outcomes.missing) add(index, missing);
  for (const { index, lines, bytes } of outcomes.landed) add(index, `${lines} ${bytes}`);
  return items;
}

const keyOf = (exportId: string, number: number): string => `${exportLedgerKeys.fileProgress}${exportId}#${number}`;

/** The progress of files in the ledger that the function's environment names. */
export function fileProgressFromEnvironment(): FileProgress {
  const { dynamo, table } = ledgerFromEnvironment();
  return fileProgress(dynamo, table, Date.now);
}
