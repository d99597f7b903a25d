import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Template } from "#cli/templates/synthesised.ts";
import { type StageVariant, stageVariants, variantNames } from "./stage-variants.ts";

/** The templates of each variant, by the last word of their stack's name. */
export type Templates = Record<StageVariant, Record<string, Template>>;

const repository = join(import.meta.dirname, "..", "..");
const folder = join(repository, ".local", "templates");

/** The files and folders that the templates depend on. */
const sources = [
  "infra",
  "functions",
  "state-machines",
  "test/infra/templates.ts",
  "test/infra/variant-app.ts",
  "test/infra/stage-variants.ts",
  "cli/templates/every-option.ts",
  "cdk.json",
  "package-lock.json",
];

/**
 * The templates of all variants. Synthesis takes seconds, and the test files run in several processes. So the first
 * file synthesises them and the others read the result, until a byte of the sources changes.
 */
export async function allTemplates(): Promise<Templates> {
  const file = join(folder, `${hashOfSources()}.json`);
  const known = readJson(file);
  if (known !== undefined) return known;
  const made = await synthesiseAll();
  mkdirSync(folder, { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, JSON.stringify(made));
  // Several test files may do this at once. Each writes to a file of its own first, and all write the same content.
  renameSync(unfinished, file);
  const outdated = readdirSync(folder).filter((name) => /^[0-9a-f]{64}\.json$/.test(name) && !file.endsWith(name));
  for (const name of outdated) rmSync(join(folder, name), { force: true });
  return made;
}

async function synthesiseAll(): Promise<Templates> {
  // The CDK takes a second to load, so it is loaded only if it is needed.
  const { stageTemplates } = await import("./variant-app.ts");
  const outdir = mkdtempSync(join(tmpdir(), "integra-bridge-synth-"));
  try {
    const templates = variantNames.map((variant, index) => [
      variant,
      stageTemplates(stageVariants[variant], join(outdir, String(index))),
    ]);
    return Object.fromEntries(templates) as Templates;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

function hashOfSources(): string {
  const hash = createHash("sha256");
  for (const source of sources) {
    const path = join(repository, source);
    const files = statSync(path).isFile() ? [path] : readdirSync(path, { recursive: true, encoding: "utf8" });
    for (const name of files.toSorted()) {
      const file = name === path ? path : join(path, name);
      if (/\.(ts|json)$/.test(name)) hash.update(`${name}\0`).update(readFileSync(file)).update("\0");
    }
  }
  return hash.digest("hex");
}

function readJson(file: string): Templates | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Templates;
  } catch {
    return undefined;
  }
}
