import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { smallRequests } from "./aws-client-settings.ts";

/** The current text of a secret, and when this version was stored (milliseconds since the epoch). */
export interface StoredText {
  text: string;
  putAt: number;
}

/** Reads a secret by its name; undefined if it has no value yet. Throws the SDK's own error if the call is refused. */
export function secretReader(name: string): () => Promise<StoredText | undefined> {
  const secrets = new SecretsManagerClient(smallRequests);
  return async () => {
    try {
      const { SecretString, CreatedDate } = await secrets.send(new GetSecretValueCommand({ SecretId: name }));
      return { text: SecretString ?? "", putAt: CreatedDate?.getTime() ?? 0 };
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  };
}
