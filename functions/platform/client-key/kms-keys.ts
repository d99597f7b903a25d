import { createHash } from "node:crypto";
import {
  DisabledException,
  GetPublicKeyCommand,
  InvalidKeyUsageException,
  KMSClient,
  KMSInvalidStateException,
  NotFoundException,
  SignCommand,
} from "@aws-sdk/client-kms";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { smallRequests } from "#platform/lambda/aws-client-settings.ts";
import type { KmsKey } from "./client-secret.ts";
import { joseSignature } from "./ecdsa-signature.ts";
import type { KmsKeys } from "./signing-key.ts";

/** Faults that only an operator can remove. */
const permanent = [DisabledException, InvalidKeyUsageException, KMSInvalidStateException, NotFoundException];

/**
 * Signs in KMS. RS384 is RSASSA_PKCS1_V1_5_SHA_384 and ES384 is ECDSA_SHA_384 (RFC 7518, 3.1). KMS gets the digest only. The
 * methods throw ClientKeyUnusable if the key is disabled, deleted or not for signing, and the SDK's own error otherwise.
 */
export function kmsKeys(kms: KMSClient = new KMSClient(smallRequests)): KmsKeys {
  return {
    sign: async ({ keyArn, alg }, input) => {
      const { Signature } = await explained(keyArn, () =>
        kms.send(
          new SignCommand({
            KeyId: keyArn,
            Message: createHash("sha384").update(input).digest(),
            MessageType: "DIGEST",
            SigningAlgorithm: alg === "RS384" ? "RSASSA_PKCS1_V1_5_SHA_384" : "ECDSA_SHA_384",
          }),
        ),
      );
      if (Signature === undefined) throw new Error(`KMS answered without a signature (${keyArn})`);
      return alg === "RS384" ? Signature : joseSignature(Signature);
    },
    publicKey: async ({ keyArn }: KmsKey) => {
      const { PublicKey } = await explained(keyArn, () => kms.send(new GetPublicKeyCommand({ KeyId: keyArn })));
      if (PublicKey === undefined) throw new Error(`KMS answered without a public key (${keyArn})`);
      return PublicKey;
    },
  };
}

async function explained<Answer>(keyArn: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (cause) {
    if (!permanent.some((fault) => cause instanceof fault)) throw cause;
    const { name } = cause as Error;
    throw new ClientKeyUnusable(`the KMS key ${keyArn} cannot be used (${name}): enable it, or rotate to another key`, {
      cause,
    });
  }
}
