import { type Duration, Validations } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as lambda from "aws-cdk-lib/aws-lambda";
import * as destinations from "aws-cdk-lib/aws-lambda-destinations";
import * as logs from "aws-cdk-lib/aws-logs";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { functionBundle } from "../../function-bundles.ts";
import { acknowledgeWildcard } from "./acknowledge-wildcard.ts";
import { environmentFaults } from "./environment-size.ts";
import type { FixedEgress } from "./fixed-egress.ts";
import type { LogSettings } from "./kept-data.ts";

/** What all functions of a stage have in common. */
export interface FunctionDefaults {
  stage: string;
  key: kms.IKey;
  logs: LogSettings;
  metricsNamespace: string;
  /** Where functions call the server from in a stage with fixed egress addresses; undefined in other stages. */
  egress: FixedEgress | undefined;
}

export interface LambdaFunctionProps {
  /** The name of the function's folder below functions/. */
  name: string;
  timeout: Duration;
  memoryMiB?: number;
  /**
   * Whether the function calls IntegraConnect, or the hosts of its files. Only these functions are in the VPC of a stage
   * with fixed egress addresses: after weeks without a call, Lambda takes a VPC function's network away, and its next calls
   * fail for minutes (Lambda, "Function states": `Inactive`).
   */
  callsServer?: boolean;
}

/** What Lambda needs to put a function into a VPC. The CDK adds these to roles that it creates itself only. */
const networkInterfaceActions = [
  "ec2:AssignPrivateIpAddresses",
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:UnassignPrivateIpAddresses",
];

/** A Lambda function with a role of its own. The role may write the function's log and traces until it is granted more. */
export class LambdaFunction extends Construct {
  /** The name of the function's folder below functions/. */
  readonly name: string;
  readonly memoryMiB: number;
  readonly function: lambda.Function;
  readonly #environment: Record<string, string>;
  #hasFailureDestination = false;

  constructor(scope: Construct, id: string, defaults: FunctionDefaults, props: LambdaFunctionProps) {
    super(scope, id);
    this.name = props.name;
    this.memoryMiB = props.memoryMiB ?? 256;
    const egress = props.callsServer ? defaults.egress : undefined;
    const logGroup = new logs.LogGroup(this, "Log", defaults.logs);
    const role = new iam.Role(this, "Role", { assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com") });
    logGroup.grantWrite(role);
    const { folder, build } = functionBundle(props.name);
    this.#environment = {
      BUILD: build,
      POWERTOOLS_SERVICE_NAME: props.name,
      METRICS_NAMESPACE: defaults.metricsNamespace,
    };
    this.node.addValidation({ validate: () => environmentFaults(props.name, this.#environment) });
    this.function = new lambda.Function(this, "Function", {
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      handler: "index.handler",
      code: lambda.Code.fromAsset(folder),
      role,
      logGroup,
      timeout: props.timeout,
      memorySize: this.memoryMiB,
      tracing: lambda.Tracing.ACTIVE,
      environment: this.#environment,
      ...(egress && { vpc: egress.vpc, securityGroups: [egress.securityGroup] }),
    });
    if (egress) this.#allowNetworkInterfaces();
    this.#acknowledge(egress !== undefined);
  }

  /** Whether Lambda keeps an event that the function failed on. */
  get hasFailureDestination(): boolean {
    return this.#hasFailureDestination;
  }

  /** Keeps each event that the function failed on three times, or that grew older than `maxEventAge`, in a queue. */
  keepFailedEvents(queue: sqs.IQueue, maxEventAge?: Duration): void {
    this.#hasFailureDestination = true;
    const onFailure = new destinations.SqsDestination(queue);
    this.function.configureAsyncInvoke({ onFailure, retryAttempts: 2, ...(maxEventAge && { maxEventAge }) });
  }

  setEnvironment(variables: Record<string, string>): void {
    Object.assign(this.#environment, variables);
    for (const [name, value] of Object.entries(variables)) this.function.addEnvironment(name, value);
  }

  /** Allows these actions on these resources. A resource with a wildcard needs a reason. */
  allow(actions: string[], resources: string[], wildcardReason?: string): void {
    this.function.addToRolePolicy(new iam.PolicyStatement({ actions, resources }));
    if (wildcardReason === undefined) return;
    for (const resource of resources) acknowledgeWildcard(this, resource, wildcardReason);
  }

  /** Allows these actions on these resources, which have no wildcards, if the conditions hold. */
  allowIf(conditions: Record<string, unknown>, actions: string[], resources: string[]): void {
    this.function.addToRolePolicy(new iam.PolicyStatement({ actions, resources, conditions }));
  }

  #allowNetworkInterfaces(): void {
    const reason = "Lambda chooses the ids of its network interfaces at run time.";
    this.allow(networkInterfaceActions, ["*"], reason);
    for (const action of networkInterfaceActions.filter((name) => !name.startsWith("ec2:Describe")))
      Validations.of(this).acknowledge({ id: `Parliament-RESOURCE_STAR[${action}]`, reason });
  }

  #acknowledge(inVpc: boolean): void {
    const validations = Validations.of(this);
    const acknowledge = (id: string, reason: string) => validations.acknowledge({ id, reason });
    acknowledge(
      "HIPAA.Security-LambdaConcurrency",
      "Throttled calls are retried until they get through, and a new account has nothing to reserve (docs/adr/0021).",
    );
    acknowledge(
      "HIPAA.Security-LambdaDLQ",
      "State machines catch errors, API callers receive them, functions behind rules have destinations, and schedules repeat the rest.",
    );
    acknowledge(
      "HIPAA.Security-IAMNoInlinePolicy",
      "Each function has a role of its own, and the policy belongs to that role only.",
    );
    acknowledgeWildcard(this, "*", "X-Ray supports no resource-level permissions, so traces are put to *.");
    if (!inVpc)
      acknowledge(
        "HIPAA.Security-LambdaInsideVPC",
        "The function calls public APIs only. The setting fixedEgress puts the functions that call IntegraConnect into a VPC.",
      );
  }
}
