import type { IncomingMessage } from "node:http";
import type { AccessTokens } from "#local/simulator/access-tokens.ts";
import type { CcdRequests } from "#local/simulator/ccd-requests.ts";
import type { AssertionVerifier } from "#local/simulator/client-assertion.ts";
import type { ExportJobs } from "#local/simulator/export-jobs.ts";
import type { Fault, FaultPlan } from "#local/simulator/fault-plan.ts";
import type { Nonces } from "#local/simulator/nonces.ts";
import type { RegisteredClient, SimulatorSettings } from "#local/simulator/options.ts";
import type { PatientRecords } from "#local/simulator/patient-records.ts";
import type { RequestLogEntry } from "#local/simulator/request-log.ts";
import type { Searches } from "#local/simulator/searchset.ts";
import type { NotedSecrets } from "#local/simulator/secrets-seen.ts";
import type { RegisteredApp, RegisteredUser } from "#local/simulator/user-api-options.ts";
import type { UserSessions } from "#local/simulator/user-sessions.ts";
import type { UserTokenSigner } from "#local/simulator/user-token-signer.ts";

/** Everything that the endpoints of one running server share. */
export interface SimulatorState {
  readonly settings: SimulatorSettings;
  /** Ends with "/". */
  readonly baseUrl: string;
  readonly clients: Map<string, RegisteredClient>;
  readonly tokens: AccessTokens;
  readonly assertions: AssertionVerifier;
  readonly jobs: ExportJobs;
  readonly users: Map<string, RegisteredUser>;
  readonly apps: Map<string, RegisteredApp>;
  readonly sessions: UserSessions;
  readonly signer: UserTokenSigner;
  readonly records: PatientRecords;
  readonly searches: Searches;
  readonly ccdRequests: CcdRequests;
  readonly nonces: Nonces;
  readonly faults: FaultPlan;
  readonly log: RequestLogEntry[];
  readonly secrets: NotedSecrets;
  /** The transaction time of new jobs; null takes the clock. */
  transactionTime: string | null;
}

/** One request on its way through an endpoint. */
export interface RequestContext {
  readonly state: SimulatorState;
  readonly request: IncomingMessage;
  /** Undecoded. */
  readonly path: string;
  readonly query: string;
  readonly body: Buffer;
  readonly entry: RequestLogEntry;
  /** The fault that will befall the answer. */
  readonly fault: Fault | null;
}
