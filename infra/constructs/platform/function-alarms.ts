import { Duration, Fn } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import * as events from "aws-cdk-lib/aws-events";
import * as scheduler from "aws-cdk-lib/aws-scheduler";
import type * as sns from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import { addAlarm } from "./add-alarm.ts";
import { LambdaFunction } from "./lambda-function.ts";

/** CloudWatch accepts at most ten metrics in the expression of one alarm (CloudWatch, "Using metric math"). */
const metricsPerAlarm = 10;

/** A metric of one resource, with a name for its place in an expression. */
type Counted = (period: Duration) => cloudwatch.IMetric;

/**
 * Alarms for the functions, rules and schedules of a stack: functions that Lambda throttles, and events that reached neither their
 * function nor the dead-letter queue. CloudWatch bills each metric of an alarm, so one alarm for ten functions costs as much as ten alarms.
 */
export class FunctionAlarms extends Construct {
  /** @param scope the construct whose functions, rules and schedules are watched, with all that is below it */
  constructor(scope: Construct, id: string, topic: sns.ITopic) {
    super(scope, id);
    const below = scope.node.findAll();
    const lambdas = below.filter((one) => one instanceof LambdaFunction);
    const rules = below.filter((one) => one instanceof events.CfnRule);
    const scheduleGroups = below.filter((one) => one instanceof scheduler.ScheduleGroup);
    const throttles = lambdas.map(
      ({ function: lambda }): Counted =>
        (period) =>
          lambda.metricThrottles({ period }),
    );
    this.#add("Throttled", topic, throttles, {
      description: "Lambda has throttled functions for 15 minutes.",
      runbook: "functions-are-throttled",
      // Each retry meets the throttle anew, so a single burst is no reason to wake anybody.
      periods: 3,
      inARow: true,
    });
    const lost = [
      ...lambdas
        .filter(({ hasFailureDestination }) => hasFailureDestination)
        .map(
          ({ function: lambda }): Counted =>
            (period) =>
              lambda.metric("DestinationDeliveryFailures", sum(period)),
        ),
      ...rules.map(
        (rule): Counted =>
          (period) =>
            lostByRule(rule, period),
      ),
      ...scheduleGroups.map(
        (group): Counted =>
          (period) =>
            group.metricFailedToBeSentToDLQ(undefined, { period }),
      ),
    ];
    this.#add("DeadLettersLost", topic, lost, {
      description: "An event reached neither its function nor the dead-letter queue.",
      runbook: "an-event-was-lost",
    });
  }

  /** Adds one alarm for every ten metrics. It counts their sum. */
  #add(
    id: string,
    topic: sns.ITopic,
    metrics: Counted[],
    alarm: { description: string; runbook: string; periods?: number; inARow?: boolean },
  ): void {
    const period = Duration.minutes(5);
    for (let first = 0; first < metrics.length; first += metricsPerAlarm) {
      const group = metrics.slice(first, first + metricsPerAlarm).map((metric, index) => [`m${index}`, metric(period)]);
      const usingMetrics = Object.fromEntries(group) as Record<string, cloudwatch.IMetric>;
      // A metric without a value would leave the whole sum without one.
      const expression = Object.keys(usingMetrics)
        .map((name) => `FILL(${name}, 0)`)
        .join(" + ");
      const metric = new cloudwatch.MathExpression({ expression, usingMetrics, period, label: id });
      addAlarm(this, first === 0 ? id : `${id}${first / metricsPerAlarm + 1}`, topic, {
        metric,
        threshold: 1,
        ...alarm,
      });
    }
  }
}

const sum = (period: Duration): cloudwatch.MetricOptions => ({ statistic: cloudwatch.Stats.SUM, period });

/** A rule on the default bus is named by itself, one on another bus by the bus and itself (EventBridge, "Monitoring"). */
function lostByRule(rule: events.CfnRule, period: Duration): cloudwatch.IMetric {
  const { eventBusName } = rule;
  return new cloudwatch.Metric({
    namespace: "AWS/Events",
    metricName: "InvocationsFailedToBeSentToDlq",
    dimensionsMap: {
      // The reference of a rule on another bus is `bus|rule`. Its ARN ends with the rule's name in any case.
      RuleName: Fn.select(eventBusName === undefined ? 1 : 2, Fn.split("/", rule.attrArn)),
      ...(eventBusName !== undefined && { EventBusName: eventBusName }),
    },
    ...sum(period),
  });
}
