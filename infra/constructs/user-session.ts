import { ArnFormat, type RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as secretsmanager from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import type { StageSettings } from "../settings.ts";
import type { LandingStack } from "../stacks/landing-stack.ts";
import { grantBus, grantLedger } from "./landing-access.ts";
import type { StepFunctionLambda } from "./step-function-lambda.ts";

export interface UserSessionProps {
  settings: StageSettings["integra"];
  key: kms.IKey;
  stage: string;
  removalPolicy: RemovalPolicy;
}

/**
 * The user session under which the on-demand endpoints are asked. The stack creates its secret without a usable value;
 * the operator puts it (`npm run session -- add`). Refreshed tokens are kept in the ledger, not in the secret.
 */
export class UserSession extends Construct {
  readonly secretName: string;
  readonly #secretArn: string;
  readonly #key: kms.IKey;
  readonly #environment: Record<string, string>;

  constructor(scope: Construct, id: string, { settings, key, stage, removalPolicy }: UserSessionProps) {
    super(scope, id);
    this.#key = key;
    this.secretName = `integra-bridge/${stage}/user-session`;
    const secret = new secretsmanager.Secret(this, "Secret", {
      secretName: this.secretName,
      description: 'User session: {"refresh_token", "client_id", "client_secret"?, "auth_method"}',
      encryptionKey: key,
      removalPolicy,
    });
    for (const rule of ["AwsSolutions-SMG4", "HIPAA.Security-SecretsManagerRotationEnabled"]) {
      Validations.of(secret).acknowledge({
        id: rule,
        reason:
          "A user begins the session at IntegraConnect's portal; from then on the ledger keeps the rotated tokens.",
      });
    }
    this.#secretArn = Stack.of(this).formatArn({
      service: "secretsmanager",
      resource: "secret",
      // Secrets Manager adds a hyphen and six characters to the name.
      resourceName: `${this.secretName}-??????`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const { baseUrl, userTokenUrl, fhirUrl, ccdRequestUrl, ccdNonceUrl, ccdDownloadUrl, fileOrigins } = settings;
    const { patientSearchPaths } = settings;
    this.#environment = {
      INTEGRA_BASE_URL: baseUrl,
      SESSION_SECRET: this.secretName,
      ...(userTokenUrl && { INTEGRA_USER_TOKEN_URL: userTokenUrl }),
      ...(fhirUrl && { INTEGRA_FHIR_URL: fhirUrl }),
      ...(patientSearchPaths && { INTEGRA_PATIENT_SEARCH_PATHS: JSON.stringify(patientSearchPaths) }),
      ...(ccdRequestUrl && { INTEGRA_CCD_REQUEST_URL: ccdRequestUrl }),
      ...(ccdNonceUrl && { INTEGRA_CCD_NONCE_URL: ccdNonceUrl }),
      ...(ccdDownloadUrl && { INTEGRA_CCD_DOWNLOAD_URL: ccdDownloadUrl }),
      ...(fileOrigins.length > 0 && { INTEGRA_FILE_ORIGINS: JSON.stringify(fileOrigins) }),
    };
  }

  /** Lets a function ask the server as the session's user, and tell where the session has ended. */
  grantSession(landing: LandingStack, lambda: StepFunctionLambda): void {
    lambda.setEnvironment(this.#environment);
    lambda.allow(["secretsmanager:GetSecretValue"], [this.#secretArn]);
    lambda.allow(["kms:Decrypt"], [this.#key.keyArn]);
    grantLedger(landing, lambda, { userSession: ["GetItem", "UpdateItem"] });
    grantBus(landing, lambda);
  }
}
