import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type * as sns from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { BulkExportWorkflow } from "../constructs/bulk-export/bulk-export-workflow.ts";
import { ExportAlarms } from "../constructs/bulk-export/export-alarms.ts";
import { ExportTriggers } from "../constructs/bulk-export/export-triggers.ts";
import { StoppedExports } from "../constructs/bulk-export/stopped-exports.ts";
import { KeyRotation } from "../constructs/client-keys/key-rotation.ts";
import { FixedEgress } from "../constructs/platform/fixed-egress.ts";
import type { FunctionDefaults } from "../constructs/platform/lambda-function.ts";
import type { StageSettings } from "../settings.ts";
import type { LandingStack } from "./landing-stack.ts";

export interface ExportStackProps extends StackProps {
  stage: string;
  settings: StageSettings;
  landing: LandingStack;
}

/** Bulk exports: the workflow, its triggers, what ends stopped exports, and the alarms. */
export class ExportStack extends Stack {
  /** What all functions of the stage have in common; the other stacks use it as well. */
  readonly functions: FunctionDefaults;
  /** The topic of the stage's alarms; the other stacks use it as well. */
  readonly alarmTopic: sns.ITopic;

  constructor(scope: Construct, id: string, props: ExportStackProps) {
    super(scope, id, props);
    const { stage, settings, landing } = props;
    const { key, client } = landing;
    const { logDays } = settings.retention;
    const metricsNamespace = `integra-bridge/${stage}`;
    const vpc = settings.fixedEgress ? new FixedEgress(this, "FixedEgress", { key, logDays }).vpc : undefined;
    const functions: FunctionDefaults = { stage, key, logDays, metricsNamespace, vpc };
    this.functions = functions;
    const workflow = { shared: landing, client, settings, functions };
    const { stateMachine } = new BulkExportWorkflow(this, "BulkExport", workflow);
    const triggers = { bus: landing.bus, schedules: settings.schedules, functions };
    const { deadLetters } = new ExportTriggers(this, "Trigger", triggers);
    new StoppedExports(this, "Cancellation", { shared: landing, client, stateMachine, deadLetters, functions });
    const rotation = { shared: landing, client, settings: settings.clientKey, functions };
    const { functionName } = new KeyRotation(this, "KeyRotation", rotation);
    const alarms = { settings: settings.alarms, key, stateMachine, deadLetters, metricsNamespace };
    this.alarmTopic = new ExportAlarms(this, "Alarms", alarms).topic;
    new CfnOutput(this, "StateMachineArn", { value: stateMachine.stateMachineArn });
    new CfnOutput(this, "RotationFunctionName", { value: functionName });
    new CfnOutput(this, "DeadLetterQueueUrl", { value: deadLetters.queueUrl });
  }
}
