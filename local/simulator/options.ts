import type { JSONWebKeySet } from "jose";
import type { SyntheticFiles } from "#local/simulator/dataset.ts";
import { USER_API_DEFAULTS, type UserApiOptions } from "#local/simulator/user-api-options.ts";

/** A client as Product Support would have registered it (guide: "Get access token for bulk export"). */
export interface RegisteredClient {
  readonly clientId: string;
  /** Public keys; each needs `kid` and `kty`. */
  readonly jwks: JSONWebKeySet;
  /** The pre-authorized scopes, such as "system/*.read". */
  readonly scopes: readonly string[];
  /** The JWKS URL given at registration: the only `jku` header that is then accepted. */
  readonly jwksUrl?: string | undefined;
}

export interface SimulatorOptions extends UserApiOptions {
  /** 0 (default) takes any free port; the address is always 127.0.0.1. */
  port?: number;
  /** Base of the URLs that are given out and of the expected `aud`, when clients reach the server by another name. */
  publicUrl?: string;
  clients: readonly RegisteredClient[];
  /** Seed of the data and of the faults; default 20250101. */
  seed?: number;
  /** Default 300. */
  patients?: number;
  /** Replaces the data by many small files of Observation, made on demand. */
  syntheticFiles?: SyntheticFiles;
  /** Default 300. */
  tokenLifetimeSeconds?: number;
  /** HTTP status of an invalid_client error; RFC 6749 5.2 permits both. Default 401. */
  invalidClientStatus?: 400 | 401;
  /** Pending and processing time until a job is complete; default 3000. */
  exportDurationMs?: number;
  /** Retry-After of 202 status responses, 429 and 503; null leaves the header out. Default 1. */
  retryAfterSeconds?: number | null;
  /** Default "seconds". */
  retryAfterFormat?: "seconds" | "http-date";
  /** Status requests before the Retry-After of the last 202 has passed get 429; default false. */
  enforceRetryAfter?: boolean;
  /** Default 48 hours (guide: "Download the ndjson file"), counted from the completion of the job. */
  fileLifetimeMs?: number;
  /** Default 10,000 (guide: "Bulk Export > Overview"). */
  maxLinesPerFile?: number;
  /** Default "when-accepted". */
  gzip?: "never" | "when-accepted";
  /** How the length of a compressed body is delimited; default "chunked". */
  gzipFraming?: "chunked" | "content-length";
  /** Strong ETag, Range and If-Range on uncompressed downloads; default true. */
  ranges?: boolean;
  /** "guide" (default): as the guide prints it, with line breaks in URLs. "standard": as the Bulk Data guide has it. */
  manifestStyle?: "guide" | "standard";
  /** Breaks lines by a bare line feed inside the JSON strings (which is not JSON) as the guide's text literally shows. */
  rawLineBreaks?: boolean;
  /** Outputs per page of a manifest, pages being chained by `link` "next"; null (default) puts all on one page. */
  manifestPageSize?: number | null;
  /** False: URLs are capabilities and a token sent to one is refused as a leak. Default true. */
  requiresAccessToken?: boolean;
  /** Whether an error (outcome) file exists, and the severity of its issues. Default "none". */
  errorFile?: "none" | "information" | "error";
}

/** The options with every default filled in, except what `startSimulator` itself uses up. */
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

/** Fills in the defaults; the result may be changed while the server runs. */
export function settingsOf(options: SimulatorOptions): SimulatorSettings {
  return { ...DEFAULTS, ...options };
}
