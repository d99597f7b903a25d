import { randomBytes } from "node:crypto";
import { Option } from "commander";
import * as z from "zod";
import { exportRequestDetail } from "#bulk-export/language/export-request.ts";
import { lineOf } from "../checks/findings.ts";
import { notUnderstood } from "../output/command-failed.ts";
import { smokeReport } from "../smoke/smoke-report.ts";
import { defineCommand } from "./command.ts";
import { jsonOption, overridesOption, verdictCode } from "./examination.ts";

export const smoke = defineCommand({
  usage: "smoke",
  summary: "Test a deployed stage with your AWS credentials",
  details:
    "Prints a line for each check, with what to do. It calls IntegraConnect only with --export. A temporary rule and queue are removed " +
    "at the end.",
  options: [
    new Option(
      "--export <json>",
      'also run this export, such as {"level":"group","groupId":"age-below-5","types":["Patient"]}',
    ),
    overridesOption(),
  ],
  input: z.object({
    export: jsonOption.pipe(exportRequestDetail.omit({ requestId: true })).optional(),
    overrides: jsonOption.optional(),
  }),
  answer: smokeReport,
  run: async (context, { export: exportDetail, overrides }) => {
    const { stage, access, overrides: deployedWith } = await context.stage();
    const { smokeTest } = await import("../smoke/smoke-test.ts");
    const { readStageSettings } = await import("#infra/settings.ts");
    const { stagesOfCdkJson } = await import("../stages-of-cdk-json.ts");
    const settings = settingsOf(() => readStageSettings(stage, stagesOfCdkJson(), overrides ?? deployedWith));
    const test = { stage, settings, exportDetail, id: randomBytes(5).toString("hex") };
    const value = await smokeTest(test, (finding) => context.print(lineOf(finding)), context.signal, access);
    return { value, text: "", exitCode: verdictCode(value.exitCode) };
  },
});

function settingsOf<Settings>(read: () => Settings): Settings {
  try {
    return read();
  } catch (error) {
    throw notUnderstood(error instanceof Error ? error.message : String(error));
  }
}
