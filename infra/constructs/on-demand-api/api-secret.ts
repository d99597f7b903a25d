import { RemovalPolicy } from "aws-cdk-lib";
import { Construct } from "constructs";
import type { FunctionDefaults, LambdaFunction } from "../platform/lambda-function.ts";
import { NamedSecret } from "../platform/named-secret.ts";

/**
 * The API's own secret, which Secrets Manager generates. The API derives two keys from it: one seals the cursors of
 * searches, the other turns an Idempotency-Key into the id of a request for CCDs.
 */
export class ApiSecret extends Construct {
  readonly #secret: NamedSecret;

  constructor(scope: Construct, id: string, { stage, key }: FunctionDefaults) {
    super(scope, id);
    this.#secret = new NamedSecret(this, "Secret", {
      secretName: `integra-bridge/${stage}/api`,
      description:
        "Random value of the API. If you replace it, cursors become invalid and earlier Idempotency-Keys are forgotten",
      encryptionKey: key,
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy: RemovalPolicy.DESTROY,
      noRotationReason:
        "A cursor expires within an hour, and one AES-256-GCM key may seal billions. The key of an HMAC does not wear out.",
    });
  }

  /** Lets a function of the API read the secret. */
  grantRead(lambda: LambdaFunction): void {
    lambda.setEnvironment({ API_SECRET: this.#secret.givenName });
    this.#secret.allowRead(lambda);
  }
}
