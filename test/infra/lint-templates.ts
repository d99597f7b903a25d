import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePythonEnvironment } from "../../local/local-aws/python-environment.ts";
import { runChild } from "../../local/local-aws/run-child.ts";
import { variantNames } from "./stage-variants.ts";
import { variantApp } from "./variant-app.ts";

/*
 * Lints the templates of every stage variant with cfn-lint: `node test/infra/lint-templates.ts`. Any finding, even a
 * warning, ends with exit code 1.
 */

const ignored = [
  // A DependsOn that a reference already implies: the CDK writes one from each function to its role and the role's policy.
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
  if (code === 0) console.log(`cfn-lint has no findings in ${templates.length} templates`);
  else process.exitCode = 1;
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
