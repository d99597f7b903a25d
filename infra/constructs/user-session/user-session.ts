import type { RemovalPolicy } from "aws-cdk-lib";
import type * as kms from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import { sessionLedgerKeys } from "#user-session/language/ledger-keys.ts";
import { serviceSession } from "#user-session/language/service-session.ts";
import { sessionStateAttributes } from "#user-session/language/session-state.ts";
import type { IntegraSettings } from "../../settings/integra.ts";
import type { SmartSettings } from "../../settings/user-session.ts";
import { grantPublish } from "../platform/bus-access.ts";
import type { LambdaFunction } from "../platform/lambda-function.ts";
import { grantLedger, grantLists, grantOpenItems, type ItemAction } from "../platform/ledger-access.ts";
import { NamedSecret } from "../platform/named-secret.ts";
import type { SharedResources } from "../platform/shared-resources.ts";

/** A client whose key a function may use. */
interface SigningClient {
  readonly secretName: string;
  grantSigning(lambda: LambdaFunction): void;
}

export interface UserSessionProps {
  settings: IntegraSettings;
  smart: SmartSettings;
  /** The client whose key signs if the SMART client authenticates with private_key_jwt. */
  client: SigningClient;
  key: kms.IKey;
  stage: string;
  removalPolicy: RemovalPolicy;
}

/** What a function needs to begin a session, and to end one that a link gave up. */
const givingUp = ["GetItem", "UpdateItem", "DeleteItem"] satisfies ItemAction[];

/**
 * The user session under which the bridge calls the on-demand endpoints. The stack creates the session's secret without a
 * usable value; the operator stores it (`npm run session -- add`). The ledger keeps the refreshed tokens, not the secret.
 */
export class UserSession extends Construct {
  readonly secretName: string;
  readonly smartClientSecretName: string;
  readonly #secret: NamedSecret;
  readonly #smartClient: NamedSecret;
  readonly #smart: SmartSettings;
  readonly #client: SigningClient;
  readonly #environment: Record<string, string>;

  constructor(scope: Construct, id: string, { settings, smart, client, key, stage, removalPolicy }: UserSessionProps) {
    super(scope, id);
    this.#smart = smart;
    this.#client = client;
    this.#secret = new NamedSecret(this, "Secret", {
      secretName: `integra-bridge/${stage}/user-session`,
      description: 'User session: {"refresh_token", "client_id", "client_secret"?, "auth_method"}',
      encryptionKey: key,
      removalPolicy,
      noRotationReason:
        "A user starts the session at IntegraConnect's portal. From then on, the ledger keeps the rotated tokens.",
    });
    this.secretName = this.#secret.givenName;
    this.#smartClient = new NamedSecret(this, "SmartClient", {
      secretName: `integra-bridge/${stage}/smart-client`,
      description: 'Client of SMART launches: {"client_id", "client_secret"?, "auth_method"}',
      encryptionKey: key,
      removalPolicy,
      noRotationReason: "Product Support issues the client's secret. The operator stores the new one.",
    });
    this.smartClientSecretName = this.#smartClient.givenName;
    const { baseUrl, userTokenUrl, fhirUrl, ccdRequestUrl, ccdNonceUrl, ccdDownloadUrl, fileOrigins } = settings;
    const { patientSearchPaths, usCorePaths } = settings;
    this.#environment = {
      INTEGRA_BASE_URL: baseUrl,
      ...(userTokenUrl && { INTEGRA_USER_TOKEN_URL: userTokenUrl }),
      ...(fhirUrl && { INTEGRA_FHIR_URL: fhirUrl }),
      ...(patientSearchPaths && { INTEGRA_PATIENT_SEARCH_PATHS: JSON.stringify(patientSearchPaths) }),
      ...(usCorePaths && { INTEGRA_US_CORE_PATHS: JSON.stringify(usCorePaths) }),
      ...(ccdRequestUrl && { INTEGRA_CCD_REQUEST_URL: ccdRequestUrl }),
      ...(ccdNonceUrl && { INTEGRA_CCD_NONCE_URL: ccdNonceUrl }),
      ...(ccdDownloadUrl && { INTEGRA_CCD_DOWNLOAD_URL: ccdDownloadUrl }),
      ...(fileOrigins.length > 0 && { INTEGRA_FILE_ORIGINS: JSON.stringify(fileOrigins) }),
      ...(smart.authorizationOrigins.length > 0 && {
        INTEGRA_AUTHORIZATION_ORIGINS: JSON.stringify(smart.authorizationOrigins),
      }),
    };
  }

  /** Lets a function call the server as the user of the stage's session or of a link's, and publish the end of a session. */
  grantSession(shared: SharedResources, lambda: LambdaFunction): void {
    lambda.setEnvironment({ SESSION_SECRET: this.secretName });
    this.#secret.allowRead(lambda);
    this.#grantServer(lambda);
    grantLedger(shared, lambda, { userSession: ["GetItem", "UpdateItem"], link: ["GetItem"] });
    grantPublish(shared, lambda, ["User Session Ended"]);
  }

  /**
   * Lets a function read how the stage's own session stands. It can read neither the session's tokens nor a link's session
   * (DynamoDB, "Using IAM policy conditions for fine-grained access control": a request for all attributes does not fit `Select`).
   */
  grantServiceSessionState({ ledger, key }: SharedResources, lambda: LambdaFunction): void {
    lambda.setEnvironment({ ...this.#environment, LEDGER_TABLE: ledger.tableName });
    const ofServiceSession = {
      "ForAllValues:StringEquals": {
        "dynamodb:LeadingKeys": [`${sessionLedgerKeys.userSession}${serviceSession}`],
        "dynamodb:Attributes": [...sessionStateAttributes],
      },
      StringEqualsIfExists: { "dynamodb:Select": "SPECIFIC_ATTRIBUTES" },
      // A request without leading keys or attributes would satisfy the first condition.
      Null: { "dynamodb:LeadingKeys": "false", "dynamodb:Attributes": "false" },
    };
    lambda.allowIf(ofServiceSession, ["dynamodb:GetItem"], [ledger.tableArn]);
    lambda.allow(["kms:Decrypt"], [key.keyArn]);
  }

  /** Lets a function create, list and remove links, and end their sessions. */
  grantLinks(shared: SharedResources, lambda: LambdaFunction): void {
    this.#grantLaunches(lambda);
    grantPublish(shared, lambda, ["User Linked", "User Link Failed", "User Link Revoked"]);
    grantLedger(shared, lambda, { link: ["GetItem", "PutItem", "UpdateItem"], userSession: givingUp });
    grantLists(shared, lambda);
  }

  /** Lets a function sign people in, and begin the sessions of their links. */
  grantLogins(shared: SharedResources, lambda: LambdaFunction): void {
    this.#grantLaunches(lambda);
    grantPublish(shared, lambda, ["User Linked", "User Link Failed"]);
    grantLedger(shared, lambda, { link: ["GetItem", "PutItem", "UpdateItem"], userSession: givingUp });
  }

  /** Lets a function publish the ends of links, and end the sessions that they gave up. */
  grantSweep(shared: SharedResources, lambda: LambdaFunction): void {
    this.#grantLaunches(lambda);
    grantPublish(shared, lambda, ["User Linked", "User Link Failed", "User Link Revoked"]);
    grantLedger(shared, lambda, { link: ["GetItem", "UpdateItem"], userSession: givingUp });
    grantOpenItems(shared, lambda);
  }

  #grantLaunches(lambda: LambdaFunction): void {
    lambda.setEnvironment({ SMART: JSON.stringify(this.#smart) });
    this.#grantServer(lambda);
  }

  #grantServer(lambda: LambdaFunction): void {
    lambda.setEnvironment({ ...this.#environment, SMART_CLIENT_SECRET: this.smartClientSecretName });
    this.#smartClient.allowRead(lambda);
    if (!this.#smart.privateKeyJwt) return;
    lambda.setEnvironment({ SMART_KEY_SECRET: this.#client.secretName });
    this.#client.grantSigning(lambda);
  }
}
