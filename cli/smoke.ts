import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as z from "zod";
import { exportRequestDetail } from "#bulk-export/language/export-request.ts";
import { readStageSettings } from "#infra/settings.ts";
import { runStoppable } from "#local/run-stoppable.ts";
import { smokeTest } from "./smoke/smoke-test.ts";

const usage = `usage: npm run smoke -- --stage <stage> [--export <detail>] [--overrides <settings>]

Tests a deployed stage with your AWS credentials, and prints a line for each check, with what to do. It calls IntegraConnect
only with --export. If AWS_ENDPOINT_URL is set, as for the local AWS, the command runs there.

--stage      a stage of cdk.json
--export     also runs this export, such as {"level":"group","groupId":"age-below-5","types":["Patient"]}
--overrides  the settings that the stage was deployed with in addition to those of cdk.json

Exit code: 0 if all is well, 1 if the worst is a warning, 2 if there is a fault, 64 if the command is not understood.`;

const { values } = parseArgs({
  options: { stage: { type: "string" }, export: { type: "string" }, overrides: { type: "string" } },
});
const { stage, overrides } = values;

const detail = exportRequestDetail.omit({ requestId: true });

function settingsOf(name: string) {
  const cdkJson = z
    .object({ context: z.object({ stages: z.unknown() }) })
    .parse(JSON.parse(readFileSync(join(import.meta.dirname, "..", "cdk.json"), "utf8")));
  return readStageSettings(name, cdkJson.context.stages, overrides);
}

if (stage === undefined) {
  console.error(usage);
  process.exitCode = 64;
} else {
  await runStoppable(async (signal) => {
    const settings = settingsOf(stage);
    const exportDetail = values.export === undefined ? undefined : detail.parse(JSON.parse(values.export));
    const id = randomBytes(5).toString("hex");
    process.exitCode = await smokeTest({ stage, settings, exportDetail, id }, console.log, signal);
  });
}
