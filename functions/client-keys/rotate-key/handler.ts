import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { tokenTrial } from "#bulk-export/server/backend-client.ts";
import { createPrivateKey, unusedKmsKey } from "#client-keys/key-pair.ts";
import { keyPublication } from "#client-keys/key-publication.ts";
import { rotationEvent, rotationResult } from "#client-keys/language/rotation.ts";
import { clientKeyLog } from "#client-keys/log.ts";
import { keySetStore } from "#client-keys/records/key-set-store.ts";
import { secretVersions } from "#client-keys/secret/secret-versions.ts";
import { signingAlgorithms } from "#platform/client-key/client-secret.ts";
import { kmsKeys } from "#platform/client-key/kms-keys.ts";
import { smallRequests } from "#platform/lambda/aws-client-settings.ts";
import { environment, jsonVariable } from "#platform/lambda/environment.ts";
import { stepHandlers } from "#platform/lambda/step.ts";
import { ledgerFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { rotateKey } from "./rotate-key.ts";

const rotationVariables = z.object({
  CLIENT_SECRET: z.string().min(1),
  NEW_KEY_ALGORITHM: z.enum(signingAlgorithms),
  CLIENT_KMS_KEYS: jsonVariable(z.array(z.string())).optional(),
});

const rotationStep = stepHandlers((event) => {
  const { ClientRequestToken: rotation } = rotationEvent.safeParse(event).data ?? {};
  return rotation === undefined ? {} : { rotation };
});

export const handler = rotationStep(rotationEvent, rotationResult, () => {
  const env = environment(rotationVariables);
  const secret = secretVersions(new SecretsManagerClient(smallRequests), env.CLIENT_SECRET);
  const { dynamo, table } = ledgerFromEnvironment();
  return rotateKey({
    secretName: env.CLIENT_SECRET,
    secret,
    publish: keyPublication({ secret, keySet: keySetStore(dynamo, table), kms: kmsKeys(), now: Date.now }),
    createKey: async (known) => {
      if (env.CLIENT_KMS_KEYS === undefined) return await createPrivateKey(env.NEW_KEY_ALGORITHM);
      return unusedKmsKey(env.CLIENT_KMS_KEYS, new Set(known.map(({ jwk }) => jwk.kid)), env.NEW_KEY_ALGORITHM);
    },
    tryToken: tokenTrial(),
    log: clientKeyLog,
    now: Date.now,
  });
});
