import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { cleanEnvironment, REPOSITORY } from "./environment.ts";
import type { LocalAws } from "./local-aws.ts";
import { runChild } from "./run-child.ts";

const stackOutputs = z.record(z.string(), z.record(z.string(), z.string()));

/** The outputs of each stack, by the stack's name. */
export type StackOutputs = z.infer<typeof stackOutputs>;

/** Who watches a run of the CDK, and what ends it. */
export type RunOptions = { onLine?: (line: string) => void; signal?: AbortSignal };

/** What to deploy. */
export type DeployOptions = RunOptions & {
  context: Record<string, string>;
  /** Tags of the stacks, and of what is in them. */
  tags?: Record<string, string>;
  /** Names of stacks; all of the app's when left out. */
  stacks?: string[];
  /** The command that makes the assembly, when it is not the one of cdk.json. */
  app?: string;
};

const CDK = join(REPOSITORY, "node_modules/.bin/cdk");
const QUIET = ["--no-notices", "--no-version-reporting", "--no-path-metadata", "--no-color", "--ci"];

/** Makes what the CDK needs in the account before it can deploy: a bucket for assets, roles, a version parameter. */
export async function bootstrap(aws: LocalAws, options: RunOptions = {}): Promise<void> {
  const account = `aws://${LOCAL_ACCOUNT}/${aws.region}`;
  // Without an app of its own the command would run that of cdk.json first, only to ignore it.
  await runCdk(aws, ["bootstrap", account, "--app", "", ...QUIET], "The CDK bootstrap", options);
}

// The account of every key that doesn't say otherwise, in ministack and in LocalStack alike.
const LOCAL_ACCOUNT = "000000000000";

/** How the folders begin in which assemblies are made, below the system's folder for temporary files. */
export const ASSEMBLY_PREFIX = "integra-bridge-assembly-";

/** Synthesizes the app and deploys its stacks. Returns their outputs. */
export async function deployStacks(aws: LocalAws, options: DeployOptions): Promise<StackOutputs> {
  const { context, tags = {}, stacks = [], app } = options;
  // The assembly is needed until it is deployed, and two deployments may run at the same time.
  const outputDir = await mkdtemp(join(tmpdir(), ASSEMBLY_PREFIX));
  const outputs = join(outputDir, "outputs.json");
  const args = [
    "deploy",
    ...(stacks.length > 0 ? stacks : ["--all"]),
    ...(app === undefined ? [] : ["--app", app]),
    ...Object.entries(context).flatMap(([name, value]) => ["--context", `${name}=${value}`]),
    ...Object.entries(tags).flatMap(([name, value]) => ["--tags", `${name}=${value}`]),
    `--output=${join(outputDir, "cdk.out")}`,
    `--outputs-file=${outputs}`,
    "--require-approval=never",
    "--progress=events",
    // A change set brings nothing to a new account but its own round trips.
    "--method=direct",
    "--concurrency=4",
    ...QUIET,
  ];
  try {
    await runCdk(aws, args, "The CDK deployment", options);
    return stackOutputs.parse(JSON.parse(await readFile(outputs, "utf8")));
  } finally {
    await rm(outputDir, { recursive: true, force: true });
  }
}

async function runCdk(aws: LocalAws, args: string[], purpose: string, options: RunOptions): Promise<void> {
  const { code, tail } = await runChild(CDK, args, {
    cwd: REPOSITORY,
    env: { ...cleanEnvironment(), ...aws.env },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
  });
  if (code !== 0) throw new Error(`${purpose} failed (exit code ${code ?? "none"}). Its last lines:\n${tail}`);
}
