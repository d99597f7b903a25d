import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type * as sns from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { BulkExportWorkflow } from "../constructs/bulk-export-workflow.ts";
import { ExportAlarms } from "../constructs/export-alarms.ts";
import { ExportCancellation } from "../constructs/export-cancellation.ts";
import { ExportTrigger } from "../constructs/export-trigger.ts";
import { FixedEgress } from "../constructs/fixed-egress.ts";
import type { FunctionDefaults } from "../constructs/step-function-lambda.ts";
import type { StageSettings } from "../settings.ts";
import type { LandingStack } from "./landing-stack.ts";

/** What runs: the bulk-export workflow, what starts it, what follows when it is stopped, and what rings. */
export class ExportStack extends Stack {
  /** What the stage's functions share, in other stacks as well. */
  readonly functions: FunctionDefaults;
  readonly alarmTopic: sns.ITopic;

  constructor(
    scope: Construct,
    id: string,
    props: StackProps & { stage: string; settings: StageSettings; landing: LandingStack },
  ) {
    super(scope, id, props);
    const { stage, settings, landing } = props;
    const { key } = landing;
    const { logDays } = settings.retention;
    const metricsNamespace = `integra-bridge/${stage}`;
    const vpc = settings.fixedEgress ? new FixedEgress(this, "FixedEgress", { key, logDays }).vpc : undefined;
    const functions: FunctionDefaults = { stage, key, logDays, metricsNamespace, vpc };
    this.functions = functions;
    const { stateMachine } = new BulkExportWorkflow(this, "BulkExport", { landing, settings, functions });
    const { deadLetters } = new ExportTrigger(this, "Trigger", {
      bus: landing.bus,
      schedules: settings.schedules,
      functions,
    });
    new ExportCancellation(this, "Cancellation", { landing, stateMachine, deadLetters, functions });
    const alarms = { settings: settings.alarms, key, stateMachine, deadLetters, metricsNamespace };
    this.alarmTopic = new ExportAlarms(this, "Alarms", alarms).topic;
    new CfnOutput(this, "StateMachineArn", { value: stateMachine.stateMachineArn });
    new CfnOutput(this, "DeadLetterQueueUrl", { value: deadLetters.queueUrl });
  }
}
