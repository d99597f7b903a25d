import { clientEnvironment, type Environment, REGION, ROOT_CREDENTIALS, userEnvironment } from "./environment.ts";
import { startServer } from "./server.ts";

/** How the embedded local AWS is to run; none of it concerns an AWS of the user's own. */
export type LocalAwsOptions = {
  /** The port on 127.0.0.1; a free one when left out. */
  port?: number;
  /** What waits and retry intervals of Step Functions are multiplied by. Not 0: polling would spin. Default 1. */
  waitScale?: number;
  /** Whether callers and Lambda roles need permissions. Default true. */
  enforceIam?: boolean;
  /** How many functions run at once, as the account's quota on AWS. Default: as many as this machine can run. */
  concurrentExecutions?: number | undefined;
  /** Where the server's log goes; it is overwritten. Default: a file that is removed on stop. */
  logFile?: string;
};

/** An AWS to deploy to. */
export type LocalAws = {
  /** Whether it is ministack, started here; else the user's own. */
  embedded: boolean;
  endpoint: string;
  region: typeof REGION;
  accessKeyId: string;
  secretAccessKey: string;
  /** Variables for the CDK CLI and SDK clients. */
  env: Environment;
  /** Ends the embedded server and removes its files; may be called again. An AWS of the user's own stays. */
  stop: () => Promise<void>;
};

/**
 * Starts the embedded AWS on 127.0.0.1, or takes the user's own when `AWS_ENDPOINT_URL` is set.
 *
 * @example
 * const aws = await startLocalAws({ waitScale: 0.01 });
 * const s3 = new S3Client({ endpoint: aws.endpoint, region: aws.region, credentials: aws, forcePathStyle: true });
 * await aws.stop();
 */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const own = process.env["AWS_ENDPOINT_URL"];
  if (own !== undefined && own !== "") return usersAws(own);
  const { port, logFile, waitScale = 1, enforceIam = true, concurrentExecutions } = options;
  const server = await startServer({ port, logFile, waitScale, enforceIam, concurrentExecutions });
  return {
    ...ROOT_CREDENTIALS,
    embedded: true,
    endpoint: server.endpoint,
    region: REGION,
    env: clientEnvironment(server.endpoint),
    stop: server.stop,
  };
}

function usersAws(endpoint: string): LocalAws {
  const env = userEnvironment();
  return {
    embedded: false,
    endpoint,
    region: REGION,
    accessKeyId: env["AWS_ACCESS_KEY_ID"] ?? ROOT_CREDENTIALS.accessKeyId,
    secretAccessKey: env["AWS_SECRET_ACCESS_KEY"] ?? ROOT_CREDENTIALS.secretAccessKey,
    env,
    stop: () => Promise.resolve(),
  };
}
