import { Duration } from "aws-cdk-lib";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import { documentsFunction } from "#ccd-retrieval/language/document-settings.ts";
import type { CcdSettings } from "../../settings/ccd-retrieval.ts";
import type { RetentionSettings } from "../../settings/platform.ts";
import { grantAudit, grantBucket } from "../platform/bucket-access.ts";
import { grantPublish } from "../platform/bus-access.ts";
import { grantExecutions } from "../platform/execution-access.ts";
import type { LambdaFunction } from "../platform/lambda-function.ts";
import { grantLedger, grantReleaseLease } from "../platform/ledger-access.ts";
import type { SharedResources } from "../platform/shared-resources.ts";
import { StepFunctionsWorkflow, type WorkflowProps } from "../platform/step-functions-workflow.ts";
import type { UserSession } from "../user-session/user-session.ts";
import { ccdFact, ccdObjects } from "./ccd-objects.ts";
import { ccdRetrievalName } from "./start-access.ts";

export interface CcdRetrievalWorkflowProps extends WorkflowProps {
  shared: SharedResources;
  userSession: UserSession;
  settings: { ccd: CcdSettings; retention: RetentionSettings };
}

const { document, index, refusedAnswer, refusal } = ccdObjects;

const short = Duration.seconds(60);
const medium = Duration.seconds(120);

/** The ccd-retrieval state machine and its functions. It releases its lease itself; every other task is a function. */
export class CcdRetrievalWorkflow extends StepFunctionsWorkflow<CcdRetrievalWorkflowProps> {
  override readonly stateMachine: sfn.StateMachine;
  /** The function that ends a request with a failure. */
  readonly failCcds: LambdaFunction;

  constructor(scope: Construct, id: string, props: CcdRetrievalWorkflowProps) {
    super(scope, id, props);
    this.#openCcdRequest();
    this.#takeSessionLease();
    this.#requestCcds();
    this.#fetchCcds();
    this.#announceCcds();
    this.failCcds = this.#failCcds();
    this.stateMachine = this.#stateMachine();
  }

  #openCcdRequest(): void {
    const { shared, settings } = this.props;
    const step = this.step("OpenCcdRequest", "open-ccd-request", short);
    step.setEnvironment({ DEADLINE_MINUTES: String(settings.ccd.deadlineMinutes) });
    grantLedger(shared, step, { ccdRequest: ["GetItem"] });
    grantAudit(shared, step, { add: [ccdFact("requested")] });
  }

  #takeSessionLease(): void {
    const step = this.step("TakeSessionLease", "take-session-lease", short);
    grantLedger(this.props.shared, step, { lease: ["GetItem", "PutItem"] });
    this.#grantExecutions(step);
  }

  #requestCcds(): void {
    const { shared } = this.props;
    const step = this.step("RequestCcds", "request-ccds", medium, { callsServer: true });
    this.#grantServer(step);
    grantLedger(shared, step, {
      lease: ["GetItem"],
      ccdRequest: ["GetItem", "UpdateItem"],
      serverRequest: ["GetItem", "PutItem"],
    });
    this.#grantExecutions(step);
  }

  #fetchCcds(): void {
    const { shared, settings } = this.props;
    const step = this.step("FetchCcds", "fetch-ccds", Duration.minutes(15), {
      memoryMiB: documentsFunction.memoryMiB,
      callsServer: true,
    });
    step.setEnvironment({ CCD_DOCUMENTS: JSON.stringify(settings.ccd.documents) });
    this.#setRetention(step);
    this.#grantServer(step);
    grantLedger(shared, step, { ccdRequest: ["GetItem", "UpdateItem"] });
    grantBucket(shared, step, {
      list: true,
      read: [document, index],
      write: [document, index, refusedAnswer, refusal],
    });
    grantAudit(shared, step, { add: (["landed", "quarantined", "told-ready", "told-failed"] as const).map(ccdFact) });
    // It also ends requests whose execution ended too early to do so.
    grantPublish(shared, step, ["Ccd Ready", "Ccd Failed"]);
  }

  #announceCcds(): void {
    const { shared } = this.props;
    const step = this.step("AnnounceCcds", "announce-ccds", short);
    this.#setRetention(step);
    grantLedger(shared, step, { ccdRequest: ["UpdateItem"] });
    grantBucket(shared, step, {
      list: true,
      read: [index],
    });
    grantAudit(shared, step, { add: [ccdFact("told-ready")] });
    grantPublish(shared, step, ["Ccd Ready"]);
  }

  #failCcds(): LambdaFunction {
    const { shared } = this.props;
    const step = this.step("FailCcds", "fail-ccds", short);
    this.#setRetention(step);
    grantLedger(shared, step, { ccdRequest: ["GetItem", "UpdateItem"] });
    grantAudit(shared, step, { add: [ccdFact("told-failed")] });
    grantPublish(shared, step, ["Ccd Failed"]);
    return step;
  }

  /** A function that ends a request sets how long its record is kept: as long as its documents. */
  #setRetention(step: LambdaFunction): void {
    const { ccdDays } = this.props.settings.retention;
    if (ccdDays !== undefined) step.setEnvironment({ CCD_DAYS: String(ccdDays) });
  }

  /** Lets a step call the server as the session's user, by the protocol that the settings describe. */
  #grantServer(step: LambdaFunction): void {
    const { shared, userSession, settings } = this.props;
    userSession.grantSession(shared, step);
    step.setEnvironment({ CCD_PROTOCOL: JSON.stringify(settings.ccd.protocol) });
  }

  #grantExecutions(step: LambdaFunction): void {
    grantExecutions(step, ccdRetrievalName(this.props.functions.stage), ["states:DescribeExecution"]);
  }

  #stateMachine(): sfn.StateMachine {
    const { shared, settings, functions } = this.props;
    const stateMachine = this.machine(ccdRetrievalName(functions.stage), "ccd-retrieval.asl.json", {
      texts: { LedgerTableName: shared.ledger.tableName },
      // A Choice in the definition enforces the deadline. This limit is the last resort, with an hour for the last download.
      numbers: { ExecutionTimeoutSeconds: Math.round((settings.ccd.deadlineMinutes + 60) * 60) },
    });
    grantReleaseLease(shared, stateMachine);
    return stateMachine;
  }
}
