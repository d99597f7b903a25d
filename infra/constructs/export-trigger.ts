import { ArnFormat, Duration, Stack, TimeZone, Validations } from "aws-cdk-lib";
import * as events from "aws-cdk-lib/aws-events";
import * as eventTargets from "aws-cdk-lib/aws-events-targets";
import * as iam from "aws-cdk-lib/aws-iam";
import * as destinations from "aws-cdk-lib/aws-lambda-destinations";
import * as scheduler from "aws-cdk-lib/aws-scheduler";
import * as schedulerTargets from "aws-cdk-lib/aws-scheduler-targets";
import * as sqs from "aws-cdk-lib/aws-sqs";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { exportRequested } from "../../functions/contracts/events.ts";
import type { ScheduleSettings } from "../settings.ts";
import { bulkExportName } from "./bulk-export-workflow.ts";
import { type FunctionDefaults, StepFunctionLambda } from "./step-function-lambda.ts";

export interface ExportTriggerProps {
  bus: events.IEventBus;
  stateMachine: sfn.StateMachine;
  schedules: readonly ScheduleSettings[];
  functions: FunctionDefaults;
}

/** What starts exports: `Export Requested` events on the bus, and the stage's schedules. What cannot be delivered is kept. */
export class ExportTrigger extends Construct {
  /** Triggers that could not be delivered to the starter, or that it failed on. */
  readonly deadLetters: sqs.Queue;
  readonly starter: StepFunctionLambda;
  #role: iam.Role | undefined;

  constructor(scope: Construct, id: string, props: ExportTriggerProps) {
    super(scope, id);
    this.deadLetters = deadLetterQueue(this, "DeadLetters");
    this.starter = this.#starter(props);
    new events.Rule(this, "ExportRequested", {
      eventBus: props.bus,
      description: "An export is asked for",
      eventPattern: { detailType: [exportRequested] },
      targets: [
        new eventTargets.LambdaFunction(this.starter.function, {
          deadLetterQueue: this.deadLetters,
          retryAttempts: 10,
          maxEventAge: Duration.hours(6),
        }),
      ],
    });
    for (const schedule of props.schedules) this.#schedule(schedule);
  }

  #starter({ functions, stateMachine }: ExportTriggerProps): StepFunctionLambda {
    const starter = new StepFunctionLambda(this, "StartExport", functions, {
      name: "start-export",
      timeout: Duration.seconds(30),
    });
    starter.setEnvironment({ STATE_MACHINE_ARN: stateMachine.stateMachineArn });
    starter.allow(["states:StartExecution"], [stateMachine.stateMachineArn]);
    starter.allow(
      ["states:DescribeExecution"],
      [executionsOf(stateMachine, functions.stage)],
      "Each execution of this machine.",
    );
    starter.function.configureAsyncInvoke({
      onFailure: new destinations.SqsDestination(this.deadLetters),
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
    });
    return starter;
  }

  #schedule({ name, expression, timezone, enabled, detail }: ScheduleSettings): void {
    const schedule = { name, time: scheduler.ContextAttribute.scheduledTime };
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

function executionsOf(stateMachine: sfn.StateMachine, stage: string): string {
  return stateMachine.stack.formatArn({
    service: "states",
    resource: "execution",
    resourceName: `${bulkExportName(stage)}:*`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
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
