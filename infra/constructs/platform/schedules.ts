import { RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import * as scheduler from "aws-cdk-lib/aws-scheduler";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import type { LambdaFunction } from "./lambda-function.ts";

/**
 * A role for the schedules of one function, which may invoke that function only. The CDK's own role could invoke each of the
 * function's versions as well.
 * @param deadLetters keeps the invocations that could not be delivered
 */
export function schedulerRole(
  scope: Construct,
  { function: lambda }: LambdaFunction,
  deadLetters: sqs.Queue,
): iam.Role {
  const assumedBy = new iam.ServicePrincipal("scheduler.amazonaws.com", {
    conditions: { StringEquals: { "aws:SourceAccount": Stack.of(scope).account } },
  });
  const role = new iam.Role(scope, "SchedulerRole", { assumedBy });
  const allow = (action: string, resource: string) =>
    role.addToPolicy(new iam.PolicyStatement({ actions: [action], resources: [resource] }));
  allow("lambda:InvokeFunction", lambda.functionArn);
  allow("sqs:SendMessage", deadLetters.queueArn);
  Validations.of(role).acknowledge({
    id: "HIPAA.Security-IAMNoInlinePolicy",
    reason: "The schedules have a role of their own, and the policy belongs to that role only.",
  });
  return role;
}

/**
 * A group for the schedules of a construct. EventBridge Scheduler counts its metrics for each group, and the account's default group
 * has the schedules of others as well (EventBridge Scheduler, "Monitoring EventBridge Scheduler with Amazon CloudWatch").
 */
export const scheduleGroup = (scope: Construct): scheduler.ScheduleGroup =>
  new scheduler.ScheduleGroup(scope, "ScheduleGroup", { removalPolicy: RemovalPolicy.DESTROY });
