import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { notUnderstood } from "../output/command-failed.ts";
import { findStage } from "../stage-access.ts";
import { type AwsAccess, outputsOf } from "../stage-outputs.ts";
import { type ApiClient, apiClient } from "./api-client.ts";
import { bearerFetch, signedFetch } from "./authorized-fetch.ts";

/** A stage, and how it is reached. */
export interface StageConnection {
  stage: string;
  access: AwsAccess;
  /** The settings over those of cdk.json with which the stage was deployed; undefined if the stage does not say. */
  overrides: Record<string, unknown> | undefined;
  /** A client of the stage's API. */
  api: () => Promise<ApiClient>;
  /** An output of one of the stage's stacks. */
  output: (part: string, key: string) => Promise<string>;
}

/** What the command line says about the stage. */
export interface StageChoice {
  stage?: string | undefined;
  profile?: string | undefined;
  region?: string | undefined;
  apiUrl?: string | undefined;
  tokenFile?: string | undefined;
}

interface Surroundings {
  outputsFile: string;
  env: Record<string, string | undefined>;
  signal: AbortSignal;
  sleep: (ms: number) => Promise<void>;
}

/**
 * Connects to the stage that the command line or INTEGRA_STAGE names, otherwise to the local one if it runs.
 * @throws CommandFailed (64) that says what to do if there is no stage to connect to
 */
export async function connectStage(choice: StageChoice, surroundings: Surroundings): Promise<StageConnection> {
  const { outputsFile, env } = surroundings;
  const stage = choice.stage ?? env["INTEGRA_STAGE"] ?? (existsSync(outputsFile) ? "local" : undefined);
  if (stage === undefined)
    throw notUnderstood(
      "no stage is named, and the local one does not run: add --stage <stage>, or start npx integra local",
    );
  const found = await findStage(stage, outputsFile, env).catch((error: Error) => {
    throw notUnderstood(error.message);
  });
  const { profile, region } = choice;
  const access = {
    ...found.access,
    ...(profile !== undefined && { profile }),
    ...(region !== undefined && { region }),
  };
  const cloudFormation = new CloudFormationClient(access);
  const output = outputsOf(cloudFormation, stage);
  return {
    stage,
    access,
    overrides: found.overrides,
    output,
    api: async () => {
      const { signal, sleep } = surroundings;
      const url = choice.apiUrl ?? (await output("api", "ApiUrl"));
      const send = await authorizedFetch(cloudFormation, choice);
      return apiClient({ url: url.replace(/\/$/, ""), send, signal, sleep });
    },
  };
}

/** A stage with the setting `api.jwt` takes a token, any other one a signature. */
async function authorizedFetch(aws: CloudFormationClient, { tokenFile }: StageChoice): Promise<typeof fetch> {
  if (tokenFile !== undefined) return bearerFetch((await readFile(tokenFile, "utf8")).trim());
  const { accessKeyId, secretAccessKey, sessionToken } = await aws.config.credentials();
  const region = await aws.config.region();
  return signedFetch({ accessKeyId, secretAccessKey, region, ...(sessionToken !== undefined && { sessionToken }) });
}
