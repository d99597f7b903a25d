import { ArnFormat, type RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as secretsmanager from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import type { StageSettings } from "../settings.ts";
import type { StepFunctionLambda } from "./step-function-lambda.ts";

export interface IntegraServerProps {
  settings: StageSettings["integra"];
  key: kms.IKey;
  stage: string;
  removalPolicy: RemovalPolicy;
}

/**
 * IntegraConnect as the stage sees it: where it is, and the secret with our client id, scope and private key. The stack
 * creates the secret without a usable value; the operator puts it (README, "Deploying").
 */
export class IntegraServer extends Construct {
  readonly secretName: string;
  readonly #secretArn: string;
  readonly #key: kms.IKey;
  readonly #environment: Record<string, string>;

  constructor(scope: Construct, id: string, props: IntegraServerProps) {
    super(scope, id);
    this.#key = props.key;
    this.secretName = `integra-bridge/${props.stage}/client`;
    const secret = new secretsmanager.Secret(this, "ClientSecret", {
      secretName: this.secretName,
      description: 'IntegraConnect client: {"clientId", "scope", "current": <private JWK>, "next"?: <private JWK>}',
      encryptionKey: props.key,
      removalPolicy: props.removalPolicy,
    });
    for (const rule of ["AwsSolutions-SMG4", "HIPAA.Security-SecretsManagerRotationEnabled"]) {
      Validations.of(secret).acknowledge({
        id: rule,
        reason:
          "A new key must be registered with IntegraConnect before it may sign: the operator rotates (docs/runbook.md).",
      });
    }
    // Secrets Manager adds a hyphen and six characters to the name.
    const resourceName = `${this.secretName}-??????`;
    this.#secretArn = Stack.of(this).formatArn({
      service: "secretsmanager",
      resource: "secret",
      resourceName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const { baseUrl, tokenUrl, exportUrl, audience, fileOrigins } = props.settings;
    this.#environment = {
      INTEGRA_BASE_URL: baseUrl,
      ...(tokenUrl && { INTEGRA_TOKEN_URL: tokenUrl }),
      ...(exportUrl && { INTEGRA_EXPORT_URL: exportUrl }),
      ...(audience && { INTEGRA_AUDIENCE: audience }),
      ...(fileOrigins.length > 0 && { INTEGRA_FILE_ORIGINS: JSON.stringify(fileOrigins) }),
    };
  }

  /** Lets a function talk to the server as our client. */
  grantClient(lambda: StepFunctionLambda): void {
    lambda.setEnvironment({ ...this.#environment, CLIENT_SECRET: this.secretName });
    // The secret's own grants would write the function's role into the key's policy, and the landing stack would depend
    // on the export stack.
    lambda.allow(["secretsmanager:GetSecretValue"], [this.#secretArn]);
    lambda.allow(["kms:Decrypt"], [this.#key.keyArn]);
  }
}
