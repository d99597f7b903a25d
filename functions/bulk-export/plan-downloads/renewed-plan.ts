import { ExportJobGone } from "#bulk-export/language/export-faults.ts";
import type { ExportPlan, PlannedFile } from "#bulk-export/language/export-records.ts";

/**
 * The plan of an export that is resumed: its files in their places, with the URLs of the manifest as it is read now.
 * Receipts name files by their place, and two transactionTimes never mix under one export's id.
 * @throws ExportJobGone where the manifest lists other files, or is of another time
 */
export function renewedPlan(before: ExportPlan, now: ExportPlan): ExportPlan {
  const renewed = new Map(now.files.map((file) => [placeOf(file), file]));
  const files = before.files.map((file) => {
    const { url, count } = renewed.get(placeOf(file)) ?? {};
    return url === undefined ? undefined : { ...file, url, count: count ?? null };
  });
  const same =
    before.transactionTime === now.transactionTime &&
    before.files.length === now.files.length &&
    files.every((file) => file !== undefined);
  if (!same) throw new ExportJobGone("the server's job lists other files now than when the export was begun");
  return { ...now, files };
}

const placeOf = ({ kind, type, key }: PlannedFile): string => JSON.stringify([kind, type, key]);
