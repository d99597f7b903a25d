import { type Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import type * as ec2 from "aws-cdk-lib/aws-ec2";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as lambda from "aws-cdk-lib/aws-lambda";
import * as logs from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { functionBundle } from "../function-bundles.ts";
import type { StageSettings } from "../settings.ts";
import { acknowledgeWildcard } from "./wildcard-resources.ts";

/** What every function of a stage shares. */
export interface FunctionDefaults {
  stage: string;
  key: kms.IKey;
  logDays: StageSettings["retention"]["logDays"];
  metricsNamespace: string;
  /** Where the stage has a fixed egress address. */
  vpc: ec2.IVpc | undefined;
}

export interface StepFunctionLambdaProps {
  /** The folder below functions/. */
  name: string;
  timeout: Duration;
  memoryMiB?: number;
}

/** What Lambda needs in order to put a function into a VPC: the CDK adds it to roles of its own making only. */
const networkInterfaces = [
  "ec2:AssignPrivateIpAddresses",
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:UnassignPrivateIpAddresses",
];

/** One Lambda function with a role of its own, which may write its own log and traces until more is granted to it. */
export class StepFunctionLambda extends Construct {
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, defaults: FunctionDefaults, props: StepFunctionLambdaProps) {
    super(scope, id);
    const logGroup = new logs.LogGroup(this, "Log", {
      retention: defaults.logDays,
      encryptionKey: defaults.key,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new iam.Role(this, "Role", { assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com") });
    logGroup.grantWrite(role);
    this.function = new lambda.Function(this, "Function", {
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      handler: "index.handler",
      code: lambda.Code.fromAsset(functionBundle(props.name)),
      role,
      logGroup,
      timeout: props.timeout,
      memorySize: props.memoryMiB ?? 256,
      tracing: lambda.Tracing.ACTIVE,
      environment: {
        NODE_OPTIONS: "--enable-source-maps",
        POWERTOOLS_SERVICE_NAME: props.name,
        METRICS_NAMESPACE: defaults.metricsNamespace,
      },
      ...(defaults.vpc && { vpc: defaults.vpc }),
    });
    if (defaults.vpc) this.allow(networkInterfaces, ["*"], "Lambda's network interfaces have no names beforehand.");
    this.#acknowledge(defaults.vpc !== undefined);
  }

  setEnvironment(variables: Record<string, string>): void {
    for (const [name, value] of Object.entries(variables)) this.function.addEnvironment(name, value);
  }

  /** Allows exactly these actions on exactly these resources. A resource with a wildcard needs a reason. */
  allow(actions: string[], resources: string[], wildcardReason?: string): void {
    this.function.addToRolePolicy(new iam.PolicyStatement({ actions, resources }));
    if (wildcardReason === undefined) return;
    for (const resource of resources) acknowledgeWildcard(this, resource, wildcardReason);
  }

  /** Allows these actions on these resources, without wildcards, where the conditions hold. */
  allowIf(conditions: Record<string, unknown>, actions: string[], resources: string[]): void {
    this.function.addToRolePolicy(new iam.PolicyStatement({ actions, resources, conditions }));
  }

  #acknowledge(inVpc: boolean): void {
    const validations = Validations.of(this);
    const acknowledge = (id: string, reason: string) => validations.acknowledge({ id, reason });
    acknowledge(
      "HIPAA.Security-LambdaConcurrency",
      "The state machine, or the API's throttle, bounds how many run at once; reserving would take from the account.",
    );
    acknowledge(
      "HIPAA.Security-LambdaDLQ",
      "Called synchronously: the state machine catches, or the caller is told. The starter has a failure destination.",
    );
    acknowledge(
      "HIPAA.Security-IAMNoInlinePolicy",
      "Each function has its own role, and its policy belongs to no other.",
    );
    acknowledgeWildcard(this, "*", "X-Ray knows no resources: traces are put to *.");
    if (!inVpc)
      acknowledge(
        "HIPAA.Security-LambdaInsideVPC",
        "The functions call public APIs only; setting fixedEgress puts them into a VPC.",
      );
  }
}
