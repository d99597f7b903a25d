import { defaultFilesPerItem, dollarsOf, unitsOf } from "./export-cost.ts";
import { storagePrice } from "./prices.ts";

const sizes = [
  { files: 40, gib: 0.1, hours: 0.2 },
  { files: 1_000, gib: 10, hours: 1 },
  { files: 10_000, gib: 100, hours: 2 },
  { files: 50_000, gib: 500, hours: 12 },
];

/** Renders the table of exports and their costs in docs/performance.md, as Markdown. */
export function renderCostTable(): string {
  return [
    "| export | state transitions | their cost | functions | S3 requests | ledger, events, logs | in all | storage a month |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ...sizes.map((size) => {
      const units = unitsOf({ ...size, filesPerItem: defaultFilesPerItem, fixedEgress: false });
      const { each, total } = dollarsOf(units);
      const cells = [
        `${count(size.files)} files, ${size.gib} GiB, ${size.hours} h`,
        count(units.stateTransitions),
        dollars(each.stateTransitions),
        dollars(each.functionCalls + each.gibSeconds),
        dollars(each.s3Writes + each.s3Reads),
        dollars(each.ledgerWrites + each.events + each.logGib),
        dollars(total),
        dollars(size.gib * storagePrice.dollars),
      ];
      return `| ${cells.join(" | ")} |`;
    }),
  ].join("\n");
}

const count = (value: number): string => value.toLocaleString("en");

const dollars = (value: number): string => `$${value.toFixed(3)}`;
