import { type RemovalPolicy, Tags, Validations } from "aws-cdk-lib";
import * as kms from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import { type ClientKeySettings, kmsKeySpecs } from "../../settings/client-keys.ts";
import { clientKeyTag } from "../platform/client-key-tag.ts";
import type { LambdaFunction } from "../platform/lambda-function.ts";

export interface ClientKeyStoreProps {
  stage: string;
  settings: ClientKeySettings;
  removalPolicy: RemovalPolicy;
}

/**
 * Where the client's private keys are: in the client's secret, or in KMS. A key in KMS signs and cannot be read. Which of
 * the keys in KMS signs stands in the secret.
 */
export class ClientKeyStore extends Construct {
  readonly #keyArns: string[];
  readonly #settings: ClientKeySettings;

  constructor(scope: Construct, id: string, { stage, settings, removalPolicy }: ClientKeyStoreProps) {
    super(scope, id);
    this.#settings = settings;
    const { spec = "ECC_NIST_P384", keys = [] } = settings.kms ?? {};
    this.#keyArns = keys.map((name) => {
      const key = new kms.Key(this, name, {
        description: `Signs client assertions of integra-bridge (${name})`,
        keySpec: kms.KeySpec[spec],
        keyUsage: kms.KeyUsage.SIGN_VERIFY,
        removalPolicy,
      });
      Tags.of(key).add(clientKeyTag, stage);
      Validations.of(key).acknowledge({
        id: "AwsSolutions-KMS5",
        reason: "KMS rotates no asymmetric keys. The bridge rotates to another key (docs/runbook.md).",
      });
      return key.keyArn;
    });
  }

  /** Lets a function sign with the keys in KMS, and with no others. A key in the secret needs no permission of its own. */
  allowSign(lambda: LambdaFunction): void {
    if (this.#keyArns.length > 0) lambda.allow(["kms:Sign"], this.#keyArns);
  }

  /** Lets a function choose the next key and publish it. */
  allowRotate(lambda: LambdaFunction): void {
    const { algorithm, kms: inKms } = this.#settings;
    lambda.setEnvironment({ NEW_KEY_ALGORITHM: inKms === undefined ? algorithm : kmsKeySpecs[inKms.spec] });
    if (this.#keyArns.length === 0) return;
    // The ARNs are references, and JSON.stringify would quote their placeholders alike.
    lambda.setEnvironment({ CLIENT_KMS_KEYS: JSON.stringify(this.#keyArns) });
    lambda.allow(["kms:GetPublicKey"], this.#keyArns);
  }
}
