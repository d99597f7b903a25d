import { Duration, TimeZone } from "aws-cdk-lib";
import * as events from "aws-cdk-lib/aws-events";
import * as eventTargets from "aws-cdk-lib/aws-events-targets";
import type * as iam from "aws-cdk-lib/aws-iam";
import * as scheduler from "aws-cdk-lib/aws-scheduler";
import * as schedulerTargets from "aws-cdk-lib/aws-scheduler-targets";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { exportCancelRequested, exportRequested, exportResumeRequested } from "#bulk-export/language/export-events.ts";
import type { ScheduleSettings } from "../../settings/bulk-export.ts";
import { grantBucket } from "../platform/bucket-access.ts";
import { deadLetterQueue } from "../platform/dead-letter-queue.ts";
import { grantExecutions, grantStart } from "../platform/execution-access.ts";
import { type FunctionDefaults, LambdaFunction } from "../platform/lambda-function.ts";
import { grantLedger } from "../platform/ledger-access.ts";
import { scheduleGroup, schedulerRole } from "../platform/schedules.ts";
import type { SharedResources } from "../platform/shared-resources.ts";
import { exportObjects } from "./export-objects.ts";
import { bulkExportName } from "./state-machine-name.ts";

export interface ExportTriggersProps {
  shared: SharedResources;
  schedules: readonly ScheduleSettings[];
  functions: FunctionDefaults;
}

/** What starts, resumes and stops exports: events on the bus, and the stage's schedules. */
export class ExportTriggers extends Construct {
  /** Keeps the triggers that could not be delivered to their function, or that it failed on. */
  readonly deadLetters: sqs.Queue;
  readonly #startExport: LambdaFunction;
  #schedules: { role: iam.Role; group: scheduler.ScheduleGroup } | undefined;

  constructor(scope: Construct, id: string, props: ExportTriggersProps) {
    super(scope, id);
    const machine = bulkExportName(props.functions.stage);
    this.deadLetters = deadLetterQueue(this, "DeadLetters");
    this.#startExport = this.#onEvent("StartExport", "start-export", exportRequested, props);
    grantStart(this.#startExport, machine);
    grantExecutions(this.#startExport, machine, ["states:DescribeExecution"]);
    grantLedger(props.shared, this.#startExport, { openRun: ["PutItem", "DeleteItem"] });
    const resumeExport = this.#onEvent("ResumeExport", "resume-export", exportResumeRequested, props);
    grantStart(resumeExport, machine);
    grantExecutions(resumeExport, machine, ["states:DescribeExecution"]);
    grantLedger(props.shared, resumeExport, { openRun: ["PutItem", "DeleteItem"] });
    const stopExport = this.#onEvent("StopExport", "stop-export", exportCancelRequested, props);
    grantExecutions(stopExport, machine, ["states:DescribeExecution", "states:StopExecution"]);
    grantBucket(props.shared, stopExport, { write: [exportObjects.stop] });
    for (const schedule of props.schedules) this.#schedule(schedule);
  }

  /** A function that is invoked for each event of a type. If that is not possible, or it fails, the event is kept. */
  #onEvent(id: string, name: string, detailType: string, { shared, functions }: ExportTriggersProps): LambdaFunction {
    const target = new LambdaFunction(this, id, functions, { name, timeout: Duration.seconds(30) });
    target.keepFailedEvents(this.deadLetters, Duration.hours(6));
    new events.Rule(this, detailType.replaceAll(" ", ""), {
      eventBus: shared.bus,
      description: `Invokes ${name} for each "${detailType}" event`,
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
    const { role, group } = this.#sharedBySchedules();
    new scheduler.Schedule(this, `Schedule-${name}`, {
      scheduleGroup: group,
      description: `Starts an export by the stage's schedule "${name}"`,
      schedule: scheduler.ScheduleExpression.expression(expression, TimeZone.of(timezone)),
      enabled,
      target: new schedulerTargets.LambdaInvoke(this.#startExport.function, {
        input: scheduler.ScheduleTargetInput.fromObject({ schedule, detail }),
        role: role.withoutPolicyUpdates(),
        deadLetterQueue: this.deadLetters,
        retryAttempts: 10,
        maxEventAge: Duration.hours(6),
      }),
    });
  }

  /** One role and one group for all schedules. A stage without schedules has neither. */
  #sharedBySchedules(): { role: iam.Role; group: scheduler.ScheduleGroup } {
    this.#schedules ??= {
      role: schedulerRole(this, this.#startExport, this.deadLetters),
      group: scheduleGroup(this),
    };
    return this.#schedules;
  }
}
