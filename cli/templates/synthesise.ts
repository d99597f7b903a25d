import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Synthesised, type Template } from "./synthesised.ts";

const repository = join(import.meta.dirname, "..", "..");

/**
 * Synthesises the templates of a stage as the CDK CLI does: it runs the app that cdk.json names in a process of its own.
 * @param overrides settings that override those of the stage
 */
export async function synthesise(stage: string, overrides: object = {}): Promise<Synthesised> {
  const cdkJson = JSON.parse(await readFile(join(repository, "cdk.json"), "utf8")) as { context: object };
  const context = {
    ...cdkJson.context,
    stage,
    overrides,
    "aws:cdk:enable-path-metadata": true,
    "aws:cdk:disable-asset-staging": true,
  };
  const outdir = await mkdtemp(join(tmpdir(), "integra-bridge-docs-"));
  try {
    const env = { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify(context) };
    await promisify(execFile)(process.execPath, ["infra/app.ts"], { cwd: repository, env });
    const files = (await readdir(outdir)).filter((name) => name.endsWith(".template.json"));
    const templates = files.map(async (file) => {
      const stack = file.replace(".template.json", "").split("-").at(-1) ?? "";
      return [stack, JSON.parse(await readFile(join(outdir, file), "utf8")) as Template] as const;
    });
    return new Synthesised(Object.fromEntries(await Promise.all(templates)));
  } finally {
    await rm(outdir, { recursive: true, force: true });
  }
}
