import { PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { IntegraConnection } from "./integra-connection.ts";
import { bootstrap, deployStacks, type StackOutputs } from "./local-aws/deploy.ts";
import { type LocalAws, startLocalAws } from "./local-aws/local-aws.ts";

/** What others need to use a running local bridge; `npm run local` writes it to `.local/outputs.json`. */
export interface LocalOutputs {
  awsEndpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  busName: string;
  bucketName: string;
  auditBucketName: string;
  exportStateMachineArn: string;
  ccdStateMachineArn: string;
  subscriberQueueUrl: string;
  deadLetterQueueUrl: string;
  clientSecretName: string;
  sessionSecretName: string;
  smartClientSecretName: string;
  ledgerTableName: string;
  /** Where the HTTP API is; requests are signed for its whole path. */
  apiUrl: string;
  /** Where the server is that exports come from. */
  integraBaseUrl: string;
  /** The settings over those of stage `local`, with which the bridge was deployed. */
  settings: Record<string, unknown>;
}

export interface LocalBridge {
  aws: LocalAws;
  outputs: LocalOutputs;
  stop: () => Promise<void>;
}

export interface LocalBridgeOptions {
  connection: IntegraConnection;
  /** Settings over those of stage `local`. */
  settings?: Record<string, unknown>;
  /** What waits of Step Functions are multiplied by. */
  waitScale?: number;
  /** The quota of concurrent executions of the embedded AWS. */
  concurrentExecutions?: number | undefined;
  /** How the stacks are deployed to the embedded AWS. Default: by the CDK CLI, which always deploys to an AWS of the user's own. */
  deploy?: Deployment;
  report?: (progress: string) => void;
  signal?: AbortSignal;
  logFile?: string;
}

/** Deploys the app's stacks with this context and these tags; returns their outputs. */
export type Deployment = (
  aws: LocalAws,
  app: { context: Record<string, string>; tags: Record<string, string>; signal?: AbortSignal },
) => Promise<StackOutputs>;

/** Prepares the account for the CDK, and has the CDK CLI synthesise and deploy. */
export const deployByCdk: Deployment = async (aws, app) => {
  await bootstrap(aws, app.signal === undefined ? {} : { signal: app.signal });
  return await deployStacks(aws, app);
};

/**
 * Deploys the stacks that a user deploys, as stage `local`, to a local AWS that it starts, or to the user's own where
 * `AWS_ENDPOINT_URL` is set, and puts the client's secret and the user session's in place.
 * @throws Error with the cause; what was started is stopped before
 */
export async function startLocalBridge(options: LocalBridgeOptions): Promise<LocalBridge> {
  const report = options.report ?? (() => undefined);
  const cancellation = options.signal === undefined ? {} : { signal: options.signal };
  report("starting the local AWS");
  const aws = await startLocalAws({
    ...(options.waitScale !== undefined && { waitScale: options.waitScale }),
    ...(options.logFile !== undefined && { logFile: options.logFile }),
    concurrentExecutions: options.concurrentExecutions,
  });
  try {
    options.signal?.throwIfAborted();
    report("deploying the stacks");
    const { connection } = options;
    const integra = { ...(options.settings?.["integra"] as object | undefined), ...connection.settings };
    const { api, tags } = reachableApi(aws, options.settings?.["api"]);
    const settings = { ...options.settings, integra, ...(api !== undefined && { api }) };
    const context = { stage: "local", overrides: JSON.stringify(settings) };
    const deploy = aws.embedded ? (options.deploy ?? deployByCdk) : deployByCdk;
    const stacks = await deploy(aws, { context, tags, ...cancellation });
    const outputs = localOutputs(aws, connection, stacks, settings);
    await putSecret(aws, outputs.clientSecretName, connection.secret);
    if (connection.session !== undefined) await putSecret(aws, outputs.sessionSecretName, connection.session);
    if (connection.smartClient !== undefined)
      await putSecret(aws, outputs.smartClientSecretName, connection.smartClient(outputs.apiUrl));
    return { aws, outputs, stop: aws.stop };
  } catch (error) {
    await aws.stop();
    throw error;
  }
}

function localOutputs(
  aws: LocalAws,
  connection: IntegraConnection,
  stacks: StackOutputs,
  settings: Record<string, unknown>,
): LocalOutputs {
  const output = (part: string, key: string): string => {
    const value = stacks[`integra-bridge-local-${part}`]?.[key];
    if (value === undefined) throw new Error(`the deployment has no output ${key} of stack ${part}`);
    return value;
  };
  return {
    awsEndpoint: aws.endpoint,
    region: aws.region,
    accessKeyId: aws.accessKeyId,
    secretAccessKey: aws.secretAccessKey,
    busName: output("landing", "BusName"),
    bucketName: output("landing", "BucketName"),
    auditBucketName: output("landing", "AuditBucketName"),
    exportStateMachineArn: output("export", "StateMachineArn"),
    ccdStateMachineArn: output("documents", "StateMachineArn"),
    subscriberQueueUrl: reachable(output("subscriber", "QueueUrl"), aws),
    deadLetterQueueUrl: reachable(output("export", "DeadLetterQueueUrl"), aws),
    clientSecretName: output("landing", "ClientSecretName"),
    sessionSecretName: output("landing", "SessionSecretName"),
    smartClientSecretName: output("landing", "SmartClientSecretName"),
    ledgerTableName: output("landing", "LedgerTableName"),
    apiUrl: apiUrlOf(aws, output("api", "ApiId")),
    integraBaseUrl: connection.settings.baseUrl,
    settings,
  };
}

/** The API's id in the embedded AWS, which is known before it is deployed: its links can lead where it will be. */
const localApiId = "bridge";

const apiUrlOf = ({ endpoint }: LocalAws, apiId: string): string => `${endpoint}/_aws/execute-api/${apiId}`;

/** API Gateway's own address is a name that few machines resolve: links lead to the embedded AWS's other address. */
function reachableApi(aws: LocalAws, given: unknown): { api: unknown; tags: Record<string, string> } {
  if (!aws.embedded) return { api: given, tags: {} };
  return {
    api: { publicUrl: apiUrlOf(aws, localApiId), ...(given as object | undefined) },
    tags: { "ms-custom-id": localApiId },
  };
}

/** The local AWS names its queues by `localhost`, which not every machine resolves to the address that it listens on. */
function reachable(queueUrl: string, aws: LocalAws): string {
  return new URL(new URL(queueUrl).pathname, aws.endpoint).href;
}

async function putSecret(aws: LocalAws, name: string, secret: Record<string, unknown>): Promise<void> {
  const secrets = new SecretsManagerClient(clientSettings(aws));
  await secrets.send(new PutSecretValueCommand({ SecretId: name, SecretString: JSON.stringify(secret) }));
}

/** What an SDK client needs to talk to this AWS. */
export function clientSettings({ endpoint, region, accessKeyId, secretAccessKey }: LocalAws) {
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
}
