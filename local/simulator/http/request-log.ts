import type { IncomingMessage } from "node:http";

/** The endpoints of the vendor's API: those of bulk export, those that take a user's token, and those of SMART launches. */
export const ENDPOINTS = [
  "token",
  "kick-off",
  "status",
  "delete",
  "download",
  "user-token",
  "metadata",
  "patient-search",
  "resource",
  "ccd-request",
  "nonce",
  "ccd-download",
  "smart-configuration",
  "openid-configuration",
  "jwks",
  "authorize",
  "sign-in",
  "patient-choice",
  "consent",
  "revocation",
  "ehr",
  "ehr-launch",
] as const;

export type EndpointName = (typeof ENDPOINTS)[number] | "other";

/** Whether a credential was sent, and whether it was valid. It never has the credential itself. */
export interface CredentialNote {
  present: boolean;
  accepted: boolean;
}

export interface RequestLogEntry {
  /** ISO 8601, when the head of the request arrived. */
  readonly time: string;
  readonly endpoint: EndpointName;
  readonly method: string;
  /** As sent, undecoded; the secret part of a capability URL is replaced. */
  readonly path: string;
  /**
   * As sent, undecoded and without "?". Endpoints that take a user's token have only the names here, because the values are
   * demographics, ids of patients and nonces.
   */
  readonly query: string;
  /** Status of the answer; null before it, and if the connection was cut before the headers. */
  status: number | null;
  clientId: string | null;
  userId: string | null;
  /** Id of the export job, or of the server request for CCDs. */
  jobId: string | null;
  fileName: string | null;
  /** The sent headers of LOGGED_HEADERS, which has no credentials. */
  readonly headers: Readonly<Record<string, string>>;
  readonly authorization: CredentialNote;
  readonly xAuthToken: CredentialNote;
  /** Kind of the fault that was applied. */
  fault: string | null;
  /** Why the request was refused, for people. */
  reason: string | null;
}

const LOGGED_HEADERS = [
  "accept",
  "prefer",
  "accept-encoding",
  "range",
  "if-range",
  "content-type",
  "api-info",
  "appversion",
  "appverson",
  "devicebrand",
  "devicemodel",
  "devicescreenresolution",
  "deviceos",
  "deviceosversion",
  "devicenetworkprovider",
  "devicenetworktype",
];
const WITH_PLAIN_QUERY: ReadonlySet<EndpointName> = new Set<EndpointName>([
  "token",
  "kick-off",
  "status",
  "delete",
  "download",
]);

/** The entry of a request that has just arrived. */
export function logEntryOf(request: IncomingMessage, endpoint: EndpointName): RequestLogEntry {
  const { path, query } = targetOf(request);
  const headers = LOGGED_HEADERS.flatMap((name) => {
    const value = request.headers[name];
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  return {
    time: new Date().toISOString(),
    endpoint,
    method: request.method ?? "",
    path: path.replace(/\/capability\/[^/]*/, "/capability/(secret)"),
    query: WITH_PLAIN_QUERY.has(endpoint)
      ? query.replace(/((?:token|assertion)=)[^&]*/gi, "$1(secret)")
      : query.replace(/=[^&]*/g, "=(masked)"),
    status: null,
    clientId: null,
    userId: null,
    jobId: null,
    fileName: null,
    headers: Object.fromEntries(headers),
    authorization: { present: request.headers.authorization !== undefined, accepted: false },
    xAuthToken: { present: request.headers["x-auth-token"] !== undefined, accepted: false },
    fault: null,
    reason: null,
  };
}

/** Path and query of the request target, both undecoded. */
export function targetOf(request: IncomingMessage): { path: string; query: string } {
  const [path = "", ...query] = (request.url ?? "").split("?");
  return { path, query: query.join("?") };
}
