import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";

/** A version of the secret. */
export interface SecretVersion {
  versionId: string;
  text: string;
}

/** The versions of the client's secret. */
export interface SecretVersions {
  /** The version that the bridge uses; undefined if the secret has no value yet. */
  current(): Promise<SecretVersion | undefined>;
  /** The version of a rotation that has not ended; undefined if there is none, or it has no value yet. */
  pending(): Promise<SecretVersion | undefined>;
  /** The text of a version; undefined if the version has no value. */
  version(versionId: string): Promise<string | undefined>;
  /** Stores the version that a rotation makes. */
  putPending(versionId: string, text: string): Promise<void>;
  /** Makes a version current, if `from` is current now. */
  promote(versionId: string, from: string): Promise<void>;
}

/** The versions in Secrets Manager. Errors are the SDK's own. */
export function secretVersions(secrets: SecretsManagerClient, SecretId: string): SecretVersions {
  const read = async (which: { VersionStage: string } | { VersionId: string }): Promise<SecretVersion | undefined> => {
    try {
      const { SecretString, VersionId } = await secrets.send(new GetSecretValueCommand({ SecretId, ...which }));
      return SecretString === undefined || VersionId === undefined
        ? undefined
        : { versionId: VersionId, text: SecretString };
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  };
  return {
    current: () => read({ VersionStage: "AWSCURRENT" }),
    pending: () => read({ VersionStage: "AWSPENDING" }),
    version: async (VersionId) => (await read({ VersionId }))?.text,
    putPending: async (ClientRequestToken, SecretString) => {
      const VersionStages = ["AWSPENDING"];
      await secrets.send(new PutSecretValueCommand({ SecretId, ClientRequestToken, SecretString, VersionStages }));
    },
    promote: async (MoveToVersionId, RemoveFromVersionId) => {
      const VersionStage = "AWSCURRENT";
      await secrets.send(
        new UpdateSecretVersionStageCommand({ SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId }),
      );
    },
  };
}
