import { type RemovalPolicy, Stack } from "aws-cdk-lib";
import type * as kms from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import type { IntegraSettings } from "../../settings/integra.ts";
import { acknowledgeWildcard } from "../platform/acknowledge-wildcard.ts";
import { clientKeyTag } from "../platform/client-key-tag.ts";
import type { LambdaFunction } from "../platform/lambda-function.ts";
import { NamedSecret } from "../platform/named-secret.ts";

export interface BackendClientProps {
  settings: IntegraSettings;
  key: kms.IKey;
  stage: string;
  removalPolicy: RemovalPolicy;
}

/** The client's keys that are not in the secret itself. */
export interface ClientKeys {
  allowSign(lambda: LambdaFunction): void;
  allowRotate(lambda: LambdaFunction): void;
}

/** What a stack grants its functions, so that they can call the server as the stage's client. */
export interface ClientAccess {
  readonly secretName: string;
  /** Lets a function call the server as this client. */
  grantClient(lambda: LambdaFunction): void;
  /** Lets a function rotate the client's key, and try the new one at the server. */
  grantRotation(lambda: LambdaFunction): void;
}

/**
 * The stage's client at IntegraConnect (SMART Backend Services): the server's URLs, and the secret with our client id,
 * scope and private key. The stack creates the secret without a usable value; the operator stores it (README,
 * "Deploying").
 */
export class BackendClient extends Construct {
  readonly secretName: string;
  readonly #secret: NamedSecret;
  readonly #stage: string;
  readonly #environment: Record<string, string>;

  constructor(scope: Construct, id: string, { settings, key, stage, removalPolicy }: BackendClientProps) {
    super(scope, id);
    this.#stage = stage;
    this.#secret = new NamedSecret(this, "ClientSecret", {
      secretName: `integra-bridge/${stage}/client`,
      description: 'IntegraConnect client: {"clientId", "scope", "current": <private JWK>, "next"?: <private JWK>}',
      encryptionKey: key,
      removalPolicy,
      noRotationReason:
        "IntegraConnect must know a new key before the key may sign. The setting clientKey.rotateEveryDays rotates it.",
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

  /**
   * Lets a function sign with the key of this client, as another client of the same stage. Functions of other stacks cannot name the keys
   * in KMS, which may be added and removed, so the keys' tag decides.
   */
  grantSigning(lambda: LambdaFunction): void {
    this.#secret.allowRead(lambda);
    const keys = Stack.of(this).formatArn({ service: "kms", resource: "key", resourceName: "*" });
    const ofStage = { StringEquals: { [`aws:ResourceTag/${clientKeyTag}`]: this.#stage } };
    lambda.allowIf(ofStage, ["kms:Sign"], [keys]);
    acknowledgeWildcard(lambda, keys, "Only the keys of the stage's client have the tag that the condition requires.");
  }

  /** Lets a function examine the secret, and the addresses of the server. It may sign with no key in KMS. */
  grantExamination(lambda: LambdaFunction): void {
    lambda.setEnvironment({ ...this.#environment, CLIENT_SECRET: this.secretName });
    this.#secret.allowRead(lambda);
  }

  /**
   * The access to this client for functions of the stack that has the keys.
   * @param keys those that are not in the secret. They may be added and removed, so no other stack may import them
   */
  withKeys(keys: ClientKeys): ClientAccess {
    const grantClient = (lambda: LambdaFunction): void => {
      lambda.setEnvironment({ ...this.#environment, CLIENT_SECRET: this.secretName });
      this.#secret.allowRead(lambda);
      keys.allowSign(lambda);
    };
    const grantRotation = (lambda: LambdaFunction): void => {
      grantClient(lambda);
      this.#secret.allowRotate(lambda);
      keys.allowRotate(lambda);
    };
    return { secretName: this.secretName, grantClient, grantRotation };
  }
}
