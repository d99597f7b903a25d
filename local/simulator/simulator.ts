import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { ExportJobs } from "#local/simulator/bulk-export/export-jobs.ts";
import {
  addUnrelatedJob,
  completeAll,
  type JobSummary,
  jobById,
  summarize,
  type UnrelatedJob,
} from "#local/simulator/bulk-export/job-controls.ts";
import { filesOfJob, type JobFiles } from "#local/simulator/bulk-export/manifest.ts";
import { type CcdControls, ccdControlsOf } from "#local/simulator/ccd/ccd-controls.ts";
import { Nonces } from "#local/simulator/ccd/nonces.ts";
import { ServerRequests } from "#local/simulator/ccd/server-requests.ts";
import { SimulatorClock } from "#local/simulator/clock.ts";
import { FaultPlan } from "#local/simulator/faults/fault-plan.ts";
import { Searches } from "#local/simulator/fhir/searchset.ts";
import { HeldRequests, type RequestHold } from "#local/simulator/http/held-requests.ts";
import type { EndpointName, RequestLogEntry } from "#local/simulator/http/request-log.ts";
import { handleRequest } from "#local/simulator/http/request-routing.ts";
import { AccessTokens } from "#local/simulator/oauth/access-tokens.ts";
import { AssertionVerifier } from "#local/simulator/oauth/client-assertion.ts";
import { ClientKeySets } from "#local/simulator/oauth/client-key-sets.ts";
import { TOKEN_TARGET } from "#local/simulator/oauth/token-endpoint.ts";
import {
  type RegisteredClient,
  type SimulatorOptions,
  type SimulatorSettings,
  settingsOf,
} from "#local/simulator/options.ts";
import { type Dataset, type ExportFile, generateDataset, syntheticDataset } from "#local/simulator/records/dataset.ts";
import { PatientRecords } from "#local/simulator/records/patient-records.ts";
import { type SecretsSeen, secretsSeen } from "#local/simulator/secrets-seen.ts";
import type { SimulatorState } from "#local/simulator/simulator-state.ts";
import { EhrLaunches } from "#local/simulator/smart/ehr-launches.ts";
import { SignIns } from "#local/simulator/smart/sign-ins.ts";
import { type SmartControls, smartControlsOf } from "#local/simulator/smart/smart-controls.ts";
import { fhirBaseOf, issuerOf } from "#local/simulator/smart/smart-endpoints.ts";
import { syntheticUsers } from "#local/simulator/smart/synthetic-users.ts";
import { type UserControls, userControlsOf } from "#local/simulator/user-session/user-controls.ts";
import { UserSessions } from "#local/simulator/user-session/user-sessions.ts";
import { userTokenUrl } from "#local/simulator/user-session/user-token-endpoint.ts";
import { UserTokenSigner } from "#local/simulator/user-session/user-token-signer.ts";

/** A running simulator of IntegraConnect. It follows the vendor's guide, has synthetic patients, and serves plain HTTP on 127.0.0.1. */
export interface Simulator extends UserControls, CcdControls, SmartControls {
  /** Ends with "/". */
  readonly baseUrl: string;
  /** URL of the token endpoint of bulk export and expected `aud`, with its query. */
  readonly tokenUrl: string;
  /** URL of the users' token endpoint, with its query. */
  readonly userTokenUrl: string;
  /** The FHIR base URL, without "/" at its end. */
  readonly fhirBaseUrl: string;
  /** The issuer of id tokens. */
  readonly issuer: string;
  /** The resources that users read one by one. */
  readonly records: PatientRecords;
  /** All requests in order of arrival; `length = 0` empties it. */
  readonly log: RequestLogEntry[];
  readonly faults: FaultPlan;
  /** The exported data. Downloads serve its files byte by byte. */
  readonly data: Dataset;
  /** The present options. Changes take effect at once, except of options that the data was made with. */
  readonly settings: SimulatorSettings;
  readonly jobs: () => JobSummary[];
  /** The secrets that must not appear anywhere else. */
  readonly secretsSeen: () => SecretsSeen;
  /** The exact files of one job. Throws RangeError if the id is unknown. */
  readonly filesOf: (jobId: string) => JobFiles & { readonly all: readonly ExportFile[] };
  /** Registers a client, or replaces its registration. */
  readonly registerClient: (client: RegisteredClient) => void;
  /**
   * Holds each request to the endpoint after the first `after` ones, until the hold is released. They are in the log, without a status.
   * Throws Error if the endpoint is held already.
   */
  readonly holdRequests: (endpoint: EndpointName, after?: number) => RequestHold;
  /** Makes all issued tokens invalid. */
  readonly revokeTokens: () => void;
  /** Finishes all pending jobs at once. */
  readonly completeJobs: () => void;
  /** Makes the files of a complete job unavailable as if their lifetime had ended. Throws RangeError. */
  readonly expireFiles: (jobId: string) => void;
  /** Makes the job fail: its status request answers 500 from now on. Throws RangeError. */
  readonly failJob: (jobId: string) => void;
  /** Adds a pending job as if the client had made it elsewhere. Returns its id. */
  readonly addUnrelatedJob: (job: UnrelatedJob) => string;
  /** Sets the transactionTime of new jobs, a FHIR instant. Jobs have data up to it. Null: the time of their creation. */
  readonly setTransactionTime: (instant: string | null) => void;
  /** Closes the port and all connections immediately. */
  readonly close: () => Promise<void>;
}

/** Starts a simulator in this process. Rejects if the port is taken. */
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
      // A client may close the connection. Any other error must become visible.
      if (!request.destroyed || !response.destroyed) process.emitWarning(`simulator: ${String(error)}`);
      response.destroy();
    });
  });
  return {
    ...controlsOf(state),
    baseUrl: state.baseUrl,
    tokenUrl: state.baseUrl + TOKEN_TARGET,
    userTokenUrl: userTokenUrl(state),
    fhirBaseUrl: fhirBaseOf(state),
    issuer: issuerOf(state),
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
  const apps = new Map((options.apps ?? []).map((app) => [app.clientId, app]));
  const users = [...syntheticUsers(data), ...(options.users ?? [])];
  const clock = new SimulatorClock();
  const keySets = new ClientKeySets(clock);
  return {
    settings,
    baseUrl,
    clients,
    tokens: new AccessTokens(),
    assertions: new AssertionVerifier(clients, keySets),
    jobs: new ExportJobs(data),
    users: new Map(users.map((user) => [user.userId, user])),
    apps,
    appAssertions: new AssertionVerifier(apps, keySets),
    sessions: new UserSessions(settings, clock),
    signIns: new SignIns(settings, clock),
    launches: new EhrLaunches(settings, clock),
    clock,
    signer: new UserTokenSigner(issuerOf({ baseUrl }), fhirBaseOf({ baseUrl })),
    records: new PatientRecords(data, settings.seed, settings.maxVisits),
    searches: new Searches(baseUrl),
    serverRequests: new ServerRequests(settings),
    nonces: new Nonces(),
    faults: new FaultPlan(settings.seed),
    held: new HeldRequests(),
    log: [],
    secrets: { tokens: [], userSecrets: [], assertions: [] },
    transactionTime: null,
  };
}

type Controls = Omit<
  Simulator,
  | "baseUrl"
  | "tokenUrl"
  | "userTokenUrl"
  | "fhirBaseUrl"
  | "issuer"
  | "records"
  | "log"
  | "faults"
  | "data"
  | "settings"
  | "close"
>;

function controlsOf(state: SimulatorState): Controls {
  return {
    ...userControlsOf(state),
    ...ccdControlsOf(state),
    ...smartControlsOf(state),
    jobs: () => summarize(state),
    secretsSeen: () => secretsSeen(state.secrets, state.jobs),
    filesOf: (jobId) => {
      const files = filesOfJob(jobById(state.jobs, jobId), state.settings);
      return { ...files, all: [...files.output, ...files.outcome, ...files.deleted] };
    },
    registerClient: (client) => void state.clients.set(client.clientId, client),
    holdRequests: (endpoint, after) => state.held.hold(endpoint, after),
    revokeTokens: () => state.tokens.revokeAll(),
    completeJobs: () => completeAll(state.jobs),
    expireFiles: (jobId) => {
      jobById(state.jobs, jobId).filesExpired = true;
    },
    failJob: (jobId) => {
      jobById(state.jobs, jobId).failed = true;
    },
    addUnrelatedJob: (job) => addUnrelatedJob(state, job),
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
