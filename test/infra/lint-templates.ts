import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePythonEnvironment } from "../../local/local-aws/python-environment.ts";
import { runChild } from "../../local/local-aws/run-child.ts";
import { allTemplates } from "./templates.ts";

/*
 * Lints the templates of every stage variant with cfn-lint: `node test/infra/lint-templates.ts`. Any finding, even a
 * warning, ends with exit code 1.
 */

const ignored = [
  // A DependsOn that a reference already implies: the CDK writes one from each function to its role and the role's policy.
  "W3005",
];

/** Writes each variant's templates into its own folder. Returns the files, without templates that are equal to an earlier one. */
async function writeTemplates(outdir: string): Promise<string[]> {
  const files = new Map<string, string>();
  for (const [variant, templates] of Object.entries(await allTemplates())) {
    const folder = join(outdir, variant.replaceAll(/\W+/g, "-"));
    mkdirSync(folder);
    for (const [stack, template] of Object.entries(templates)) {
      const text = JSON.stringify(template, undefined, 1);
      if (files.has(text)) continue;
      const file = join(folder, `${stack}.template.json`);
      writeFileSync(file, text);
      files.set(text, file);
    }
  }
  return [...files.values()];
}

/** Runs one cfn-lint for each core, because each uses only one. Returns whether all of them found no fault. */
async function lint(files: readonly string[], outdir: string): Promise<boolean> {
  const { cfnLint } = await ensurePythonEnvironment();
  const runs = Map.groupBy(files, (file) => files.indexOf(file) % availableParallelism());
  const results = [...runs.values()].map((some) =>
    runChild(cfnLint, ["--ignore-checks", ...ignored, "--", ...some], {
      onLine: (line) => console.log(line.replaceAll(`${outdir}/`, "")),
    }),
  );
  return (await Promise.all(results)).every(({ code }) => code === 0);
}

const outdir = mkdtempSync(join(tmpdir(), "integra-bridge-templates-"));
try {
  const files = await writeTemplates(outdir);
  if (await lint(files, outdir)) console.log(`cfn-lint has no findings in ${files.length} templates`);
  else process.exitCode = 1;
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
