import * as z from "zod";
import { lineOf } from "../checks/findings.ts";
import { doctorReport } from "../doctor/report.ts";
import { defineCommand } from "./command.ts";
import { jsonOption, overridesOption, verdictCode } from "./examination.ts";

export const doctor = defineCommand({
  usage: "doctor",
  summary: "Examine a deployed stage, and the server as this machine reaches it",
  details: "Prints a line for each finding, with what to do, and changes nothing.",
  options: [overridesOption()],
  input: z.object({ overrides: jsonOption.optional() }),
  answer: doctorReport,
  run: async (context, { overrides }) => {
    const { stage, access, overrides: deployedWith } = await context.stage();
    const { examineStage } = await import("../doctor/examine-stage.ts");
    const { readStageSettings } = await import("#infra/settings.ts");
    const { stagesOfCdkJson } = await import("../stages-of-cdk-json.ts");
    const readSettings = () => readStageSettings(stage, stagesOfCdkJson(), overrides ?? deployedWith);
    const print = (finding: Parameters<typeof lineOf>[0]) => context.print(lineOf(finding));
    const value = await examineStage({ stage, readSettings }, print, context.signal, access);
    return { value, text: "", exitCode: verdictCode(value.exitCode) };
  },
});
