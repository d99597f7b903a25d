import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePythonEnvironment } from "../../local/local-aws/python-environment.ts";
import { runChild } from "../../local/local-aws/run-child.ts";
import { variantNames } from "./stage-variants.ts";
import { variantApp } from "./variant-app.ts";

/*
 * Lints the templates of every stage, and of prod with all that can be switched on, with cfn-lint:
 * `node test/infra/lint-templates.ts`. Whatever it finds, a warning too, ends with exit code 1.
 */

const ignored = [
  // A function and its role: the CDK writes DependsOn for the role's policy, and names the role once more with it.
  "W3005",
];

const outdir = mkdtempSync(join(tmpdir(), "integra-bridge-templates-"));
try {
  const templates = variantNames.flatMap((variant) => {
    const context = { "aws:cdk:disable-asset-staging": true };
    const folder = join(outdir, variant.replaceAll(/\W+/g, "-"));
    return variantApp(variant, { outdir: folder, context })
      .synth()
      .stacks.map((stack) => stack.templateFullPath);
  });
  const { cfnLint } = await ensurePythonEnvironment();
  const { code } = await runChild(cfnLint, ["--ignore-checks", ...ignored, "--", ...templates], {
    onLine: (line) => console.log(line.replaceAll(`${outdir}/`, "")),
  });
  if (code === 0) console.log(`cfn-lint finds nothing wrong with ${templates.length} templates`);
  else process.exitCode = 1;
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
