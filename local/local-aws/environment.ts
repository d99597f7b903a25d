import { devNull } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Variables for a child process. */
export type Environment = Record<string, string>;

/** The region everything local lives in. */
export const REGION = "us-east-1";

/** The credentials that are the account's root for the embedded local AWS: an administrator, also under IAM. */
export const ROOT_CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test" } as const;

/** The repository's directory, without a slash at its end. */
export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

const NODE_MODULES = join(REPOSITORY, "node_modules");

// Variables that would direct the local AWS, its Lambdas or the CDK elsewhere, or change how their Node behaves.
const REMOVED_PATTERN = /^(AWS_|CDK_|VITEST|NODE_|npm_|PYTHON|VIRTUAL_ENV$|MINISTACK_|SFN_|LAMBDA_|LOCALSTACK_)/;
const REMOVED_NAMES = new Set(["NODE_EXTRA_CA_CERTS", "NODE_OPTIONS", "TEST", "USE_SSL", "PERSIST_STATE"]);

/** The surroundings without the variables of AWS, Node and the test runner, and with Node 24 first on PATH. */
export function cleanEnvironment(surroundings: NodeJS.ProcessEnv = process.env): Environment {
  const clean: Environment = {};
  for (const [name, value] of Object.entries(surroundings)) {
    if (value !== undefined && !REMOVED_PATTERN.test(name) && !REMOVED_NAMES.has(name)) clean[name] = value;
  }
  clean["PATH"] = [join(NODE_MODULES, ".bin"), surroundings["PATH"]].filter(Boolean).join(delimiter);
  return clean;
}

/** The settings of the embedded server. */
export type ServerSettings = {
  port: number;
  scratch: string;
  waitScale: number;
  enforceIam: boolean;
  /** If absent, as many as this machine can run. */
  concurrentExecutions?: number | undefined;
};

/** The whole environment of the embedded server, which its Lambdas inherit. */
export function serverEnvironment(
  settings: ServerSettings,
  surroundings: NodeJS.ProcessEnv = process.env,
): Environment {
  const { port, scratch, waitScale, enforceIam, concurrentExecutions } = settings;
  return {
    ...cleanEnvironment(surroundings),
    ...credentials(ROOT_CREDENTIALS),
    ...NO_USER_CONFIGURATION,
    GATEWAY_PORT: String(port),
    BIND_HOST: "127.0.0.1",
    // Its line "Running on …" is how we know that it listens.
    LOG_LEVEL: "INFO",
    // Its IoT broker would listen on every interface.
    IOT_MTLS_ENABLED: "0",
    AUTH: String(enforceIam),
    MINISTACK_REGION: REGION,
    SFN_WAIT_SCALE: String(waitScale),
    LAMBDA_ASYNC_RETRY_BASE_SECONDS: String(waitScale),
    ...(concurrentExecutions !== undefined && { LAMBDA_ACCOUNT_CONCURRENCY: String(concurrentExecutions) }),
    NODE_PATH: NODE_MODULES,
    // Python keeps its bytecode here, and not beside our sources.
    PYTHONPYCACHEPREFIX: join(REPOSITORY, ".local/pycache"),
    TMPDIR: scratch,
    STATE_DIR: join(scratch, "state"),
    LOCAL_AWS_SCRATCH: scratch,
  };
}

/** The environment in which the CDK CLI and SDK clients reach the embedded server. */
export function clientEnvironment(endpoint: string): Environment {
  return {
    ...credentials(ROOT_CREDENTIALS),
    ...NO_USER_CONFIGURATION,
    ...QUIET_CDK,
    AWS_ENDPOINT_URL: endpoint,
    NO_PROXY: "127.0.0.1,localhost",
    no_proxy: "127.0.0.1,localhost",
  };
}

/** The same for the user's own AWS: all of the user's AWS variables, with our defaults for missing ones. */
export function userEnvironment(surroundings: NodeJS.ProcessEnv = process.env): Environment {
  const ownVariables = Object.entries(surroundings).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (entry[0].startsWith("AWS_") || entry[0] === "NODE_EXTRA_CA_CERTS"),
  );
  return { ...credentials(ROOT_CREDENTIALS), ...QUIET_CDK, ...Object.fromEntries(ownVariables), ...region() };
}

function credentials(given: { accessKeyId: string; secretAccessKey: string }): Environment {
  return { AWS_ACCESS_KEY_ID: given.accessKeyId, AWS_SECRET_ACCESS_KEY: given.secretAccessKey, ...region() };
}

function region(): Environment {
  return { AWS_REGION: REGION, AWS_DEFAULT_REGION: REGION };
}

// A profile in the home directory may carry an endpoint or a role; the metadata service would answer slowly, and has no credentials.
const NO_USER_CONFIGURATION: Environment = {
  AWS_CONFIG_FILE: devNull,
  AWS_SHARED_CREDENTIALS_FILE: devNull,
  AWS_EC2_METADATA_DISABLED: "true",
};

const QUIET_CDK: Environment = {
  CI: "1",
  NO_COLOR: "1",
  CDK_DISABLE_CLI_TELEMETRY: "true",
  CDK_DISABLE_VERSION_CHECK: "true",
  JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION: "1",
};
