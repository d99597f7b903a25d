import { App, Tags, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks, HIPAASecurityChecks } from "cdk-nag";
import { logSettings } from "./constructs/platform/kept-data.ts";
import type { FunctionDefaults } from "./constructs/platform/lambda-function.ts";
import { readStageSettings, requireAlarmRecipient, stageName } from "./settings.ts";
import { ApiStack } from "./stacks/api-stack.ts";
import { BackupStack } from "./stacks/backup-stack.ts";
import { ConsoleStack } from "./stacks/console-stack.ts";
import { DocumentsStack } from "./stacks/documents-stack.ts";
import { EgressStack } from "./stacks/egress-stack.ts";
import { ExampleSubscriberStack } from "./stacks/example-subscriber-stack.ts";
import { ExportStack } from "./stacks/export-stack.ts";
import { LandingStack } from "./stacks/landing-stack.ts";

/**
 * Adds the stacks of one stage to the app: the stage that the context value `stage` names.
 * @throws Error if no stage is named, the stage is unknown, its settings have a fault, or a stage that keeps data does not say whom
 *   its alarms notify
 */
export function integraBridge(app: App): App {
  const context = (name: string): unknown => app.node.tryGetContext(name);
  const stage = stageName(context("stage"), context("stages"));
  const settings = readStageSettings(stage, context("stages"), context("overrides"));
  requireAlarmRecipient(stage, settings);
  const name = (part: string) => `integra-bridge-${stage}-${part}`;

  const landing = new LandingStack(app, name("landing"), { stage, settings });
  new BackupStack(app, name("backup"), { stage, settings, landing });
  const { fixedEgress, retention } = settings;
  const { key } = landing;
  const egress = fixedEgress && new EgressStack(app, name("egress"), { settings: fixedEgress, retention, key }).egress;
  const metricsNamespace = `integra-bridge/${stage}`;
  const functions: FunctionDefaults = { stage, key, logs: logSettings(retention, key), metricsNamespace, egress };
  new ExportStack(app, name("export"), { settings, landing, functions });
  new DocumentsStack(app, name("documents"), { settings, landing, functions });
  const { api } = new ApiStack(app, name("api"), { settings, landing, functions });
  const { console } = settings;
  if (console) new ConsoleStack(app, name("console"), { stage, settings, console, api });
  if (settings.exampleSubscriber) new ExampleSubscriberStack(app, name("subscriber"), { bus: landing.bus });

  Tags.of(app).add("application", "integra-bridge");
  Tags.of(app).add("stage", stage);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new HIPAASecurityChecks(app));
  return app;
}

if (import.meta.main) integraBridge(new App()).synth();
