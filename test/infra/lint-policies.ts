import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePythonEnvironment } from "../../local/local-aws/python-environment.ts";
import { runChild } from "../../local/local-aws/run-child.ts";
import { type Acknowledgment, acknowledgments } from "./acknowledgments.ts";
import { policyDocuments } from "./policy-documents.ts";
import { variantNames } from "./stage-variants.ts";
import { allTemplates } from "./templates.ts";
import { variantApp } from "./variant-app.ts";

/*
 * Lints the IAM policies of every stage variant with parliament: `node test/infra/lint-policies.ts`. It ends with exit code 1 if
 * a finding is not acknowledged beside its construct, or if an acknowledgment belongs to no finding.
 */

interface Finding {
  policy: string;
  rule: string;
}

const outdir = mkdtempSync(join(tmpdir(), "integra-bridge-policies-"));

async function findings(): Promise<{ found: Finding[]; count: number }> {
  const documents = Object.values(await allTemplates()).flatMap(policyDocuments);
  // The name of a stage is in every ARN, so documents of one name differ. Each different one is linted.
  const distinct = new Map(documents.map(({ path, document }) => [`${path}\n${JSON.stringify(document)}`, document]));
  const file = join(outdir, "policies.json");
  writeFileSync(file, JSON.stringify(Object.fromEntries(distinct)));
  const { python } = await ensurePythonEnvironment();
  const found: Finding[] = [];
  const others: string[] = [];
  const { code } = await runChild(python, [join(import.meta.dirname, "lint_policies.py"), file], {
    onLine: (line) => {
      if (!line.startsWith('{"policy"')) others.push(line);
      else found.push(JSON.parse(line) as Finding);
    },
  });
  if (code !== 0) throw new Error(`parliament failed:\n${others.join("\n")}`);
  return {
    found: found.map(({ policy, rule }) => ({ policy: policy.split("\n")[0] ?? "", rule })),
    count: distinct.size,
  };
}

/** The acknowledgments of parliament's findings, without the name of the stage in their paths. */
function acknowledged(): Acknowledgment[] {
  const all = variantNames.flatMap((variant, index) =>
    acknowledgments(
      variantApp(variant, { outdir: join(outdir, String(index)), context: { "aws:cdk:disable-asset-staging": true } }),
    ),
  );
  return (
    all
      // The CDK puts "Annotation::" before the rule of a tool that it does not know.
      .map(({ path, rule, reason }) => ({ path, rule: rule.replace(/^Annotation::/, ""), reason }))
      .filter(({ rule }) => rule.startsWith("Parliament-"))
      .map((one) => ({ ...one, path: one.path.replace(/^integra-bridge-[a-z0-9]+-/, "") }))
  );
}

const covers = ({ path, rule }: Acknowledgment, finding: Finding): boolean =>
  rule === finding.rule && finding.policy.startsWith(`${path}/`);

try {
  const { found, count } = await findings();
  const known = acknowledged();
  const open = found.filter((finding) => !known.some((one) => covers(one, finding)));
  const stale = known.filter((one) => !found.some((finding) => covers(one, finding)));
  const lines = [
    ...open.map(({ policy, rule }) => `${policy}: ${rule}`),
    ...stale.map(({ path, rule }) => `${path}: the acknowledgment of ${rule} belongs to no finding: remove it`),
  ];
  for (const line of new Set(lines)) console.log(line);
  if (lines.length > 0) process.exitCode = 1;
  else console.log(`parliament has no findings in ${count} policies without an acknowledgment`);
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
