import { Construct } from "constructs";
import type { LandingStack } from "../stacks/landing-stack.ts";
import { BridgeSecret } from "./bridge-secret.ts";
import type { IntegraServerProps } from "./integra-server.ts";
import { grantBus, grantLedger } from "./landing-access.ts";
import type { StepFunctionLambda } from "./step-function-lambda.ts";

/**
 * The user session under which the on-demand endpoints are asked. The stack creates its secret without a usable value;
 * the operator puts it (`npm run session -- add`). Refreshed tokens are kept in the ledger, not in the secret.
 */
export class UserSession extends Construct {
  readonly secretName: string;
  readonly #secret: BridgeSecret;
  readonly #environment: Record<string, string>;

  constructor(scope: Construct, id: string, { settings, key, stage, removalPolicy }: IntegraServerProps) {
    super(scope, id);
    this.#secret = new BridgeSecret(this, "Secret", {
      secretName: `integra-bridge/${stage}/user-session`,
      description: 'User session: {"refresh_token", "client_id", "client_secret"?, "auth_method"}',
      encryptionKey: key,
      removalPolicy,
      notRotated:
        "A user begins the session at IntegraConnect's portal; from then on the ledger keeps the rotated tokens.",
    });
    this.secretName = this.#secret.givenName;
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
    this.#secret.allowRead(lambda);
    grantLedger(landing, lambda, { userSession: ["GetItem", "UpdateItem"] });
    grantBus(landing, lambda);
  }
}
