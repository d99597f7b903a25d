import type { IncomingMessage } from "node:http";
import type { AccessTokens } from "#local/simulator/access-tokens.ts";
import type { AssertionVerifier } from "#local/simulator/client-assertion.ts";
import type { ExportJobs } from "#local/simulator/export-jobs.ts";
import type { FaultPlan } from "#local/simulator/fault-plan.ts";
import type { RegisteredClient, SimulatorSettings } from "#local/simulator/options.ts";
import type { RequestLogEntry } from "#local/simulator/request-log.ts";
import type { NotedSecrets } from "#local/simulator/secrets-seen.ts";

/** Everything that the endpoints of one running server share. */
export interface SimulatorState {
  readonly settings: SimulatorSettings;
  /** Ends with "/". */
  readonly baseUrl: string;
  readonly clients: Map<string, RegisteredClient>;
  readonly tokens: AccessTokens;
  readonly assertions: AssertionVerifier;
  readonly jobs: ExportJobs;
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
}
