import { join } from "node:path";
import { parseArgs } from "node:util";
import { readStageSettings } from "#infra/settings.ts";
import { runStoppable } from "#local/run-stoppable.ts";
import { lineOf } from "./checks/findings.ts";
import { examineStage } from "./doctor/examine-stage.ts";
import { findStage } from "./stage-access.ts";
import { stagesOfCdkJson } from "./stages-of-cdk-json.ts";

const usage = `usage: npm run doctor -- --stage <stage> [--json] [--overrides <settings>]

Examines a deployed stage, and the server as this machine reaches it. It prints a line for each finding, with what to do, and
changes nothing. The stage local is found by itself; any other one with your AWS credentials.

--stage      a stage of cdk.json
--json       prints one object at the end instead of lines
--overrides  the settings that the stage was deployed with in addition to those of cdk.json

Exit code: 0 if all is well, 1 if the worst is a warning, 2 if something failed, otherwise 3 if something could not be checked, and
64 if the command is not understood, or the stage local does not run.`;

function misunderstood(message: string): never {
  console.error(message);
  process.exit(64);
}

function optionsOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        stage: { type: "string" },
        json: { type: "boolean", default: false },
        overrides: { type: "string" },
      },
    }).values;
  } catch (error) {
    return misunderstood(error instanceof Error ? error.message : String(error));
  }
}

const { stage = misunderstood(usage), json, overrides } = optionsOf(process.argv.slice(2));

const outputsFile = join(import.meta.dirname, "..", ".local", "outputs.json");
const found = await findStage(stage, outputsFile, process.env).catch((error: Error) => misunderstood(error.message));

await runStoppable(async (signal) => {
  const readSettings = () => readStageSettings(stage, stagesOfCdkJson(), overrides ?? found.overrides);
  const print = json ? () => undefined : (finding: Parameters<typeof lineOf>[0]) => console.log(lineOf(finding));
  const report = await examineStage({ stage, readSettings }, print, signal, found.access);
  if (json) console.log(JSON.stringify(report, null, 2));
  process.exitCode = report.exitCode;
});
