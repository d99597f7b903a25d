import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { KMSClient } from "@aws-sdk/client-kms";
import { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { createPrivateKey, unusedKmsKey } from "#client-keys/key-pair.ts";
import { keyPublication } from "#client-keys/key-publication.ts";
import { type KeySetStore, keySetStore } from "#client-keys/records/key-set-store.ts";
import { secretVersions } from "#client-keys/secret/secret-versions.ts";
import { signingAlgorithms } from "#platform/client-key/client-secret.ts";
import { kmsKeys } from "#platform/client-key/kms-keys.ts";
import { publicJwkOf } from "#platform/client-key/signing-key.ts";
import { environment, jsonVariable } from "#platform/lambda/environment.ts";
import { keySetPath } from "../checks/served-key-set.ts";
import { type AwsAccess, outputsOf } from "../stage-outputs.ts";
import { KeyCommandRefused, type StageKeys } from "./key-commands.ts";

/** What the function that rotates is deployed with. The commands use the same. */
const rotationVariables = z.object({
  CLIENT_SECRET: z.string(),
  LEDGER_TABLE: z.string(),
  NEW_KEY_ALGORITHM: z.enum(signingAlgorithms),
  CLIENT_KMS_KEYS: jsonVariable(z.array(z.string())).optional(),
});

const failedCall = z.object({ errorType: z.string().optional(), errorMessage: z.string() });

/**
 * The keys of a deployed stage.
 * @throws Error if the stage is not deployed
 */
export async function stageKeys(stage: string, access: AwsAccess = {}): Promise<StageKeys> {
  const lambda = new LambdaClient(access);
  const secrets = new SecretsManagerClient(access);
  const output = outputsOf(new CloudFormationClient(access), stage);
  const FunctionName = await output("export", "RotationFunctionName");
  const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  const env = environment(rotationVariables, Environment?.Variables ?? {});
  const SecretId = env.CLIENT_SECRET;
  const secret = secretVersions(secrets, SecretId);
  const keySet = keySetStore(DynamoDBDocumentClient.from(new DynamoDBClient(access)), env.LEDGER_TABLE);
  const kms = kmsKeys(new KMSClient(access));
  const now = Date.now;
  return {
    secretName: SecretId,
    keySetUrl: `${(await output("api", "ApiUrl")).replace(/\/$/, "")}${keySetPath}`,
    readSecret: async () => (await secret.current())?.text,
    putSecret: async (SecretString) => {
      await secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
    },
    keySet,
    publish: keyPublication({ secret, keySet, kms, now }),
    previewKeySet: keyPublication({ secret, keySet: unchanged(keySet), kms, now }),
    createKey: async (known) => {
      if (env.CLIENT_KMS_KEYS === undefined) return await createPrivateKey(env.NEW_KEY_ALGORITHM);
      return unusedKmsKey(env.CLIENT_KMS_KEYS, new Set(known.map(({ jwk }) => jwk.kid)), env.NEW_KEY_ALGORITHM);
    },
    publicKeyOf: (key) => publicJwkOf(key, kms),
    rotationStep: async (Step, ClientRequestToken) => {
      const Payload = JSON.stringify({ Step, SecretId, ClientRequestToken });
      const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload }));
      if (answer.FunctionError === undefined) return;
      const fault = failedCall.parse(JSON.parse(Buffer.from(answer.Payload ?? []).toString("utf8")));
      throw new KeyCommandRefused(`${Step} failed: ${fault.errorType ?? "Error"}: ${fault.errorMessage}`);
    },
    abandon: async (RemoveFromVersionId) => {
      if ((await secret.pending())?.versionId !== RemoveFromVersionId) return;
      const VersionStage = "AWSPENDING";
      await secrets.send(new UpdateSecretVersionStageCommand({ SecretId, VersionStage, RemoveFromVersionId }));
    },
    now,
  };
}

/** The key set, whose changes are computed and not stored. */
const unchanged = (keySet: KeySetStore): KeySetStore => ({
  read: () => keySet.read(),
  change: async (decide) => await decide(await keySet.read()),
});
