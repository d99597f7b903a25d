import { Aws, Duration } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import * as secretsmanager from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import type { ClientKeySettings } from "../../settings/client-keys.ts";
import type { ClientAccess } from "../bulk-export/backend-client.ts";
import { type FunctionDefaults, LambdaFunction } from "../platform/lambda-function.ts";
import { grantLedger } from "../platform/ledger-access.ts";
import type { SharedResources } from "../platform/shared-resources.ts";

export interface KeyRotationProps {
  shared: SharedResources;
  client: ClientAccess;
  settings: ClientKeySettings;
  functions: FunctionDefaults;
}

/** The function that rotates the client's key, and its schedule if the stage has one. `npm run keys -- rotate` calls it too. */
export class KeyRotation extends Construct {
  readonly functionName: string;

  constructor(scope: Construct, id: string, { shared, client, settings, functions }: KeyRotationProps) {
    super(scope, id);
    const lambda = new LambdaFunction(this, "RotateKey", functions, {
      name: "rotate-key",
      timeout: Duration.minutes(2),
      callsServer: true,
    });
    client.grantRotation(lambda);
    grantLedger(shared, lambda, { clientKeys: ["GetItem", "PutItem"] });
    this.functionName = lambda.function.functionName;
    const { rotateEveryDays } = settings;
    if (rotateEveryDays === undefined) return;
    lambda.function.addPermission("SecretsManager", {
      principal: new iam.ServicePrincipal("secretsmanager.amazonaws.com"),
      sourceAccount: Aws.ACCOUNT_ID,
    });
    const schedule = new secretsmanager.CfnRotationSchedule(this, "Schedule", {
      secretId: client.secretName,
      rotationLambdaArn: lambda.function.functionArn,
      rotationRules: { scheduleExpression: `rate(${rotateEveryDays} days)` },
      // A deployment must not rotate: the secret may have no value yet.
      rotateImmediatelyOnUpdate: false,
    });
    schedule.node.addDependency(lambda);
  }
}
