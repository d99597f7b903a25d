import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import * as z from "zod";
import { type ExportRequestDetail, exportRequestDetail } from "#bulk-export/language/export-request.ts";
import { readStageSettings } from "#infra/settings.ts";
import { runStoppable } from "#local/run-stoppable.ts";
import { type SmokeTest, smokeTest } from "./smoke/smoke-test.ts";
import { stagesOfCdkJson } from "./stages-of-cdk-json.ts";

const usage = `usage: npm run smoke -- --stage <stage> [--export <detail>] [--overrides <settings>]

Tests a deployed stage with your AWS credentials, and prints a line for each check, with what to do. It calls IntegraConnect
only with --export. If AWS_ENDPOINT_URL is set, as for the local AWS, the command runs there.

--stage      a stage of cdk.json
--export     also runs this export, such as {"level":"group","groupId":"age-below-5","types":["Patient"]}
--overrides  the settings that the stage was deployed with in addition to those of cdk.json

Exit code: 0 if all is well, 1 if the worst is a warning, 2 if something failed, otherwise 3 if something could not be checked, and
64 if the command is not understood.`;

/** The command line as a test to run; undefined if no stage is named. */
function testOf(args: readonly string[]): SmokeTest | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: { stage: { type: "string" }, export: { type: "string" }, overrides: { type: "string" } },
  });
  const { stage, overrides } = values;
  if (stage === undefined) return undefined;
  const exportDetail = values.export === undefined ? undefined : exportDetailOf(values.export);
  const id = randomBytes(5).toString("hex");
  return { stage, settings: readStageSettings(stage, stagesOfCdkJson(), overrides), exportDetail, id };
}

function exportDetailOf(text: string): ExportRequestDetail {
  const detail = exportRequestDetail.omit({ requestId: true }).safeParse(JSON.parse(text));
  if (detail.success) return detail.data;
  throw new Error(`--export cannot be used:\n${z.prettifyError(detail.error)}`);
}

function misunderstood(message: string): never {
  console.error(message);
  process.exit(64);
}

let test: SmokeTest | undefined;
try {
  test = testOf(process.argv.slice(2));
} catch (error) {
  misunderstood(error instanceof Error ? error.message : String(error));
}
const given = test ?? misunderstood(usage);
await runStoppable(async (signal) => {
  process.exitCode = await smokeTest(given, console.log, signal);
});
