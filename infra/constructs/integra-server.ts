import type { RemovalPolicy } from "aws-cdk-lib";
import type * as kms from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import type { StageSettings } from "../settings.ts";
import { BridgeSecret } from "./bridge-secret.ts";
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
  readonly #secret: BridgeSecret;
  readonly #environment: Record<string, string>;

  constructor(scope: Construct, id: string, { settings, key, stage, removalPolicy }: IntegraServerProps) {
    super(scope, id);
    this.#secret = new BridgeSecret(this, "ClientSecret", {
      secretName: `integra-bridge/${stage}/client`,
      description: 'IntegraConnect client: {"clientId", "scope", "current": <private JWK>, "next"?: <private JWK>}',
      encryptionKey: key,
      removalPolicy,
      notRotated:
        "A new key must be registered with IntegraConnect before it may sign: the operator rotates (docs/runbook.md).",
    });
    this.secretName = this.#secret.givenName;
    const { baseUrl, tokenUrl, exportUrl, audience, fileOrigins } = settings;
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
    this.#secret.allowRead(lambda);
  }
}
