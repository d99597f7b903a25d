import { describe, expect, test } from "vitest";
import { settingVariables } from "#cli/doctor/settings-check.ts";
import { stagesOfCdkJson } from "#cli/stages-of-cdk-json.ts";
import { readStageSettings } from "#infra/settings.ts";
import { functionsOf } from "../policies.ts";
import { stageVariants, variantNames } from "../stage-variants.ts";
import { synthesised } from "../synthesised.ts";

describe.each(variantNames)("what npm run doctor expects of %s is what is deployed", (variant) => {
  const { stage, overrides } = stageVariants[variant];
  const expected = settingVariables(readStageSettings(stage, stagesOfCdkJson(), overrides));
  const deployed = functionsOf(synthesised(variant)).map(([, { Properties }]) => {
    const { Variables = {} } = Properties["Environment"] as { Variables?: Record<string, unknown> };
    return Variables;
  });

  test("the functions have the settings as it expects them", () => {
    for (const [variable, { value }] of Object.entries(expected)) {
      const values = deployed.flatMap((variables) => variables[variable] ?? []);
      expect([variable, [...new Set(values)]]).toEqual([variable, value === undefined ? [] : [value]]);
    }
  });

  test("it knows every variable about the server and sign-in", () => {
    const names = new Set(deployed.flatMap((variables) => Object.keys(variables)));
    const unknown = [...names].filter((name) => /^(?:INTEGRA_|SMART$)/.test(name) && !(name in expected));
    expect(unknown).toEqual([]);
  });
});
