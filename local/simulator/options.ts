import type { KeySetRegistration } from "#local/simulator/oauth/client-key-sets.ts";
import type { SyntheticFiles } from "#local/simulator/records/dataset.ts";
import { USER_API_DEFAULTS, type UserApiOptions } from "#local/simulator/user-api-options.ts";

/** A client as Product Support would have registered it (guide: "Get access token for bulk export"). */
export interface RegisteredClient extends KeySetRegistration {
  readonly clientId: string;
  /** The pre-authorized scopes, such as "system/*.read". */
  readonly scopes: readonly string[];
}

export interface SimulatorOptions extends UserApiOptions {
  /** 0 (default) takes any free port; the address is always 127.0.0.1. */
  port?: number;
  /** Base of the URLs that are given out and of the expected `aud`, if clients reach the server by another name. */
  publicUrl?: string;
  clients: readonly RegisteredClient[];
  /** Seed of the data and of the faults; default 20250101. */
  seed?: number;
  /** Default 300. */
  patients?: number;
  /** Serves many small files of Observations, made on demand, in place of the patients' data. */
  syntheticFiles?: SyntheticFiles;
  /** Default 300. */
  tokenLifetimeSeconds?: number;
  /** HTTP status of an invalid_client error; RFC 6749 5.2 permits both. Default 401. */
  invalidClientStatus?: 400 | 401;
  /** Time until a job is complete; default 3000. */
  exportDurationMs?: number;
  /** Retry-After of 202 status responses, 429 and 503; null omits the header. Default 1. */
  retryAfterSeconds?: number | null;
  /** Default "seconds". */
  retryAfterFormat?: "seconds" | "http-date";
  /** A status request before the Retry-After of the last 202 gets 429; default false. */
  enforceRetryAfter?: boolean;
  /** Default 48 hours (guide: "Download the ndjson file"), from the completion of the job. */
  fileLifetimeMs?: number;
  /** Default 10,000 (guide: "Bulk Export > Overview"). */
  maxLinesPerFile?: number;
  /** Default "when-accepted". */
  gzip?: "never" | "when-accepted";
  /** How the length of a compressed body is delimited; default "chunked". */
  gzipFraming?: "chunked" | "content-length";
  /** Strong ETag, Range and If-Range on uncompressed downloads; default true. */
  ranges?: boolean;
  /** "guide" (default): as the vendor's guide prints it, with line breaks in URLs. "standard": as the Bulk Data guide says. */
  manifestStyle?: "guide" | "standard";
  /** Has bare line feeds inside of JSON strings, which is not JSON, as the guide literally shows. Default false. */
  rawLineBreaks?: boolean;
  /** Outputs per page of a manifest. `link` "next" leads to the next page. Null (default): all are on one page. */
  manifestPageSize?: number | null;
  /** False: file URLs are capabilities, and a request with a token is refused as a leak. Default true. */
  requiresAccessToken?: boolean;
  /** Whether an error (outcome) file exists, and the severity of its issues. Default "none". */
  errorFile?: "none" | "information" | "error";
}

/** The options with every default filled in, except those that only `startSimulator` uses. */
export type SimulatorSettings = Required<
  Omit<SimulatorOptions, "port" | "publicUrl" | "clients" | "users" | "apps" | "syntheticFiles">
>;

const DEFAULTS: SimulatorSettings = {
  seed: 20_250_101,
  patients: 300,
  tokenLifetimeSeconds: 300,
  invalidClientStatus: 401,
  exportDurationMs: 3000,
  retryAfterSeconds: 1,
  retryAfterFormat: "seconds",
  enforceRetryAfter: false,
  fileLifetimeMs: 48 * 3_600_000,
  maxLinesPerFile: 10_000,
  gzip: "when-accepted",
  gzipFraming: "chunked",
  ranges: true,
  manifestStyle: "guide",
  rawLineBreaks: false,
  manifestPageSize: null,
  requiresAccessToken: true,
  errorFile: "none",
  ...USER_API_DEFAULTS,
};

/** Fills in the defaults. The result may be changed while the simulator runs. */
export function settingsOf(options: SimulatorOptions): SimulatorSettings {
  return { ...DEFAULTS, ...options };
}
