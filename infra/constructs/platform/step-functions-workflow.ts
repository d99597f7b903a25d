import { Aws, type Duration, Validations } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import * as logs from "aws-cdk-lib/aws-logs";
import * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { acknowledgeWildcard } from "./acknowledge-wildcard.ts";
import { type FunctionDefaults, LambdaFunction, type LambdaFunctionProps } from "./lambda-function.ts";
import { stateMachineDefinition } from "./state-machine-definition.ts";

export interface WorkflowProps {
  functions: FunctionDefaults;
}

/**
 * A state machine and its functions. A wing's workflow adds the functions with `step`, grants each just what it needs, and
 * then creates the machine with `machine`. The machine gets what every machine has: a log, traces and the permission to
 * invoke its own functions.
 */
export abstract class StepFunctionsWorkflow<Props extends WorkflowProps> extends Construct {
  abstract readonly stateMachine: sfn.StateMachine;
  protected readonly props: Props;
  readonly #steps: Record<string, LambdaFunction> = {};

  constructor(scope: Construct, id: string, props: Props) {
    super(scope, id);
    this.props = props;
  }

  /**
   * Adds the function behind a state.
   * @param id the construct's id; the definition's placeholder is `${<id>Arn}`
   * @param name the function's folder below functions/
   */
  protected step(
    id: string,
    name: string,
    timeout: Duration,
    more: Omit<LambdaFunctionProps, "name" | "timeout"> = {},
  ): LambdaFunction {
    const step = new LambdaFunction(this, id, this.props.functions, { name, timeout, ...more });
    this.#steps[id] = step;
    return step;
  }

  /**
   * Creates the state machine, once all its steps are there.
   * @param file the definition below state-machines/
   * @param values the values of its placeholders, apart from the partition and the functions' ARNs
   * @throws Error if the definition's placeholders and the values are not the same set
   */
  protected machine(
    stateMachineName: string,
    file: string,
    values: { texts?: Record<string, string>; numbers: Record<string, number> },
  ): sfn.StateMachine {
    const arns = Object.entries(this.#steps).map(([id, step]) => [`${id}Arn`, step.function.functionArn] as const);
    const definition = stateMachineDefinition(file, {
      texts: { Partition: Aws.PARTITION, ...Object.fromEntries(arns), ...values.texts },
      numbers: values.numbers,
    });
    const stateMachine = new sfn.StateMachine(this, "StateMachine", {
      stateMachineName,
      definitionBody: sfn.DefinitionBody.fromString(definition),
      tracingEnabled: true,
      // The input and output of states hold no PHI. They do show what a requester asked for, so logs leave them out.
      logs: { level: sfn.LogLevel.ALL, includeExecutionData: false, destination: this.#logGroup(stateMachineName) },
    });
    const resources = arns.map(([, arn]) => arn);
    stateMachine.addToRolePolicy(new iam.PolicyStatement({ actions: ["lambda:InvokeFunction"], resources }));
    acknowledgeWildcard(stateMachine, "*", "X-Ray and the delivery of logs support no resource-level permissions.");
    Validations.of(stateMachine).acknowledge({
      id: "HIPAA.Security-IAMNoInlinePolicy",
      reason: "The state machine has a role of its own, and the policy belongs to that role only.",
    });
    return stateMachine;
  }

  #logGroup(stateMachineName: string): logs.LogGroup {
    return new logs.LogGroup(this, "StateMachineLog", {
      // Log groups with this prefix do not count against the size limit of the account's log resource policy.
      logGroupName: `/aws/vendedlogs/states/${stateMachineName}`,
      ...this.props.functions.logs,
    });
  }
}
