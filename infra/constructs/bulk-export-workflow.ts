import { ArnFormat, Duration, Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import type { LandingStack } from "../stacks/landing-stack.ts";
import { bulkExportName, grantExecutions, grantStart } from "./execution-access.ts";
import { anyExport, auditOf, grantBus, grantLanding, grantLedger } from "./landing-access.ts";
import type { StepFunctionLambda } from "./step-function-lambda.ts";
import { StepFunctionsWorkflow, type WorkflowProps } from "./step-functions-workflow.ts";
import { acknowledgeWildcard } from "./wildcard-resources.ts";

const short = Duration.seconds(60);
const medium = Duration.seconds(120);
const long = Duration.minutes(5);

/** The bulk-export state machine and the function behind each of its states, each with just what it needs. */
export class BulkExportWorkflow extends StepFunctionsWorkflow {
  override readonly stateMachine: sfn.StateMachine;

  constructor(scope: Construct, id: string, props: WorkflowProps) {
    super(scope, id, props);
    this.#validateRequest();
    this.#takeLease();
    this.#adoptResult();
    this.#kickOffExport();
    this.#pollExport();
    this.#planDownloads();
    this.#downloadFile();
    this.#completeExport();
    this.#deleteJob();
    this.#releaseLease();
    this.#startAfresh();
    this.#announceCompletion();
    this.#failExport();
    this.stateMachine = this.#stateMachine();
  }

  #validateRequest(): void {
    const { settings, landing } = this.props;
    const step = this.step("ValidateRequest", "validate-request", short);
    step.setEnvironment({
      EXPORT_TYPES: JSON.stringify(settings.export.types),
      EXPORT_GROUPS: JSON.stringify(settings.export.groups),
      DEADLINE_HOURS: String(settings.export.deadlineHours),
    });
    grantLedger(landing, step, { checkpoint: ["GetItem"] });
    this.#grantBucket(step, {
      lookUp: true,
      read: ["work/*/export.json"],
      write: ["work/*/export.json", auditOf("requested")],
    });
  }

  #takeLease(): void {
    const { landing, functions } = this.props;
    const step = this.step("TakeLease", "take-lease", medium);
    landing.integra.grantClient(step);
    grantLedger(landing, step, { lease: ["GetItem", "PutItem"] });
    grantExecutions(step, bulkExportName(functions.stage), ["states:DescribeExecution"]);
    this.#grantBucket(step, {
      lookUp: true,
      read: ["work/*/job.json", "work/*/plan.json", "exports/*/summary.json"],
    });
  }

  #adoptResult(): void {
    const step = this.step("AdoptResult", "adopt-result", short, 512);
    this.#grantBucket(step, {
      read: ["exports/*/summary.json"],
      write: ["exports/*/summary.json", auditOf("landed")],
    });
  }

  #kickOffExport(): void {
    const { landing } = this.props;
    const step = this.step("KickOffExport", "kick-off-export", medium);
    landing.integra.grantClient(step);
    grantLedger(landing, step, { lease: ["GetItem"] });
    this.#grantBucket(step, {
      lookUp: true,
      read: ["work/*/kick-off.json", "work/*/job.json", "work/*/stop.json"],
      write: ["work/*/kick-off.json", "work/*/job.json", auditOf("kicked-off"), auditOf("told")],
    });
    this.#grantBus(step);
  }

  #pollExport(): void {
    const step = this.step("PollExport", "poll-export", medium, 512);
    this.props.landing.integra.grantClient(step);
    this.#grantBucket(step, {
      lookUp: true,
      read: ["work/*/job.json"],
      write: ["work/*/job.json", "exports/*/manifest.json"],
    });
  }

  #planDownloads(): void {
    const { landing, settings } = this.props;
    const step = this.step("PlanDownloads", "plan-downloads", long, 512);
    step.setEnvironment({ MATCH_REQUEST: String(settings.integra.matchRequest) });
    landing.integra.grantClient(step);
    this.#grantBucket(step, {
      lookUp: true,
      read: ["work/*/job.json", "exports/*/manifest.json", "work/*/plan.json", "work/*/receipts/*"],
      write: ["work/*/job.json", "exports/*/manifest-*.json", "work/*/plan.json", "work/*/work-list.json"],
    });
  }

  #downloadFile(): void {
    const step = this.step("DownloadFile", "download-file", Duration.minutes(15), 1024);
    this.props.landing.integra.grantClient(step);
    this.#grantBucket(step, {
      lookUp: true,
      read: ["exports/*.ndjson", "work/*/plan.json", "work/*/stop*.json", "work/*/receipts/*"],
      write: ["exports/*.ndjson", "work/*/stop*.json", "work/*/receipts/*", "work/*/failures/*"],
    });
    step.allow(["s3:AbortMultipartUpload"], [this.props.landing.objectsArn("exports/*.ndjson")], anyExport);
    this.#grantBus(step);
  }

  #completeExport(): void {
    const { landing, settings } = this.props;
    const step = this.step("CompleteExport", "complete-export", long, 512);
    step.setEnvironment({ TOLERATED_MISSING_SHARE: String(settings.export.toleratedMissingShare) });
    this.#grantBucket(step, {
      lookUp: true,
      read: ["job.json", "plan.json", "stop*.json", "receipts/*", "failures/*"].map((name) => `work/*/${name}`),
      write: ["exports/*/summary.json", auditOf("landed")],
    });
    grantLedger(landing, step, { checkpoint: ["UpdateItem"] });
  }

  #deleteJob(): void {
    const { landing } = this.props;
    const step = this.step("DeleteJob", "delete-job", medium);
    landing.integra.grantClient(step);
    grantLedger(landing, step, { lease: ["GetItem"] });
    this.#grantBucket(step, { lookUp: true, read: ["work/*/job.json"] });
  }

  #releaseLease(): void {
    const step = this.step("ReleaseLease", "release-lease", short);
    grantLedger(this.props.landing, step, { lease: ["DeleteItem"] });
  }

  #startAfresh(): void {
    const step = this.step("StartAfresh", "start-afresh", short);
    const machine = bulkExportName(this.props.functions.stage);
    grantStart(step, machine);
    grantExecutions(step, machine, ["states:DescribeExecution"]);
  }

  #announceCompletion(): void {
    const step = this.step("AnnounceCompletion", "announce-completion", short, 512);
    this.#grantBucket(step, { read: ["exports/*/summary.json"], write: [auditOf("told")] });
    this.#grantBus(step);
  }

  #failExport(): void {
    const step = this.step("FailExport", "fail-export", short);
    this.#grantBucket(step, { lookUp: true, read: ["work/*/stop*.json"], write: [auditOf("told")] });
    this.#grantBus(step);
  }

  #grantBucket(step: StepFunctionLambda, access: Parameters<typeof grantLanding>[2]): void {
    grantLanding(this.props.landing, step, access);
  }

  #grantBus(step: StepFunctionLambda): void {
    grantBus(this.props.landing, step);
  }

  #stateMachine(): sfn.StateMachine {
    const { landing, settings, functions } = this.props;
    const name = bulkExportName(functions.stage);
    const stateMachine = this.machine(name, "bulk-export.asl.json", {
      texts: { LandingBucketName: landing.bucketName },
      numbers: {
        DownloadConcurrency: settings.export.downloadConcurrency,
        // The deadline is a Choice in the definition. This is the last net below it, with a day for the downloads.
        ExecutionTimeoutSeconds: Math.round((settings.export.deadlineHours + 24) * 3600),
      },
    });
    grantDistributedMap(stateMachine, name, landing);
    return stateMachine;
  }
}

/** What the machine needs for its Distributed Map: to read the work lists, and to run the children. */
function grantDistributedMap(stateMachine: sfn.StateMachine, name: string, landing: LandingStack): void {
  const allow = (actions: string[], resources: string[]) =>
    stateMachine.addToRolePolicy(new iam.PolicyStatement({ actions, resources }));
  const workLists = landing.objectsArn("work/*/work-list.json");
  allow(["s3:GetObject"], [workLists]);
  allow(["kms:Decrypt"], [landing.key.keyArn]);
  const executions = ["/*", ":*"].map((children) =>
    Stack.of(stateMachine).formatArn({
      service: "states",
      resource: "execution",
      resourceName: `${name}${children}`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    }),
  );
  // A policy of its own: within the role's default policy the machine would depend on itself.
  const mapRuns = new iam.Policy(stateMachine, "MapRuns", {
    statements: [
      new iam.PolicyStatement({ actions: ["states:StartExecution"], resources: [stateMachine.stateMachineArn] }),
      new iam.PolicyStatement({ actions: ["states:DescribeExecution", "states:StopExecution"], resources: executions }),
    ],
  });
  mapRuns.attachToRole(stateMachine.role);
  acknowledgeWildcard(stateMachine, workLists, anyExport);
  for (const children of executions)
    acknowledgeWildcard(stateMachine, children, "The children of the Distributed Map.");
}
