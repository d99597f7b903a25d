import type { IncomingMessage } from "node:http";
import type { ExportJobs } from "#local/simulator/bulk-export/export-jobs.ts";
import type { Nonces } from "#local/simulator/ccd/nonces.ts";
import type { ServerRequests } from "#local/simulator/ccd/server-requests.ts";
import type { SimulatorClock } from "#local/simulator/clock.ts";
import type { FaultPlan } from "#local/simulator/faults/fault-plan.ts";
import type { Fault } from "#local/simulator/faults/fault-schema.ts";
import type { Searches } from "#local/simulator/fhir/searchset.ts";
import type { HeldRequests } from "#local/simulator/http/held-requests.ts";
import type { RequestLogEntry } from "#local/simulator/http/request-log.ts";
import type { AccessTokens } from "#local/simulator/oauth/access-tokens.ts";
import type { AssertionVerifier } from "#local/simulator/oauth/client-assertion.ts";
import type { RegisteredClient, SimulatorSettings } from "#local/simulator/options.ts";
import type { PatientRecords } from "#local/simulator/records/patient-records.ts";
import type { RecordedSecrets } from "#local/simulator/secrets-seen.ts";
import type { EhrLaunches } from "#local/simulator/smart/ehr-launches.ts";
import type { SignIns } from "#local/simulator/smart/sign-ins.ts";
import type { RegisteredApp, RegisteredUser } from "#local/simulator/user-api-options.ts";
import type { UserSessions } from "#local/simulator/user-session/user-sessions.ts";
import type { UserTokenSigner } from "#local/simulator/user-session/user-token-signer.ts";

/** The state that all endpoints of one simulator share. */
export interface SimulatorState {
  readonly settings: SimulatorSettings;
  /** Ends with "/". */
  readonly baseUrl: string;
  readonly clients: Map<string, RegisteredClient>;
  readonly tokens: AccessTokens;
  readonly assertions: AssertionVerifier<RegisteredClient>;
  readonly jobs: ExportJobs;
  readonly users: Map<string, RegisteredUser>;
  readonly apps: Map<string, RegisteredApp>;
  readonly appAssertions: AssertionVerifier<RegisteredApp>;
  readonly sessions: UserSessions;
  readonly signIns: SignIns;
  readonly launches: EhrLaunches;
  readonly clock: SimulatorClock;
  readonly signer: UserTokenSigner;
  readonly records: PatientRecords;
  readonly searches: Searches;
  readonly serverRequests: ServerRequests;
  readonly nonces: Nonces;
  readonly faults: FaultPlan;
  readonly held: HeldRequests;
  readonly log: RequestLogEntry[];
  readonly secrets: RecordedSecrets;
  /** The transaction time of new jobs; null for the time of their creation. */
  transactionTime: string | null;
}

/** One request and its log entry, for an endpoint. */
export interface RequestContext {
  readonly state: SimulatorState;
  readonly request: IncomingMessage;
  /** Undecoded. */
  readonly path: string;
  readonly query: string;
  readonly body: Buffer;
  /** Milliseconds since 1970. The fault and the answer must see the same status of a job or a server request. */
  readonly receivedAt: number;
  readonly entry: RequestLogEntry;
  /** The fault that will be applied to the answer. */
  readonly fault: Fault | null;
}
