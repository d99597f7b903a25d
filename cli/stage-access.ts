import { readFile } from "node:fs/promises";
import * as z from "zod";
import type { AwsAccess } from "./stage-outputs.ts";

/** How a command reaches a stage. */
export interface StageAccess {
  access: AwsAccess;
  /** The settings over those of cdk.json with which the stage was deployed; undefined if the stage does not say. */
  overrides: Record<string, unknown> | undefined;
}

const outputs = z.object({
  awsEndpoint: z.url(),
  region: z.string(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  settings: z.record(z.string(), z.unknown()),
});

/**
 * Finds a stage: the stage `local` by the file that `npm run local` writes, and any other one as the AWS SDK does. If
 * AWS_ENDPOINT_URL is set, the SDK finds the stage `local` as well.
 * @param outputsFile `.local/outputs.json`
 * @throws Error that says what to start if the stage `local` does not run
 */
export async function findStage(
  stage: string,
  outputsFile: string,
  env: Record<string, string | undefined>,
): Promise<StageAccess> {
  if (stage !== "local") return { access: {}, overrides: undefined };
  const text = await readFile(outputsFile, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
  const named = env["AWS_ENDPOINT_URL"];
  if (text === undefined) {
    if (named !== undefined) return { access: {}, overrides: undefined };
    throw new Error("the stage local does not run: start it with npm run local, and wait for the line ready");
  }
  const { awsEndpoint, region, accessKeyId, secretAccessKey, settings } = outputs.parse(JSON.parse(text));
  if (named !== undefined && new URL(named).origin !== new URL(awsEndpoint).origin)
    return { access: {}, overrides: undefined };
  return {
    access: { endpoint: awsEndpoint, region, credentials: { accessKeyId, secretAccessKey } },
    overrides: settings,
  };
}
