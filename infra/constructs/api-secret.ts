import { ArnFormat, RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import * as secretsmanager from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import type { FunctionDefaults, StepFunctionLambda } from "./step-function-lambda.ts";

/**
 * The API's own secret: random, and known to nobody. By keys made of it the cursors of searches are sealed, and the ids of
 * requests for CCDs are made of their Idempotency-Keys.
 */
export class ApiSecret extends Construct {
  readonly #name: string;

  constructor(scope: Construct, id: string, { stage, key }: FunctionDefaults) {
    super(scope, id);
    this.#name = `integra-bridge/${stage}/api`;
    const secret = new secretsmanager.Secret(this, "Secret", {
      secretName: this.#name,
      description:
        "Of the API. Another value ends searches that are under way, and forgets the Idempotency-Keys so far",
      encryptionKey: key,
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    for (const rule of ["AwsSolutions-SMG4", "HIPAA.Security-SecretsManagerRotationEnabled"]) {
      Validations.of(secret).acknowledge({
        id: rule,
        reason:
          "Cursors are good for an hour, under AES-256-GCM: billions of them may have one key. An HMAC's does not wear.",
      });
    }
  }

  /** Lets a function of the API read it. */
  grantRead(lambda: StepFunctionLambda): void {
    const secretArn = Stack.of(this).formatArn({
      service: "secretsmanager",
      resource: "secret",
      // Secrets Manager adds a hyphen and six characters to the name.
      resourceName: `${this.#name}-??????`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    lambda.setEnvironment({ API_SECRET: this.#name });
    lambda.allow(["secretsmanager:GetSecretValue"], [secretArn]);
  }
}
