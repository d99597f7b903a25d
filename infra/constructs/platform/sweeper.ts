import { Duration } from "aws-cdk-lib";
import * as scheduler from "aws-cdk-lib/aws-scheduler";
import * as schedulerTargets from "aws-cdk-lib/aws-scheduler-targets";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { type FunctionDefaults, LambdaFunction, type LambdaFunctionProps } from "./lambda-function.ts";
import { scheduleGroup, schedulerRole } from "./schedules.ts";

export interface SweeperProps extends Pick<LambdaFunctionProps, "name" | "callsServer"> {
  functions: FunctionDefaults;
  /** Minutes from one sweep to the next. */
  sweepMinutes: number;
  /** Keeps the invocations that could not be delivered to the function. */
  deadLetters: sqs.Queue;
}

/**
 * A function that a schedule invokes every few minutes. It looks for work whose end was not published. Its input is the
 * time for which the schedule was due.
 */
export class Sweeper extends Construct {
  readonly lambda: LambdaFunction;

  constructor(scope: Construct, id: string, { functions, sweepMinutes, deadLetters, ...props }: SweeperProps) {
    super(scope, id);
    const { name } = props;
    this.lambda = new LambdaFunction(this, "Sweep", functions, { ...props, timeout: Duration.minutes(5) });
    // The next sweep finds whatever a failed one left, and the alarm on its errors rings.
    this.lambda.function.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(sweepMinutes) });
    new scheduler.Schedule(this, "Schedule", {
      scheduleGroup: scheduleGroup(this),
      description: `Invokes ${name} every ${sweepMinutes} minutes`,
      schedule: scheduler.ScheduleExpression.rate(Duration.minutes(sweepMinutes)),
      target: new schedulerTargets.LambdaInvoke(this.lambda.function, {
        input: scheduler.ScheduleTargetInput.fromObject({ time: scheduler.ContextAttribute.scheduledTime }),
        role: schedulerRole(this, this.lambda, deadLetters).withoutPolicyUpdates(),
        deadLetterQueue: deadLetters,
        retryAttempts: 2,
        maxEventAge: Duration.minutes(sweepMinutes),
      }),
    });
  }
}
