import { CfnOutput, Duration, Stack, type StackProps } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import * as sns from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { sessionMetrics } from "#user-session/language/session-metrics.ts";
import { addApiDashboard } from "../constructs/on-demand-api/api-dashboard.ts";
import { apiQueries } from "../constructs/on-demand-api/api-queries.ts";
import { OnDemandApi } from "../constructs/on-demand-api/on-demand-api.ts";
import { addAlarm } from "../constructs/platform/add-alarm.ts";
import { FunctionAlarms } from "../constructs/platform/function-alarms.ts";
import type { FunctionDefaults } from "../constructs/platform/lambda-function.ts";
import { SavedQueries } from "../constructs/platform/saved-queries.ts";
import { addSweepAlarms } from "../constructs/platform/sweep-alarms.ts";
import { SweptLinks } from "../constructs/user-session/swept-links.ts";
import type { StageSettings } from "../settings.ts";
import type { LandingStack } from "./landing-stack.ts";

export interface ApiStackProps extends StackProps {
  settings: StageSettings;
  landing: LandingStack;
  functions: FunctionDefaults;
}

/** The HTTP API for patients, resources, CCDs and links, the sweep of links, and the alarms. */
export class ApiStack extends Stack {
  readonly api: OnDemandApi;

  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, props);
    const { settings, landing, functions } = props;
    const { userSession } = landing;
    const { types, groups } = settings.export;
    const exports = { types, groups, keptDays: settings.retention.exportDays };
    const api = new OnDemandApi(this, "OnDemand", {
      shared: landing,
      userSession,
      client: landing.client,
      rotateEveryDays: settings.clientKey.rotateEveryDays,
      settings: settings.api,
      exports,
      functions,
    });
    this.api = api;
    const topic = sns.Topic.fromTopicArn(this, "AlarmTopic", landing.alarmTopic.arn);
    addAlarm(this, "ApiErrors", topic, {
      metric: api.metric("5xx", "Sum", Duration.minutes(5)),
      threshold: 5,
      description: "The API answered at least five calls with a status of 500 or above within five minutes.",
      runbook: "the-api-answers-with-errors",
    });
    const sweeping = { shared: landing, userSession, sweepMinutes: settings.sweepMinutes, functions };
    const { sweep, deadLetters } = new SweptLinks(this, "LinkSweeping", sweeping);
    addSweepAlarms(this, topic, {
      sweep,
      wing: sessionMetrics,
      metricsNamespace: functions.metricsNamespace,
      what: "links",
    });
    addAlarm(this, "LinkSweepUndelivered", topic, {
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(5),
        statistic: cloudwatch.Stats.MAXIMUM,
      }),
      threshold: 1,
      description: "A sweep of links could not be started. See the dead-letter queue.",
      runbook: "a-trigger-was-not-delivered",
    });
    if (settings.alarms.functions) new FunctionAlarms(this, "FunctionAlarms", topic);
    const { stage, metricsNamespace } = functions;
    addApiDashboard(this, { stage, api, deadLetters, metricsNamespace });
    if (settings.savedQueries) new SavedQueries(this, "Queries", { stage, folder: "api", queries: apiQueries });
    // A stage that gives its console up deploys this stage first. CloudFormation keeps an export that is still imported.
    this.exportValue(api.apiId);
    new CfnOutput(this, "ApiUrl", { value: api.url });
    new CfnOutput(this, "ApiId", { value: api.apiId });
    if (api.domain === undefined) return;
    const { regionalDomainName, regionalHostedZoneId } = api.domain;
    const description = "A DNS record must lead the API's domain to this name: a CNAME, or an alias in Route 53";
    new CfnOutput(this, "DomainTarget", { value: regionalDomainName, description });
    new CfnOutput(this, "DomainHostedZoneId", {
      value: regionalHostedZoneId,
      description: "The hosted zone of DomainTarget, for an alias in Route 53",
    });
  }
}
