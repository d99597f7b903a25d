import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import * as sns from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { CcdAlarms } from "../constructs/ccd-retrieval/ccd-alarms.ts";
import { addCcdDashboard } from "../constructs/ccd-retrieval/ccd-dashboard.ts";
import { ccdQueries } from "../constructs/ccd-retrieval/ccd-queries.ts";
import { CcdRetrievalWorkflow } from "../constructs/ccd-retrieval/ccd-retrieval-workflow.ts";
import { StoppedRetrievals } from "../constructs/ccd-retrieval/stopped-retrievals.ts";
import { SweptRequests } from "../constructs/ccd-retrieval/swept-requests.ts";
import { FunctionAlarms } from "../constructs/platform/function-alarms.ts";
import type { FunctionDefaults } from "../constructs/platform/lambda-function.ts";
import { SavedQueries } from "../constructs/platform/saved-queries.ts";
import type { StageSettings } from "../settings.ts";
import type { LandingStack } from "./landing-stack.ts";

export interface DocumentsStackProps extends StackProps {
  settings: StageSettings;
  landing: LandingStack;
  functions: FunctionDefaults;
}

/** Patients' CCDs on demand: the workflow, what ends stopped requests, and the alarms. */
export class DocumentsStack extends Stack {
  constructor(scope: Construct, id: string, props: DocumentsStackProps) {
    super(scope, id, props);
    const { landing, settings, functions } = props;
    const { userSession } = landing;
    const { metricsNamespace } = functions;
    const workflow = new CcdRetrievalWorkflow(this, "CcdRetrieval", {
      shared: landing,
      userSession,
      settings,
      functions,
    });
    const { stateMachine } = workflow;
    const topic = sns.Topic.fromTopicArn(this, "AlarmTopic", landing.alarmTopic.arn);
    const { deadLetters } = new StoppedRetrievals(this, "CcdStop", workflow);
    const { sweepMinutes, retention } = settings;
    const swept = { shared: landing, retention, sweepMinutes, deadLetters, functions };
    const { sweep } = new SweptRequests(this, "CcdSweeping", swept);
    new CcdAlarms(this, "CcdAlarms", { topic, stateMachine, deadLetters, sweep, metricsNamespace });
    if (settings.alarms.functions) new FunctionAlarms(this, "FunctionAlarms", topic);
    const { stage } = functions;
    addCcdDashboard(this, { stage, metricsNamespace, stateMachine, deadLetters });
    if (settings.savedQueries) new SavedQueries(this, "Queries", { stage, folder: "ccds", queries: ccdQueries });
    new CfnOutput(this, "StateMachineArn", { value: stateMachine.stateMachineArn });
  }
}
