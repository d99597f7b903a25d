import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import * as logs from "aws-cdk-lib/aws-logs";
import * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { documentsFunction } from "../../functions/contracts/document-settings.ts";
import type { StageSettings } from "../settings.ts";
import type { LandingStack } from "../stacks/landing-stack.ts";
import { ccdRetrievalName, grantExecutions } from "./execution-access.ts";
import { ccdAuditOf, grantBus, grantLanding, grantLedger } from "./landing-access.ts";
import { stateMachineDefinition } from "./state-machine-definition.ts";
import { type FunctionDefaults, StepFunctionLambda } from "./step-function-lambda.ts";
import { acknowledgeWildcard } from "./wildcard-resources.ts";

export interface CcdRetrievalProps {
  landing: LandingStack;
  settings: StageSettings;
  functions: FunctionDefaults;
}

const short = Duration.seconds(60);
const medium = Duration.seconds(120);

/** The state machine that fetches a patient's CCDs, and the function behind each of its states. */
export class CcdRetrieval extends Construct {
  readonly stateMachine: sfn.StateMachine;
  /** What ends requests that failed. */
  readonly failer: StepFunctionLambda;
  readonly #props: CcdRetrievalProps;
  readonly #steps: Record<string, StepFunctionLambda> = {};

  constructor(scope: Construct, id: string, props: CcdRetrievalProps) {
    super(scope, id);
    this.#props = props;
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
    const { landing, settings } = this.#props;
    const step = this.#step("OpenCcdRequest", "open-ccd-request", short);
    step.setEnvironment({ DEADLINE_MINUTES: String(settings.ccd.deadlineMinutes) });
    grantLedger(landing, step, { ccdRequest: ["GetItem"] });
    grantLanding(landing, step, { write: [ccdAuditOf("requested")] });
  }

  #takeSessionLease(): void {
    const step = this.#step("TakeSessionLease", "take-session-lease", short);
    grantLedger(this.#props.landing, step, { lease: ["GetItem", "PutItem"] });
    this.#grantExecutions(step);
  }

  #requestCcds(): void {
    const { landing } = this.#props;
    const step = this.#step("RequestCcds", "request-ccds", medium);
    this.#grantServer(step);
    grantLedger(landing, step, {
      lease: ["GetItem"],
      ccdRequest: ["GetItem", "UpdateItem"],
      serverRequest: ["GetItem", "PutItem"],
    });
    this.#grantExecutions(step);
  }

  #fetchCcds(): void {
    const { landing, settings } = this.#props;
    const step = this.#step("FetchCcds", "fetch-ccds", Duration.minutes(15), documentsFunction.memoryMiB);
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
    grantLedger(this.#props.landing, this.#step("ReleaseSessionLease", "release-session-lease", short), {
      lease: ["DeleteItem"],
    });
  }

  #announceCcds(): void {
    const { landing } = this.#props;
    const step = this.#step("AnnounceCcds", "announce-ccds", short);
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
    const { landing } = this.#props;
    const step = this.#step("FailCcds", "fail-ccds", short);
    this.#endsRequests(step);
    grantLedger(landing, step, { ccdRequest: ["GetItem", "UpdateItem"] });
    grantLanding(landing, step, { write: [ccdAuditOf("told-failed")] });
    grantBus(landing, step);
    return step;
  }

  #step(id: string, name: string, timeout: Duration, memoryMiB?: number): StepFunctionLambda {
    const step = new StepFunctionLambda(this, id, this.#props.functions, {
      name,
      timeout,
      ...(memoryMiB && { memoryMiB }),
    });
    this.#steps[id] = step;
    return step;
  }

  /** What ends a request decides how long its record is kept: as long as its documents. */
  #endsRequests(step: StepFunctionLambda): void {
    const { ccdDays } = this.#props.settings.retention;
    if (ccdDays !== undefined) step.setEnvironment({ CCD_DAYS: String(ccdDays) });
  }

  /** What talks to the server does so as the session's user, in the way that the settings say. */
  #grantServer(step: StepFunctionLambda): void {
    const { landing, settings } = this.#props;
    landing.userSession.grantSession(landing, step);
    step.setEnvironment({ CCD_PROTOCOL: JSON.stringify(settings.ccd.protocol) });
  }

  #grantExecutions(step: StepFunctionLambda): void {
    grantExecutions(step, ccdRetrievalName(this.#props.functions.stage), ["states:DescribeExecution"]);
  }

  #stateMachine(): sfn.StateMachine {
    const { settings, functions } = this.#props;
    const steps = Object.entries(this.#steps);
    const definition = stateMachineDefinition("ccd-retrieval.asl.json", {
      texts: Object.fromEntries(steps.map(([id, step]) => [`${id}Arn`, step.function.functionArn])),
      // The deadline is a Choice in the definition. This is the last net below it, with an hour for the last download.
      numbers: { ExecutionTimeoutSeconds: Math.round((settings.ccd.deadlineMinutes + 60) * 60) },
    });
    const name = ccdRetrievalName(functions.stage);
    const stateMachine = new sfn.StateMachine(this, "StateMachine", {
      stateMachineName: name,
      definitionBody: sfn.DefinitionBody.fromString(definition),
      tracingEnabled: true,
      logs: { level: sfn.LogLevel.ALL, includeExecutionData: false, destination: this.#logGroup(name) },
    });
    stateMachine.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ["lambda:InvokeFunction"],
        resources: steps.map(([, step]) => step.function.functionArn),
      }),
    );
    acknowledgeWildcard(stateMachine, "*", "X-Ray and the delivery of logs know no resources.");
    Validations.of(stateMachine).acknowledge({
      id: "HIPAA.Security-IAMNoInlinePolicy",
      reason: "The state machine has its own role, and its policy belongs to no other.",
    });
    return stateMachine;
  }

  #logGroup(name: string): logs.LogGroup {
    const { functions } = this.#props;
    return new logs.LogGroup(this, "StateMachineLog", {
      // Names under this prefix do not count against the size of the account's log resource policy.
      logGroupName: `/aws/vendedlogs/states/${name}`,
      retention: functions.logDays,
      encryptionKey: functions.key,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}
