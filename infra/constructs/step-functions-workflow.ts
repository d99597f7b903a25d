import { type Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import * as logs from "aws-cdk-lib/aws-logs";
import * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import type { StageSettings } from "../settings.ts";
import type { LandingStack } from "../stacks/landing-stack.ts";
import { stateMachineDefinition } from "./state-machine-definition.ts";
import { type FunctionDefaults, StepFunctionLambda } from "./step-function-lambda.ts";
import { acknowledgeWildcard } from "./wildcard-resources.ts";

export interface WorkflowProps {
  landing: LandingStack;
  settings: StageSettings;
  functions: FunctionDefaults;
}

/**
 * A state machine and the function behind each of its states. A workflow makes its steps, each with just what it needs,
 * and then the machine, which gets here what any machine has: a log, traces, and the right to call its own functions.
 */
export abstract class StepFunctionsWorkflow extends Construct {
  abstract readonly stateMachine: sfn.StateMachine;
  protected readonly props: WorkflowProps;
  readonly #steps: Record<string, StepFunctionLambda> = {};

  constructor(scope: Construct, id: string, props: WorkflowProps) {
    super(scope, id);
    this.props = props;
  }

  /**
   * The function behind a state.
   * @param id of the construct; the definition's placeholder is `${<id>Arn}`
   * @param name of the folder below functions/
   */
  protected step(id: string, name: string, timeout: Duration, memoryMiB?: number): StepFunctionLambda {
    const step = new StepFunctionLambda(this, id, this.props.functions, { name, timeout, memoryMiB });
    this.#steps[id] = step;
    return step;
  }

  /**
   * The machine itself, once all its steps are made.
   * @param file the definition below state-machines/
   * @param values of its placeholders, other than the functions' ARNs
   * @throws Error where the definition's placeholders and these are not the same set
   */
  protected machine(
    stateMachineName: string,
    file: string,
    values: { texts?: Record<string, string>; numbers: Record<string, number> },
  ): sfn.StateMachine {
    const arns = Object.entries(this.#steps).map(([id, step]) => [`${id}Arn`, step.function.functionArn] as const);
    const definition = stateMachineDefinition(file, {
      texts: { ...Object.fromEntries(arns), ...values.texts },
      numbers: values.numbers,
    });
    const stateMachine = new sfn.StateMachine(this, "StateMachine", {
      stateMachineName,
      definitionBody: sfn.DefinitionBody.fromString(definition),
      tracingEnabled: true,
      // Input and output of states hold no PHI, but a request is its requester's business.
      logs: { level: sfn.LogLevel.ALL, includeExecutionData: false, destination: this.#logGroup(stateMachineName) },
    });
    const resources = arns.map(([, arn]) => arn);
    stateMachine.addToRolePolicy(new iam.PolicyStatement({ actions: ["lambda:InvokeFunction"], resources }));
    acknowledgeWildcard(stateMachine, "*", "X-Ray and the delivery of logs know no resources.");
    Validations.of(stateMachine).acknowledge({
      id: "HIPAA.Security-IAMNoInlinePolicy",
      reason: "The state machine has its own role, and its policy belongs to no other.",
    });
    return stateMachine;
  }

  #logGroup(stateMachineName: string): logs.LogGroup {
    const { logDays, key } = this.props.functions;
    return new logs.LogGroup(this, "StateMachineLog", {
      // Names under this prefix do not count against the size of the account's log resource policy.
      logGroupName: `/aws/vendedlogs/states/${stateMachineName}`,
      retention: logDays,
      encryptionKey: key,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}
