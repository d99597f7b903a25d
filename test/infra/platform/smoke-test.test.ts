import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { keyPolicyFaults } from "#cli/smoke/policy-faults.ts";
import { expectedOutputs } from "#cli/smoke/smoke-test.ts";
import { checkSchedules } from "#cli/smoke/stage-checks.ts";
import { readStageSettings } from "#infra/settings.ts";
import { stageVariants, variantNames } from "../stage-variants.ts";
import { synthesised } from "../synthesised.ts";
import { allTemplates } from "../templates.ts";

const { context } = JSON.parse(readFileSync(new URL("../../../cdk.json", import.meta.url), "utf8")) as {
  context: { stages: unknown };
};
const own = "111122223333";

describe.each(variantNames)("what npm run smoke expects of %s is what is deployed", (variant) => {
  const { stage, overrides } = stageVariants[variant];
  const settings = readStageSettings(stage, context.stages, overrides);
  const synth = synthesised(variant);

  test("the stacks have the outputs that it looks for", async () => {
    const templates = (await allTemplates())[variant];
    const expected = expectedOutputs(settings);
    expect(Object.keys(templates).toSorted()).toEqual(Object.keys(expected).toSorted());
    for (const [part, outputs] of Object.entries(expected))
      expect(Object.keys(templates[part]?.Outputs ?? {})).toEqual(expect.arrayContaining(outputs));
  });

  test("the key's policy has no fault", () => {
    const { KeyPolicy } = synth.resource("AWS::KMS::Key", "Key").Properties;
    const policy = JSON.stringify(KeyPolicy).replaceAll("<account>", own);
    const subscribers = settings.subscribers.map(({ accountId }) => accountId);
    expect(keyPolicyFaults(policy, { own, subscribers })).toEqual([]);
  });

  test("the schedules are as in the settings", async () => {
    const schedules = synth.resources("AWS::Scheduler::Schedule").map(({ Properties }) => ({
      description: String(Properties["Description"]),
      enabled: Properties["State"] === "ENABLED",
    }));
    const check = checkSchedules({ settings: settings.schedules, readSchedules: () => Promise.resolve(schedules) });
    expect(await check()).toMatchObject({ verdict: "ok" });
  });

  test("every log group is encrypted with the stage's key and expires", () => {
    const groups = synth.resources("AWS::Logs::LogGroup");
    expect(groups.length).toBeGreaterThan(20);
    for (const { Properties } of groups)
      expect(Properties).toMatchObject({ KmsKeyId: "<Key>", RetentionInDays: settings.retention.logDays });
  });
});
