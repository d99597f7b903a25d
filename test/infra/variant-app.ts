import { readFileSync } from "node:fs";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import { integraBridge } from "../../infra/app.ts";
import { type StageVariant, stageVariants } from "./stage-variants.ts";

const cdkJson = readFileSync(join(import.meta.dirname, "..", "..", "cdk.json"), "utf8");

/** The context that the CDK CLI passes to the app: the stages and the feature flags. */
export const cdkContext = (JSON.parse(cdkJson) as { context: Record<string, unknown> }).context;

/** The app of a variant, before synthesis. */
export function variantApp(variant: StageVariant, options: { outdir?: string; context?: object } = {}): App {
  const { outdir, context } = options;
  return integraBridge(new App({ outdir, context: { ...cdkContext, ...stageVariants[variant], ...context } }));
}
