import type { RemovalPolicy } from "aws-cdk-lib";
import type * as kms from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import type { IntegraSettings } from "../../settings/integra.ts";
import { grantPublish } from "../platform/bus-access.ts";
import type { LambdaFunction } from "../platform/lambda-function.ts";
import { grantLedger } from "../platform/ledger-access.ts";
import { NamedSecret } from "../platform/named-secret.ts";
import type { SharedResources } from "../platform/shared-resources.ts";

export interface UserSessionProps {
  settings: IntegraSettings;
  key: kms.IKey;
  stage: string;
  removalPolicy: RemovalPolicy;
}

/**
 * The user session under which the bridge calls the on-demand endpoints. The stack creates the session's secret without a
 * usable value; the operator stores it (`npm run session -- add`). The ledger keeps the refreshed tokens, not the secret.
 */
export class UserSession extends Construct {
  readonly secretName: string;
  readonly #secret: NamedSecret;
  readonly #environment: Record<string, string>;

  constructor(scope: Construct, id: string, { settings, key, stage, removalPolicy }: UserSessionProps) {
    super(scope, id);
    this.#secret = new NamedSecret(this, "Secret", {
      secretName: `integra-bridge/${stage}/user-session`,
      description: 'User session: {"refresh_token", "client_id", "client_secret"?, "auth_method"}',
      encryptionKey: key,
      removalPolicy,
      noRotationReason:
        "A user starts the session at IntegraConnect's portal. From then on, the ledger keeps the rotated tokens.",
    });
    this.secretName = this.#secret.givenName;
    const { baseUrl, userTokenUrl, fhirUrl, ccdRequestUrl, ccdNonceUrl, ccdDownloadUrl, fileOrigins } = settings;
    const { patientSearchPaths, usCorePaths } = settings;
    this.#environment = {
      INTEGRA_BASE_URL: baseUrl,
      SESSION_SECRET: this.secretName,
      ...(userTokenUrl && { INTEGRA_USER_TOKEN_URL: userTokenUrl }),
      ...(fhirUrl && { INTEGRA_FHIR_URL: fhirUrl }),
      ...(patientSearchPaths && { INTEGRA_PATIENT_SEARCH_PATHS: JSON.stringify(patientSearchPaths) }),
      ...(usCorePaths && { INTEGRA_US_CORE_PATHS: JSON.stringify(usCorePaths) }),
      ...(ccdRequestUrl && { INTEGRA_CCD_REQUEST_URL: ccdRequestUrl }),
      ...(ccdNonceUrl && { INTEGRA_CCD_NONCE_URL: ccdNonceUrl }),
      ...(ccdDownloadUrl && { INTEGRA_CCD_DOWNLOAD_URL: ccdDownloadUrl }),
      ...(fileOrigins.length > 0 && { INTEGRA_FILE_ORIGINS: JSON.stringify(fileOrigins) }),
    };
  }

  /** Lets a function call the server as the session's user, and publish an event when the session has ended. */
  grantSession(shared: SharedResources, lambda: LambdaFunction): void {
    lambda.setEnvironment(this.#environment);
    this.#secret.allowRead(lambda);
    grantLedger(shared, lambda, { userSession: ["GetItem", "UpdateItem"] });
    grantPublish(shared, lambda, ["User Session Ended"]);
  }
}
