import { ServerUnavailable } from "#platform/faults/faults.ts";
import { authorisedRequest, type LocatedAnswer } from "#platform/http/authorised-request.ts";
import type { Refusal } from "#platform/http/http.ts";
import type { IntegraClient } from "./integra-server.ts";

interface JobRequest {
  method: "GET" | "DELETE";
  url: URL;
  headers: Record<string, string>;
  signal: AbortSignal | undefined;
}

/**
 * Sends a request about an export job with the client's bearer token, to the server's own origins only.
 * @throws ServerUnavailable, AccessRefused, ClientKeyUnusable, OriginRefused
 */
export async function requestJob(client: IntegraClient, request: JobRequest): Promise<LocatedAnswer> {
  return await authorisedRequest(client, { ...request, token: "bearer", origins: client.server.tokenOrigins });
}

/** The fault of an answer that says nothing final. A 500 or a redirect without an OperationOutcome earns fewer attempts. */
export function unavailableFault(message: string, refusal: Refusal): ServerUnavailable {
  const unexplained = (refusal.status === 500 || refusal.status < 400) && refusal.outcome === "none";
  return new ServerUnavailable(message, { retryAfterMs: refusal.retryAfterMs, unexplained });
}
