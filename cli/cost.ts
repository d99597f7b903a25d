import { parseArgs } from "node:util";
import { readStageSettings } from "#infra/settings.ts";
import { costReport } from "./cost/cost-report.ts";
import { defaultFilesPerItem } from "./cost/export-cost.ts";
import { stagesOfCdkJson } from "./stages-of-cdk-json.ts";

const usage = `usage: npm run cost -- --files <n> --gib <n> --hours <n> [--files-per-item <n>] [--stage <stage>] [--overrides <settings>]

Prints what an export costs on AWS, from counted units and the public prices in cli/cost/prices.ts. It calls no service.

--files           output files
--gib             their size in all
--hours           how long the server works on the job
--files-per-item  files to a child execution of the Distributed Map: ${defaultFilesPerItem} if absent
--stage           a stage of cdk.json, for its deadline, its retention and its fixed egress; without it, the defaults count
--overrides       settings in addition to those of cdk.json

Exit code: 0, or 64 if the command is not understood.`;

/** Renders the report for a command line. */
function reportOf(args: readonly string[]): string {
  const { values } = parseArgs({
    args: [...args],
    options: {
      files: { type: "string" },
      gib: { type: "string" },
      hours: { type: "string" },
      "files-per-item": { type: "string", default: String(defaultFilesPerItem) },
      stage: { type: "string" },
      overrides: { type: "string" },
    },
  });
  const { stage, overrides } = values;
  const settings =
    stage === undefined
      ? readStageSettings("defaults", { defaults: {} }, overrides)
      : readStageSettings(stage, stagesOfCdkJson(), overrides);
  const size = {
    files: wholeNumber("files", values.files),
    gib: positiveNumber("gib", values.gib),
    hours: positiveNumber("hours", values.hours),
    filesPerItem: wholeNumber("files-per-item", values["files-per-item"]),
  };
  return costReport(size, settings);
}

function positiveNumber(option: string, text: string | undefined): number {
  const value = Number(text);
  if (text !== undefined && value > 0 && Number.isFinite(value)) return value;
  throw new Error(`--${option} must be a number above 0\n\n${usage}`);
}

function wholeNumber(option: string, text: string | undefined): number {
  const value = positiveNumber(option, text);
  if (Number.isInteger(value)) return value;
  throw new Error(`--${option} must be a whole number\n\n${usage}`);
}

try {
  console.log(reportOf(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(64);
}
