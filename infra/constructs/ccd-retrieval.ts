import { Duration } from "aws-cdk-lib";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import { documentsFunction } from "#ccd-retrieval/language/document-settings.ts";
import { ccdRetrievalName, grantExecutions } from "./execution-access.ts";
import { ccdAuditOf, grantBus, grantLanding, grantLedger } from "./landing-access.ts";
import type { StepFunctionLambda } from "./step-function-lambda.ts";
import { StepFunctionsWorkflow, type WorkflowProps } from "./step-functions-workflow.ts";

const short = Duration.seconds(60);
const medium = Duration.seconds(120);

/** The state machine that fetches a patient's CCDs, and the function behind each of its states. */
export class CcdRetrieval extends StepFunctionsWorkflow {
  override readonly stateMachine: sfn.StateMachine;
  /** What ends requests that failed. */
  readonly failer: StepFunctionLambda;

  constructor(scope: Construct, id: string, props: WorkflowProps) {
    super(scope, id, props);
    this.#openCcdRequest();
    this.#takeSessionLease();
    this.#requestCcds();
    this.#fetchCcds();
    this.#releaseSessionLease();
    this.#announceCcds();
    this.failer = this.#failCcds();
    this.stateMachine = this.#stateMachine();
  }

  #openCcdRequest(): void {
    const { landing, settings } = this.props;
    const step = this.step("OpenCcdRequest", "open-ccd-request", short);
    step.setEnvironment({ DEADLINE_MINUTES: String(settings.ccd.deadlineMinutes) });
    grantLedger(landing, step, { ccdRequest: ["GetItem"] });
    grantLanding(landing, step, { write: [ccdAuditOf("requested")] });
  }

  #takeSessionLease(): void {
    const step = this.step("TakeSessionLease", "take-session-lease", short);
    grantLedger(this.props.landing, step, { lease: ["GetItem", "PutItem"] });
    this.#grantExecutions(step);
  }

  #requestCcds(): void {
    const { landing } = this.props;
    const step = this.step("RequestCcds", "request-ccds", medium);
    this.#grantServer(step);
    grantLedger(landing, step, {
      lease: ["GetItem"],
      ccdRequest: ["GetItem", "UpdateItem"],
      serverRequest: ["GetItem", "PutItem"],
    });
    this.#grantExecutions(step);
  }

  #fetchCcds(): void {
    const { landing, settings } = this.props;
    const step = this.step("FetchCcds", "fetch-ccds", Duration.minutes(15), documentsFunction.memoryMiB);
    step.setEnvironment({ CCD_DOCUMENTS: JSON.stringify(settings.ccd.documents) });
    this.#endsRequests(step);
    this.#grantServer(step);
    grantLedger(landing, step, { ccdRequest: ["GetItem", "UpdateItem"] });
    grantLanding(landing, step, {
      lookUp: true,
      read: ["ccds/*"],
      write: ["ccds/*", "quarantine/ccds/*", ...["landed", "quarantined", "told-ready", "told-failed"].map(ccdAuditOf)],
    });
    grantBus(landing, step);
  }

  #releaseSessionLease(): void {
    grantLedger(this.props.landing, this.step("ReleaseSessionLease", "release-session-lease", short), {
      lease: ["DeleteItem"],
    });
  }

  #announceCcds(): void {
    const { landing } = this.props;
    const step = this.step("AnnounceCcds", "announce-ccds", short);
    this.#endsRequests(step);
    grantLedger(landing, step, { ccdRequest: ["UpdateItem"] });
    grantLanding(landing, step, {
      lookUp: true,
      read: ["ccds/*/documents.json"],
      write: [ccdAuditOf("told-ready")],
    });
    grantBus(landing, step);
  }

  #failCcds(): StepFunctionLambda {
    const { landing } = this.props;
    const step = this.step("FailCcds", "fail-ccds", short);
    this.#endsRequests(step);
    grantLedger(landing, step, { ccdRequest: ["GetItem", "UpdateItem"] });
    grantLanding(landing, step, { write: [ccdAuditOf("told-failed")] });
    grantBus(landing, step);
    return step;
  }

  /** What ends a request decides how long its record is kept: as long as its documents. */
  #endsRequests(step: StepFunctionLambda): void {
    const { ccdDays } = this.props.settings.retention;
    if (ccdDays !== undefined) step.setEnvironment({ CCD_DAYS: String(ccdDays) });
  }

  /** What talks to the server does so as the session's user, in the way that the settings say. */
  #grantServer(step: StepFunctionLambda): void {
    const { landing, settings } = this.props;
    landing.userSession.grantSession(landing, step);
    step.setEnvironment({ CCD_PROTOCOL: JSON.stringify(settings.ccd.protocol) });
  }

  #grantExecutions(step: StepFunctionLambda): void {
    grantExecutions(step, ccdRetrievalName(this.props.functions.stage), ["states:DescribeExecution"]);
  }

  #stateMachine(): sfn.StateMachine {
    const { settings, functions } = this.props;
    return this.machine(ccdRetrievalName(functions.stage), "ccd-retrieval.asl.json", {
      // The deadline is a Choice in the definition. This is the last net below it, with an hour for the last download.
      numbers: { ExecutionTimeoutSeconds: Math.round((settings.ccd.deadlineMinutes + 60) * 60) },
    });
  }
}
