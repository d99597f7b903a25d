import { RemovalPolicy } from "aws-cdk-lib";
import { Construct } from "constructs";
import { BridgeSecret } from "./bridge-secret.ts";
import type { FunctionDefaults, StepFunctionLambda } from "./step-function-lambda.ts";

/**
 * The API's own secret: random, and known to nobody. By keys made of it the cursors of searches are sealed, and the ids of
 * requests for CCDs are made of their Idempotency-Keys.
 */
export class ApiSecret extends Construct {
  readonly #secret: BridgeSecret;

  constructor(scope: Construct, id: string, { stage, key }: FunctionDefaults) {
    super(scope, id);
    this.#secret = new BridgeSecret(this, "Secret", {
      secretName: `integra-bridge/${stage}/api`,
      description:
        "Of the API. Another value ends searches that are under way, and forgets the Idempotency-Keys so far",
      encryptionKey: key,
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy: RemovalPolicy.DESTROY,
      notRotated:
        "Cursors are good for an hour, under AES-256-GCM: billions of them may have one key. An HMAC's does not wear.",
    });
  }

  /** Lets a function of the API read it. */
  grantRead(lambda: StepFunctionLambda): void {
    lambda.setEnvironment({ API_SECRET: this.#secret.givenName });
    this.#secret.allowRead(lambda);
  }
}
