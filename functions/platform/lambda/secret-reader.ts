import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { smallRequests } from "./aws-client-settings.ts";

/** A secret's text as it is now, and when that version was put (milliseconds since the epoch). */
export interface StoredText {
  text: string;
  putAt: number;
}

/** Reads a secret by its name; undefined where it has no value yet. Throws the SDK's own error where it is refused. */
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
