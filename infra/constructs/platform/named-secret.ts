import { ArnFormat, type RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as secretsmanager from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import type { LambdaFunction } from "./lambda-function.ts";

export interface NamedSecretProps {
  secretName: string;
  description: string;
  encryptionKey: kms.IKey;
  removalPolicy: RemovalPolicy;
  /** If present, Secrets Manager generates the value. If absent, the operator stores it. */
  generateSecretString?: secretsmanager.SecretStringGenerator;
  /** Why Secrets Manager does not rotate this secret. */
  noRotationReason: string;
}

/** A secret under a fixed name. Only a function that `allowRead` was called for may read it. */
export class NamedSecret extends secretsmanager.Secret {
  /** The name as text; `secretName` is a reference to the resource. */
  readonly givenName: string;
  readonly #key: kms.IKey;

  constructor(scope: Construct, id: string, { noRotationReason, ...props }: NamedSecretProps) {
    super(scope, id, props);
    this.givenName = props.secretName;
    this.#key = props.encryptionKey;
    for (const rule of ["AwsSolutions-SMG4", "HIPAA.Security-SecretsManagerRotationEnabled"])
      Validations.of(this).acknowledge({ id: rule, reason: noRotationReason });
  }

  /**
   * Lets a function read the secret, by its name. The CDK's own `grantRead` would write the function's role into the
   * key's policy, and the landing stack would then depend on the stacks of the functions.
   */
  allowRead(lambda: LambdaFunction): void {
    lambda.allow(["secretsmanager:GetSecretValue"], [this.#arn()]);
    lambda.allow(["kms:Decrypt"], [this.#key.keyArn]);
  }

  /** Lets a function store new versions of the secret, and make one of them current. */
  allowRotate(lambda: LambdaFunction): void {
    lambda.allow(["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"], [this.#arn()]);
    lambda.allow(["kms:GenerateDataKey"], [this.#key.keyArn]);
  }

  #arn(): string {
    return Stack.of(this).formatArn({
      service: "secretsmanager",
      resource: "secret",
      // Secrets Manager adds a hyphen and six characters to the name.
      resourceName: `${this.givenName}-??????`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }
}
