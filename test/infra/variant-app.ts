import { readFileSync } from "node:fs";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import type { Template } from "#cli/templates/synthesised.ts";
import { integraBridge } from "../../infra/app.ts";
import { type StageVariant, stageVariants } from "./stage-variants.ts";

const cdkJson = readFileSync(join(import.meta.dirname, "..", "..", "cdk.json"), "utf8");

/** The context that the CDK CLI passes to the app: the stages and the feature flags. */
export const cdkContext = (JSON.parse(cdkJson) as { context: Record<string, unknown> }).context;

interface AppOptions {
  outdir?: string;
  context?: object;
}

/** The app of a variant, before synthesis. */
export function variantApp(variant: StageVariant, options: AppOptions = {}): App {
  return stageApp(stageVariants[variant], options);
}

/** The templates of a stage with these settings, by the last word of their stack's name. */
export function stageTemplates(stage: { stage: string; overrides: object }, outdir: string): Record<string, Template> {
  // Paths give resources readable names. Tests do not need copies of the bundles.
  const context = { "aws:cdk:enable-path-metadata": true, "aws:cdk:disable-asset-staging": true };
  const { stacks } = stageApp(stage, { outdir, context }).synth();
  return Object.fromEntries(stacks.map((s) => [s.stackName.split("-").at(-1) ?? "", s.template as Template]));
}

function stageApp(stage: { stage: string; overrides: object }, { outdir, context }: AppOptions): App {
  return integraBridge(new App({ outdir, context: { ...cdkContext, ...stage, ...context } }));
}
