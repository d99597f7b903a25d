import { App, Tags, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks, HIPAASecurityChecks } from "cdk-nag";
import { readStageSettings, requireAlarmRecipient } from "./settings.ts";
import { ApiStack } from "./stacks/api-stack.ts";
import { DocumentsStack } from "./stacks/documents-stack.ts";
import { ExampleSubscriberStack } from "./stacks/example-subscriber-stack.ts";
import { ExportStack } from "./stacks/export-stack.ts";
import { LandingStack } from "./stacks/landing-stack.ts";

/**
 * Adds the stacks of one stage to the app: the stage that the context value `stage` names, `dev` if absent.
 * @throws Error if the stage is unknown, its settings have a fault, or a stage that keeps data does not say whom its alarms notify
 */
export function integraBridge(app: App): App {
  const stage = String(app.node.tryGetContext("stage") ?? "dev");
  const settings = readStageSettings(stage, app.node.tryGetContext("stages"), app.node.tryGetContext("overrides"));
  requireAlarmRecipient(stage, settings);
  const name = (part: string) => `integra-bridge-${stage}-${part}`;

  const landing = new LandingStack(app, name("landing"), { stage, settings });
  const { functions, alarmTopic } = new ExportStack(app, name("export"), { stage, settings, landing });
  new DocumentsStack(app, name("documents"), { settings, landing, functions, alarmTopic });
  new ApiStack(app, name("api"), { settings, landing, functions, alarmTopic });
  if (settings.exampleSubscriber) new ExampleSubscriberStack(app, name("subscriber"), { bus: landing.bus });

  Tags.of(app).add("application", "integra-bridge");
  Tags.of(app).add("stage", stage);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new HIPAASecurityChecks(app));
  return app;
}

if (import.meta.main) integraBridge(new App()).synth();
