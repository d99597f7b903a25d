import type { StageSettings } from "#infra/settings.ts";
import { type BilledUnits, dollarsOf, type ExportSize, unitsOf } from "./export-cost.ts";
import { pricesAsOf, storagePrice } from "./prices.ts";

const rows: [name: keyof BilledUnits, text: string][] = [
  ["stateTransitions", "state transitions"],
  ["functionCalls", "calls of functions"],
  ["gibSeconds", "GiB-seconds of functions"],
  ["s3Writes", "S3 writes (PUT, LIST)"],
  ["s3Reads", "S3 reads (GET, HEAD)"],
  ["ledgerWrites", "writes to the ledger"],
  ["events", "events"],
  ["logGib", "GiB of logs"],
  ["natGib", "GiB through NAT"],
];

const daysOfMonth = 30;

/** The part of a stage's settings that decides what an export costs. */
type CostSettings = Pick<StageSettings, "export" | "fixedEgress" | "retention">;

/**
 * Renders what an export costs in a stage, as lines of text.
 * @throws Error if the job takes longer than the stage's deadline: that export would fail
 */
export function costReport(size: Omit<ExportSize, "fixedEgress">, settings: CostSettings): string {
  const { deadlineHours } = settings.export;
  if (size.hours > deadlineHours)
    throw new Error(
      `the export would fail at its deadline: export.deadlineHours is ${deadlineHours}, raise it or give fewer hours`,
    );
  const units = unitsOf({ ...size, fixedEgress: settings.fixedEgress !== undefined });
  const { each, total } = dollarsOf(units);
  const lines = rows.filter(([name]) => units[name] > 0).map(([name, text]) => line(text, units[name], each[name]));
  return [
    `An export of ${count(size.files)} files and ${count(size.gib)} GiB, ${size.filesPerItem} to a child execution, that takes the server ${size.hours} h`,
    `(us-east-1, ${pricesAsOf}, without free tier):`,
    "",
    ...lines,
    line("in all", undefined, total),
    "",
    storageLine(size.gib, settings.retention.exportDays),
  ].join("\n");
}

function storageLine(gib: number, exportDays: number | undefined): string {
  const monthly = gib * storagePrice.dollars;
  const kept =
    exportDays === undefined
      ? "for as long as they are kept (retention.exportDays is not set)"
      : `${dollars((monthly * exportDays) / daysOfMonth)} in the ${exportDays} days of retention.exportDays`;
  return `The files cost ${dollars(monthly)} a month in S3, ${kept}.`;
}

const line = (text: string, units: number | undefined, price: number): string =>
  `${text.padEnd(26)}${(units === undefined ? "" : count(units)).padStart(12)}${dollars(price).padStart(12)}`;

const count = (value: number): string => value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 3 : 0 });

const dollars = (value: number): string => `$${value.toFixed(value < 1 ? 4 : 2)}`;
