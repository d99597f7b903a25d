import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import * as sns from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { BulkExportWorkflow } from "../constructs/bulk-export/bulk-export-workflow.ts";
import { ExportAlarms } from "../constructs/bulk-export/export-alarms.ts";
import { addExportDashboard } from "../constructs/bulk-export/export-dashboard.ts";
import { exportQueries } from "../constructs/bulk-export/export-queries.ts";
import { ExportTriggers } from "../constructs/bulk-export/export-triggers.ts";
import { StoppedExports } from "../constructs/bulk-export/stopped-exports.ts";
import { SweptExports } from "../constructs/bulk-export/swept-exports.ts";
import { ClientKeyStore } from "../constructs/client-keys/client-key-store.ts";
import { KeyRotation } from "../constructs/client-keys/key-rotation.ts";
import { FunctionAlarms } from "../constructs/platform/function-alarms.ts";
import { removalOf } from "../constructs/platform/kept-data.ts";
import type { FunctionDefaults } from "../constructs/platform/lambda-function.ts";
import { SavedQueries } from "../constructs/platform/saved-queries.ts";
import type { StageSettings } from "../settings.ts";
import type { LandingStack } from "./landing-stack.ts";

export interface ExportStackProps extends StackProps {
  settings: StageSettings;
  landing: LandingStack;
  functions: FunctionDefaults;
}

/** Bulk exports: the workflow, its triggers, what ends stopped exports, the client's keys in KMS and their rotation, and the alarms. */
export class ExportStack extends Stack {
  constructor(scope: Construct, id: string, props: ExportStackProps) {
    super(scope, id, props);
    const { settings, landing, functions } = props;
    const { metricsNamespace } = functions;
    const keys = new ClientKeyStore(this, "ClientKeys", {
      stage: functions.stage,
      settings: settings.clientKey,
      removalPolicy: removalOf(settings.retention),
    });
    const client = landing.client.withKeys(keys);
    const workflow = { shared: landing, client, settings, functions };
    const { stateMachine } = new BulkExportWorkflow(this, "BulkExport", workflow);
    const triggers = { shared: landing, schedules: settings.schedules, functions };
    const { deadLetters } = new ExportTriggers(this, "Trigger", triggers);
    new StoppedExports(this, "Cancellation", { shared: landing, client, stateMachine, deadLetters, functions });
    const rotation = { shared: landing, client, settings: settings.clientKey, functions };
    const { functionName } = new KeyRotation(this, "KeyRotation", rotation);
    const { sweepMinutes } = settings;
    const swept = { shared: landing, client, sweepMinutes, deadLetters, functions };
    const { sweep } = new SweptExports(this, "Sweeping", swept);
    const topic = sns.Topic.fromTopicArn(this, "AlarmTopic", landing.alarmTopic.arn);
    const alarms = { settings: settings.alarms, topic, stateMachine, deadLetters, sweep, metricsNamespace };
    new ExportAlarms(this, "Alarms", alarms);
    if (settings.alarms.functions) new FunctionAlarms(this, "FunctionAlarms", topic);
    const { stage } = functions;
    addExportDashboard(this, { stage, metricsNamespace, stateMachine, deadLetters, ledger: landing.ledger });
    if (settings.savedQueries) new SavedQueries(this, "Queries", { stage, folder: "exports", queries: exportQueries });
    new CfnOutput(this, "StateMachineArn", { value: stateMachine.stateMachineArn });
    new CfnOutput(this, "RotationFunctionName", { value: functionName });
    new CfnOutput(this, "DeadLetterQueueUrl", { value: deadLetters.queueUrl });
  }
}
