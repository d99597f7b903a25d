import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type * as sns from "aws-cdk-lib/aws-sns";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import { CcdAlarms } from "../constructs/ccd-alarms.ts";
import { CcdRetrieval } from "../constructs/ccd-retrieval.ts";
import { CcdStop } from "../constructs/ccd-stop.ts";
import type { FunctionDefaults } from "../constructs/step-function-lambda.ts";
import type { StageSettings } from "../settings.ts";
import type { LandingStack } from "./landing-stack.ts";

export interface DocumentsStackProps extends StackProps {
  settings: StageSettings;
  landing: LandingStack;
  functions: FunctionDefaults;
  alarmTopic: sns.ITopic;
}

/** Patients' documents on demand: what fetches them, and what rings. */
export class DocumentsStack extends Stack {
  readonly stateMachine: sfn.StateMachine;

  constructor(scope: Construct, id: string, props: DocumentsStackProps) {
    super(scope, id, props);
    const { landing, settings, functions, alarmTopic: topic } = props;
    const { metricsNamespace } = functions;
    const retrieval = new CcdRetrieval(this, "CcdRetrieval", { landing, settings, functions });
    const { stateMachine } = retrieval;
    const { deadLetters } = new CcdStop(this, "CcdStop", retrieval);
    new CcdAlarms(this, "CcdAlarms", { topic, stateMachine, deadLetters, metricsNamespace });
    this.stateMachine = stateMachine;
    new CfnOutput(this, "StateMachineArn", { value: stateMachine.stateMachineArn });
  }
}
