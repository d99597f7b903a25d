import { ArnFormat, type RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as secretsmanager from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import type { StepFunctionLambda } from "./step-function-lambda.ts";

export interface BridgeSecretProps {
  secretName: string;
  description: string;
  encryptionKey: kms.IKey;
  removalPolicy: RemovalPolicy;
  /** Where Secrets Manager makes the value; else the operator puts it. */
  generateSecretString?: secretsmanager.SecretStringGenerator;
  /** Why Secrets Manager does not rotate it. */
  notRotated: string;
}

/** A secret under a name of our own, which only those functions may read that are allowed to here. */
export class BridgeSecret extends secretsmanager.Secret {
  /** As it was given, where `secretName` is a reference. */
  readonly givenName: string;
  readonly #key: kms.IKey;

  constructor(scope: Construct, id: string, { notRotated, ...props }: BridgeSecretProps) {
    super(scope, id, props);
    this.givenName = props.secretName;
    this.#key = props.encryptionKey;
    for (const rule of ["AwsSolutions-SMG4", "HIPAA.Security-SecretsManagerRotationEnabled"])
      Validations.of(this).acknowledge({ id: rule, reason: notRotated });
  }

  /**
   * Lets a function read it. By its name: the secret's own grants would write the function's role into the key's policy,
   * and the landing stack would depend on the stacks of the functions.
   */
  allowRead(lambda: StepFunctionLambda): void {
    const secretArn = Stack.of(this).formatArn({
      service: "secretsmanager",
      resource: "secret",
      // Secrets Manager adds a hyphen and six characters to the name.
      resourceName: `${this.givenName}-??????`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    lambda.allow(["secretsmanager:GetSecretValue"], [secretArn]);
    lambda.allow(["kms:Decrypt"], [this.#key.keyArn]);
  }
}
