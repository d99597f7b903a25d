import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exportLevels } from "#bulk-export/language/export-request.ts";
import { functionsOf } from "../policies.ts";
import { variantNames } from "../stage-variants.ts";
import { synthesised } from "../synthesised.ts";

/** What AWS gives to an account (Lambda quotas, "Concurrent executions"). */
const accountQuota = 1000;
/** One export per level and the CCD request of one user session are at a state that calls IntegraConnect. */
const statesAtOnce = exportLevels.length + 1;
/** Events that arrive in the same moment. */
const rulesAtOnce = 8;

describe.each(variantNames)("the concurrent executions of %s", (variant) => {
  test("are fewer than an account has, and no function reserves any", () => {
    const { api, downloads } = needs(variant);
    expect(api + downloads + statesAtOnce + rulesAtOnce).toBeLessThan(accountQuota);
    const reserved = functionsOf(synthesised(variant)).filter(
      ([, { Properties }]) => "ReservedConcurrentExecutions" in Properties,
    );
    expect(reserved).toEqual([]);
  });
});

test("docs/scale.md has the figures of the default settings", () => {
  const { api, downloads } = needs("prod");
  const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "scale.md"), "utf8");
  const column = [...page.matchAll(/^\| (?:API|downloads|states of|functions behind).* \| (\d+) \|$/gm)].map(([, n]) =>
    Number(n),
  );
  expect(column).toEqual([api, downloads, statesAtOnce, rulesAtOnce]);
  expect(page).toContain(`they are ${api + downloads + statesAtOnce + rulesAtOnce} of the 1,000`);
});

/** What a variant's template allows: calls that all last as long as they may, and all downloads of every level. */
function needs(variant: (typeof variantNames)[number]): { api: number; downloads: number } {
  const synth = synthesised(variant);
  const [stage] = synth.resources("AWS::ApiGatewayV2::Stage");
  const { ThrottlingRateLimit, ThrottlingBurstLimit } = (stage?.Properties["DefaultRouteSettings"] ?? {}) as Record<
    string,
    number
  >;
  const timeouts = functionsOf(synth)
    .filter(([name, { stack }]) => stack === "api" && name !== "sweep-links")
    .map(([, { Properties }]) => Number(Properties["Timeout"]));
  const definitions = synth
    .resources("AWS::StepFunctions::StateMachine")
    .map(({ Properties }) => String(Properties["DefinitionString"]));
  const concurrency = definitions.flatMap((text) =>
    [...text.matchAll(/"MaxConcurrency":(\d+)/g)].map(([, n]) => Number(n)),
  );
  expect(concurrency).toHaveLength(1);
  return {
    api: (ThrottlingBurstLimit ?? Number.NaN) + (ThrottlingRateLimit ?? Number.NaN) * Math.max(...timeouts),
    downloads: exportLevels.length * Math.max(...concurrency),
  };
}
