import { describe, expect, it } from "vitest";
import { checkSettings, type DeployedFunction, settingVariables } from "#cli/doctor/settings-check.ts";
import { stagesOfCdkJson } from "#cli/stages-of-cdk-json.ts";
import { readStageSettings } from "#infra/settings.ts";

const settings = readStageSettings("dev", stagesOfCdkJson(), {
  integra: { fileOrigins: ["https://files.example.org"] },
});
const variables = Object.fromEntries(
  Object.entries(settingVariables(settings)).flatMap(([name, { value }]) =>
    value === undefined ? [] : [[name, value]],
  ),
);
const check = (functions: DeployedFunction[]) =>
  checkSettings({ stage: "dev", settings, readFunctions: () => Promise.resolve(functions) })();

describe("the check of the settings", () => {
  it("functions that have the settings, each those that it needs, are ok", async () => {
    const { SMART, ...others } = variables;
    const functions = [
      { name: "links", variables: { SMART: SMART ?? "", OTHER: "x" } },
      { name: "fhir-api", variables: others },
    ];
    expect(await check(functions)).toMatchObject({
      verdict: "ok",
      seen: expect.stringMatching(/^2 functions/) as string,
    });
  });

  it.each([
    ["differs in one function", { INTEGRA_BASE_URL: "https://hidden.example/" }, "integra.baseUrl"],
    ["is deployed and not set any more", { INTEGRA_AUDIENCE: "hidden" }, "integra.audience"],
  ])("a setting that %s is named, without its value", async (_, more, name) => {
    const finding = await check([
      { name: "one", variables },
      { name: "two", variables: { ...variables, ...more } },
    ]);
    expect(finding).toMatchObject({ verdict: "failed", seen: expect.stringContaining(name) as string });
    expect(JSON.stringify(finding)).not.toContain("hidden");
    expect(finding.action).toContain("cdk deploy --all -c stage=dev");
  });

  it("a setting that no function has is named", async () => {
    const { INTEGRA_FILE_ORIGINS: _, ...others } = variables;
    expect((await check([{ name: "one", variables: others }])).seen).toContain("integra.fileOrigins");
  });
});
