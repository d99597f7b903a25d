import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { AccessTokens } from "#local/simulator/access-tokens.ts";
import { type CcdControls, ccdControlsOf } from "#local/simulator/ccd-controls.ts";
import { CcdRequests } from "#local/simulator/ccd-requests.ts";
import { AssertionVerifier } from "#local/simulator/client-assertion.ts";
import { type Dataset, type ExportFile, generateDataset, syntheticDataset } from "#local/simulator/dataset.ts";
import { ExportJobs } from "#local/simulator/export-jobs.ts";
import { FaultPlan } from "#local/simulator/fault-plan.ts";
import { filesOfJob, type JobFiles } from "#local/simulator/manifest.ts";
import { Nonces } from "#local/simulator/nonces.ts";
import {
  type RegisteredClient,
  type SimulatorOptions,
  type SimulatorSettings,
  settingsOf,
} from "#local/simulator/options.ts";
import { PatientRecords } from "#local/simulator/patient-records.ts";
import type { RequestLogEntry } from "#local/simulator/request-log.ts";
import { handleRequest } from "#local/simulator/request-routing.ts";
import { Searches } from "#local/simulator/searchset.ts";
import { type SecretsSeen, secretsSeen } from "#local/simulator/secrets-seen.ts";
import {
  addForeignJob,
  completeAll,
  type ForeignJob,
  type JobSummary,
  jobById,
  summarize,
} from "#local/simulator/simulator-controls.ts";
import type { SimulatorState } from "#local/simulator/simulator-state.ts";
import { TOKEN_TARGET } from "#local/simulator/token-endpoint.ts";
import { type UserControls, userControlsOf } from "#local/simulator/user-controls.ts";
import { UserSessions } from "#local/simulator/user-sessions.ts";
import { USER_TOKEN_PATH } from "#local/simulator/user-token-endpoint.ts";
import { UserTokenSigner } from "#local/simulator/user-token-signer.ts";

/** A running IntegraConnect server without real patients: what its guide says, on 127.0.0.1 in plain HTTP. */
export interface Simulator extends UserControls, CcdControls {
  /** Ends with "/". */
  readonly baseUrl: string;
  /** URL of the token endpoint of bulk export and expected `aud`, with its query. */
  readonly tokenUrl: string;
  /** URL of the users' token endpoint, with its query. */
  readonly userTokenUrl: string;
  /** What users read one by one. */
  readonly records: PatientRecords;
  /** All requests in order of arrival; may be emptied with `length = 0`. */
  readonly log: RequestLogEntry[];
  readonly faults: FaultPlan;
  /** The data; its files are byte for byte those that downloads serve. */
  readonly data: Dataset;
  /** The options in force; changes take effect at once, except those that the data was made with. */
  readonly settings: SimulatorSettings;
  readonly jobs: () => JobSummary[];
  /** What must not turn up anywhere else. */
  readonly secretsSeen: () => SecretsSeen;
  /** Exact files of one job. Throws RangeError when there is none with the id. */
  readonly filesOf: (jobId: string) => JobFiles & { readonly all: readonly ExportFile[] };
  /** Registers a client or replaces its registration. */
  readonly registerClient: (client: RegisteredClient) => void;
  /** Makes every token that was issued invalid. */
  readonly revokeTokens: () => void;
  /** Finishes all pending jobs at once. */
  readonly completeJobs: () => void;
  /** Makes the files of a complete job unavailable as if their lifetime had passed. Throws RangeError. */
  readonly expireFiles: (jobId: string) => void;
  /** Makes the job fail: its status is 500 from now on. Throws RangeError. */
  readonly failJob: (jobId: string) => void;
  /** Adds a pending job as if the client had made it through other means; returns its id. */
  readonly addForeignJob: (job: ForeignJob) => string;
  /** FHIR instant that new jobs have as transactionTime, and up to which they hold data; null takes the clock. */
  readonly setTransactionTime: (instant: string | null) => void;
  /** Closes the port and all connections at once. */
  readonly close: () => Promise<void>;
}

/** Starts a simulator in this process. Rejects when the port is taken. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const settings = settingsOf(options);
  const server = createServer();
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const data =
    options.syntheticFiles === undefined
      ? generateDataset(settings.seed, settings.patients, settings.maxLinesPerFile)
      : syntheticDataset(options.syntheticFiles);
  const state = createState(options, settings, data, options.publicUrl ?? localUrl(server));
  server.on("request", (request, response) => {
    handleRequest(state, request, response).catch((error: unknown) => {
      // A client that hung up is none of our faults; anything else has to be seen.
      if (!request.destroyed || !response.destroyed) process.emitWarning(`simulator: ${String(error)}`);
      response.destroy();
    });
  });
  return {
    ...controlsOf(state),
    baseUrl: state.baseUrl,
    tokenUrl: state.baseUrl + TOKEN_TARGET,
    userTokenUrl: `${state.baseUrl}${USER_TOKEN_PATH.slice(1)}?provider=idx`,
    records: state.records,
    log: state.log,
    faults: state.faults,
    data,
    settings,
    close: () => closeServer(server),
  };
}

function createState(
  options: SimulatorOptions,
  settings: SimulatorSettings,
  data: Dataset,
  publicUrl: string,
): SimulatorState {
  const baseUrl = publicUrl.endsWith("/") ? publicUrl : `${publicUrl}/`;
  const clients = new Map(options.clients.map((client) => [client.clientId, client]));
  return {
    settings,
    baseUrl,
    clients,
    tokens: new AccessTokens(),
    assertions: new AssertionVerifier(clients),
    jobs: new ExportJobs(data),
    users: new Map((options.users ?? []).map((user) => [user.userId, user])),
    apps: new Map((options.apps ?? []).map((app) => [app.clientId, app])),
    sessions: new UserSessions(settings),
    signer: new UserTokenSigner(baseUrl),
    records: new PatientRecords(data, settings.seed, settings.maxVisits),
    searches: new Searches(baseUrl),
    ccdRequests: new CcdRequests(settings),
    nonces: new Nonces(),
    faults: new FaultPlan(settings.seed),
    log: [],
    secrets: { tokens: [], userSecrets: [], assertions: [] },
    transactionTime: null,
  };
}

type Controls = Omit<
  Simulator,
  "baseUrl" | "tokenUrl" | "userTokenUrl" | "records" | "log" | "faults" | "data" | "settings" | "close"
>;

function controlsOf(state: SimulatorState): Controls {
  return {
    ...userControlsOf(state),
    ...ccdControlsOf(state),
    jobs: () => summarize(state),
    secretsSeen: () => secretsSeen(state.secrets, state.jobs),
    filesOf: (jobId) => {
      const files = filesOfJob(jobById(state.jobs, jobId), state.settings);
      return { ...files, all: [...files.output, ...files.outcome, ...files.deleted] };
    },
    registerClient: (client) => void state.clients.set(client.clientId, client),
    revokeTokens: () => state.tokens.revokeAll(),
    completeJobs: () => completeAll(state.jobs),
    expireFiles: (jobId) => {
      jobById(state.jobs, jobId).filesExpired = true;
    },
    failJob: (jobId) => {
      jobById(state.jobs, jobId).failed = true;
    },
    addForeignJob: (job) => addForeignJob(state, job),
    setTransactionTime: (instant) => {
      state.transactionTime = instant;
    },
  };
}

function localUrl(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return `http://127.0.0.1:${address.port}/`;
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
