import { Duration, Stack, TimeZone, Validations } from "aws-cdk-lib";
import * as events from "aws-cdk-lib/aws-events";
import * as eventTargets from "aws-cdk-lib/aws-events-targets";
import * as iam from "aws-cdk-lib/aws-iam";
import * as destinations from "aws-cdk-lib/aws-lambda-destinations";
import * as scheduler from "aws-cdk-lib/aws-scheduler";
import * as schedulerTargets from "aws-cdk-lib/aws-scheduler-targets";
import * as sqs from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { exportCancelRequested, exportRequested, exportResumeRequested } from "#bulk-export/language/export-events.ts";
import type { ScheduleSettings } from "../settings.ts";
import { bulkExportName, grantExecutions, grantStart } from "./execution-access.ts";
import { type FunctionDefaults, StepFunctionLambda } from "./step-function-lambda.ts";

export interface ExportTriggerProps {
  bus: events.IEventBus;
  schedules: readonly ScheduleSettings[];
  functions: FunctionDefaults;
}

/**
 * What starts exports, resumes and stops them: events on the bus, and the stage's schedules. What cannot be delivered is
 * kept.
 */
export class ExportTrigger extends Construct {
  /** Triggers that could not be delivered to their function, or that it failed on. */
  readonly deadLetters: sqs.Queue;
  readonly starter: StepFunctionLambda;
  #role: iam.Role | undefined;

  constructor(scope: Construct, id: string, props: ExportTriggerProps) {
    super(scope, id);
    const machine = bulkExportName(props.functions.stage);
    this.deadLetters = deadLetterQueue(this, "DeadLetters");
    this.starter = this.#onEvent("StartExport", "start-export", exportRequested, props);
    grantStart(this.starter, machine);
    grantExecutions(this.starter, machine, ["states:DescribeExecution"]);
    const resumer = this.#onEvent("ResumeExport", "resume-export", exportResumeRequested, props);
    grantStart(resumer, machine);
    grantExecutions(resumer, machine, ["states:DescribeExecution"]);
    const stopper = this.#onEvent("StopExport", "stop-export", exportCancelRequested, props);
    grantExecutions(stopper, machine, ["states:DescribeExecution", "states:StopExecution"]);
    for (const schedule of props.schedules) this.#schedule(schedule);
  }

  /** A function that is called for each event of a type; where it cannot be, or fails, the event is kept. */
  #onEvent(id: string, name: string, detailType: string, { bus, functions }: ExportTriggerProps): StepFunctionLambda {
    const target = new StepFunctionLambda(this, id, functions, { name, timeout: Duration.seconds(30) });
    target.function.configureAsyncInvoke({
      onFailure: new destinations.SqsDestination(this.deadLetters),
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
    });
    new events.Rule(this, detailType.replaceAll(" ", ""), {
      eventBus: bus,
      description: `Hands each "${detailType}" event to ${name}`,
      eventPattern: { detailType: [detailType] },
      targets: [
        new eventTargets.LambdaFunction(target.function, {
          deadLetterQueue: this.deadLetters,
          retryAttempts: 10,
          maxEventAge: Duration.hours(6),
        }),
      ],
    });
    return target;
  }

  #schedule({ name, expression, timezone, enabled, fullEvery, detail }: ScheduleSettings): void {
    const time = scheduler.ContextAttribute.scheduledTime;
    const schedule = { name, time, ...(fullEvery !== undefined && { fullEvery }) };
    new scheduler.Schedule(this, `Schedule-${name}`, {
      description: `Exports by the stage's schedule "${name}"`,
      schedule: scheduler.ScheduleExpression.expression(expression, TimeZone.of(timezone)),
      enabled,
      target: new schedulerTargets.LambdaInvoke(this.starter.function, {
        input: scheduler.ScheduleTargetInput.fromObject({ schedule, detail }),
        role: this.#schedulerRole().withoutPolicyUpdates(),
        deadLetterQueue: this.deadLetters,
        retryAttempts: 10,
        maxEventAge: Duration.hours(6),
      }),
    });
  }

  /** One role for all schedules: they call the starter and nothing else. The CDK's own would admit each of its versions. */
  #schedulerRole(): iam.Role {
    if (this.#role !== undefined) return this.#role;
    const { account } = Stack.of(this);
    const assumedBy = new iam.ServicePrincipal("scheduler.amazonaws.com", {
      conditions: { StringEquals: { "aws:SourceAccount": account } },
    });
    const role = new iam.Role(this, "SchedulerRole", { assumedBy });
    const allow = (action: string, resource: string) =>
      role.addToPolicy(new iam.PolicyStatement({ actions: [action], resources: [resource] }));
    allow("lambda:InvokeFunction", this.starter.function.functionArn);
    allow("sqs:SendMessage", this.deadLetters.queueArn);
    Validations.of(role).acknowledge({
      id: "HIPAA.Security-IAMNoInlinePolicy",
      reason: "The schedules have their own role, and its policy belongs to no other.",
    });
    this.#role = role;
    return role;
  }
}

/** A queue for what could not be delivered; its alarm is in export-alarms. */
export function deadLetterQueue(scope: Construct, id: string): sqs.Queue {
  const queue = new sqs.Queue(scope, id, {
    encryption: sqs.QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  Validations.of(queue).acknowledge({ id: "AwsSolutions-SQS3", reason: "This is a dead-letter queue itself." });
  return queue;
}
