import { ArnFormat, Duration, Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import type { ExportAuditFact } from "#bulk-export/language/export-audit-facts.ts";
import type { ExportEvent } from "#bulk-export/language/export-events.ts";
import { type BulkExportSettings, downloadSlots } from "../../settings/bulk-export.ts";
import type { IntegraSettings } from "../../settings/integra.ts";
import type { RetentionSettings } from "../../settings/platform.ts";
import { acknowledgeWildcard } from "../platform/acknowledge-wildcard.ts";
import {
  type BucketAccess,
  grantAudit,
  grantBucket,
  keyWildcardReason,
  objectsArn,
} from "../platform/bucket-access.ts";
import { grantPublish } from "../platform/bus-access.ts";
import { acknowledgeStandardExecutions, grantExecutions, grantStart } from "../platform/execution-access.ts";
import type { LambdaFunction } from "../platform/lambda-function.ts";
import { grantLedger, grantReleaseLease } from "../platform/ledger-access.ts";
import type { SharedResources } from "../platform/shared-resources.ts";
import { StepFunctionsWorkflow, type WorkflowProps } from "../platform/step-functions-workflow.ts";
import type { ClientAccess } from "./backend-client.ts";
import { exportFact, exportObjects } from "./export-objects.ts";
import { keepProgress } from "./exports-over-http.ts";
import { bulkExportName } from "./state-machine-name.ts";

export interface BulkExportWorkflowProps extends WorkflowProps {
  shared: SharedResources;
  client: ClientAccess;
  settings: { export: BulkExportSettings; integra: IntegraSettings; retention: RetentionSettings };
}

const { record, kickOff, job, plan, workList, stop, receipt, failure, manifest, manifestPage, file, summary } =
  exportObjects;

const short = Duration.seconds(60);
const medium = Duration.seconds(120);
const long = Duration.minutes(5);

/** The bulk-export state machine and its functions. It releases its lease itself; every other task is a function. */
export class BulkExportWorkflow extends StepFunctionsWorkflow<BulkExportWorkflowProps> {
  override readonly stateMachine: sfn.StateMachine;

  constructor(scope: Construct, id: string, props: BulkExportWorkflowProps) {
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
    this.#startAfresh();
    this.#announceCompletion();
    this.#failExport();
    this.stateMachine = this.#stateMachine();
  }

  #validateRequest(): void {
    const { settings, shared } = this.props;
    const step = this.step("ValidateRequest", "validate-request", short);
    step.setEnvironment({
      EXPORT_TYPES: JSON.stringify(settings.export.types),
      EXPORT_GROUPS: JSON.stringify(settings.export.groups),
      DEADLINE_HOURS: String(settings.export.deadlineHours),
    });
    grantLedger(shared, step, {
      checkpoint: ["GetItem"],
      openRun: ["PutItem"],
      progress: ["PutItem", "UpdateItem"],
    });
    keepProgress(step, settings.retention.exportDays);
    this.#grantBucket(step, {
      list: true,
      read: [record],
      write: [record],
    });
    this.#grantFacts(step, ["requested"]);
  }

  #takeLease(): void {
    const { shared, client, functions } = this.props;
    const step = this.step("TakeLease", "take-lease", medium, { callsServer: true });
    client.grantClient(step);
    grantLedger(shared, step, { lease: ["GetItem", "PutItem"], progress: ["UpdateItem"] });
    grantExecutions(step, bulkExportName(functions.stage), ["states:DescribeExecution"]);
    this.#grantBucket(step, {
      list: true,
      read: [job, plan, summary],
    });
  }

  #adoptResult(): void {
    const step = this.step("AdoptResult", "adopt-result", short, { memoryMiB: 512 });
    grantLedger(this.props.shared, step, { progress: ["UpdateItem"] });
    this.#grantBucket(step, {
      read: [summary],
      write: [summary],
    });
    this.#grantFacts(step, ["landed"]);
  }

  #kickOffExport(): void {
    const { shared, client } = this.props;
    const step = this.step("KickOffExport", "kick-off-export", medium, { callsServer: true });
    client.grantClient(step);
    grantLedger(shared, step, { lease: ["GetItem"], progress: ["UpdateItem"] });
    this.#grantBucket(step, {
      list: true,
      read: [kickOff, job, stop],
      write: [kickOff, job],
    });
    this.#grantFacts(step, ["kicked-off", "told-started"]);
    this.#grantPublish(step, "Export Started");
  }

  #pollExport(): void {
    const step = this.step("PollExport", "poll-export", medium, { memoryMiB: 512, callsServer: true });
    this.props.client.grantClient(step);
    grantLedger(this.props.shared, step, { progress: ["UpdateItem"] });
    this.#grantBucket(step, {
      list: true,
      read: [job],
      write: [job, manifest],
    });
  }

  #planDownloads(): void {
    const { shared, client, settings } = this.props;
    const step = this.step("PlanDownloads", "plan-downloads", long, { memoryMiB: 512, callsServer: true });
    step.setEnvironment({
      MATCH_REQUEST: String(settings.integra.matchRequest),
      FILES_PER_ITEM: String(settings.export.filesPerDownload),
      ITEMS_AT_ONCE: String(downloadSlots(settings.export).calls),
    });
    client.grantClient(step);
    grantLedger(shared, step, { progress: ["UpdateItem"], fileProgress: ["UpdateItem"] });
    this.#grantBucket(step, {
      list: true,
      read: [job, manifest, plan, receipt],
      write: [job, manifestPage, plan, workList],
    });
  }

  #downloadFile(): void {
    const step = this.step("DownloadFile", "download-file", Duration.minutes(15), {
      memoryMiB: 1024,
      callsServer: true,
    });
    step.setEnvironment({
      FILES_AT_ONCE: String(downloadSlots(this.props.settings.export).filesAtOnce),
      // chunk-garbage.ts asks for collections.
      NODE_OPTIONS: "--expose-gc",
    });
    this.props.client.grantClient(step);
    grantLedger(this.props.shared, step, { fileProgress: ["UpdateItem"] });
    this.#grantBucket(step, {
      list: true,
      read: [file, plan, stop, receipt],
      write: [file, stop, receipt, failure],
    });
    step.allow(["s3:AbortMultipartUpload"], [objectsArn(this.props.shared, file)], keyWildcardReason);
    this.#grantPublish(step, "Export File Landed");
  }

  #completeExport(): void {
    const { shared, settings } = this.props;
    const step = this.step("CompleteExport", "complete-export", long, { memoryMiB: 512 });
    step.setEnvironment({ TOLERATED_MISSING_SHARE: String(settings.export.toleratedMissingShare) });
    this.#grantBucket(step, {
      list: true,
      read: [job, plan, stop, receipt, failure],
      write: [summary],
    });
    this.#grantFacts(step, ["landed"]);
    grantLedger(shared, step, { checkpoint: ["GetItem", "UpdateItem"], progress: ["UpdateItem"] });
  }

  #deleteJob(): void {
    const { shared, client } = this.props;
    const step = this.step("DeleteJob", "delete-job", medium, { callsServer: true });
    client.grantClient(step);
    grantLedger(shared, step, { lease: ["GetItem"] });
    this.#grantBucket(step, { list: true, read: [job] });
  }

  #startAfresh(): void {
    const step = this.step("StartAfresh", "start-afresh", short);
    const machine = bulkExportName(this.props.functions.stage);
    grantStart(step, machine);
    grantExecutions(step, machine, ["states:DescribeExecution"]);
    grantLedger(this.props.shared, step, { openRun: ["PutItem", "DeleteItem"], progress: ["UpdateItem"] });
  }

  #announceCompletion(): void {
    const step = this.step("AnnounceCompletion", "announce-completion", short, { memoryMiB: 512 });
    this.#grantBucket(step, { read: [summary] });
    this.#grantFacts(step, ["told-completed"]);
    grantLedger(this.props.shared, step, { openRun: ["DeleteItem"], progress: ["UpdateItem"] });
    this.#grantPublish(step, "Export Completed");
  }

  #failExport(): void {
    const step = this.step("FailExport", "fail-export", short);
    this.#grantBucket(step, { list: true, read: [stop] });
    this.#grantFacts(step, ["told-failed"]);
    grantLedger(this.props.shared, step, { openRun: ["DeleteItem"], progress: ["UpdateItem"] });
    this.#grantPublish(step, "Export Failed");
  }

  #grantBucket(step: LambdaFunction, access: BucketAccess): void {
    grantBucket(this.props.shared, step, access);
  }

  #grantFacts(step: LambdaFunction, facts: ExportAuditFact[]): void {
    grantAudit(this.props.shared, step, { add: facts.map(exportFact) });
  }

  #grantPublish(step: LambdaFunction, type: ExportEvent["type"]): void {
    grantPublish(this.props.shared, step, [type]);
  }

  #stateMachine(): sfn.StateMachine {
    const { shared, settings, functions } = this.props;
    const name = bulkExportName(functions.stage);
    const stateMachine = this.machine(name, "bulk-export.asl.json", {
      texts: { LandingBucketName: shared.bucketName, LedgerTableName: shared.ledger.tableName },
      numbers: {
        DownloadConcurrency: downloadSlots(settings.export).calls,
        // A Choice in the definition enforces the deadline. This limit is the last resort, with a day for the downloads.
        ExecutionTimeoutSeconds: Math.round((settings.export.deadlineHours + 24) * 3600),
      },
    });
    grantDistributedMap(stateMachine, name, shared);
    grantReleaseLease(shared, stateMachine);
    return stateMachine;
  }
}

/** Grants what the Distributed Map needs: to read the work lists, and to run its children. */
function grantDistributedMap(stateMachine: sfn.StateMachine, name: string, shared: SharedResources): void {
  const allow = (actions: string[], resources: string[]) =>
    stateMachine.addToRolePolicy(new iam.PolicyStatement({ actions, resources }));
  const workLists = objectsArn(shared, workList);
  allow(["s3:GetObject"], [workLists]);
  allow(["kms:Decrypt"], [shared.key.keyArn]);
  const executions = ["/*", ":*"].map((children) =>
    Stack.of(stateMachine).formatArn({
      service: "states",
      resource: "execution",
      resourceName: `${name}${children}`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    }),
  );
  // This policy is apart from the role's default policy, because the machine waits for that one and would wait for itself.
  const mapRuns = new iam.Policy(stateMachine, "MapRuns", {
    statements: [
      new iam.PolicyStatement({ actions: ["states:StartExecution"], resources: [stateMachine.stateMachineArn] }),
      new iam.PolicyStatement({ actions: ["states:DescribeExecution", "states:StopExecution"], resources: executions }),
    ],
  });
  acknowledgeStandardExecutions(mapRuns);
  mapRuns.attachToRole(stateMachine.role);
  acknowledgeWildcard(stateMachine, workLists, keyWildcardReason);
  for (const children of executions)
    acknowledgeWildcard(stateMachine, children, "The wildcard stands for the children of the Distributed Map.");
}
