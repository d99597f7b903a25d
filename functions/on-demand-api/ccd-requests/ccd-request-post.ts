import { createHash } from "node:crypto";
import type { ApiRequest } from "#on-demand-api/gateway/api.ts";
import type { RequestIds } from "#on-demand-api/gateway/request-ids.ts";
import { linkHeader } from "#on-demand-api/language/call-headers.ts";
import { type CcdRequestBody, ccdRequestBody } from "#on-demand-api/language/ccd-request-messages.ts";
import { badRequest, readBody, readIdempotencyKey } from "#on-demand-api/language/posted-body.ts";
import { readPreferences } from "./prefer-header.ts";

/** A valid POST to /ccd-requests, with the id of the CCD request that it creates. */
export interface CcdRequestPost {
  requestId: string;
  /** Whether the caller may repeat the POST. If so, the id is derived from the Idempotency-Key. */
  repeatable: boolean;
  body: CcdRequestBody;
  /** The link under which the request is made; undefined if the call names none. */
  linkId: string | undefined;
  /** SHA-256 of the checked body, in hexadecimal. */
  bodyDigest: string;
}

/**
 * Reads a POST to /ccd-requests.
 * @throws ApiProblem (400) that names every fault of the body, or of the Idempotency-Key
 */
export async function readPost({ caller, headers, body: bytes }: ApiRequest, ids: RequestIds): Promise<CcdRequestPost> {
  const body = readBody(bytes, ccdRequestBody);
  const linkId = linkOf(headers[linkHeader], body.link);
  const { link: _, ...order } = body;
  // The body and the header name the link alike. A request without one has the digest that it always had.
  const bodyDigest = digest(JSON.stringify(linkId === undefined ? order : { ...order, link: linkId }));
  const key = readIdempotencyKey(headers);
  if (key === undefined) return { requestId: ids.random(), repeatable: false, body, linkId, bodyDigest };
  return { requestId: await ids.repeatable(caller, key), repeatable: true, body, linkId, bodyDigest };
}

/** @throws ApiProblem (400) if the header and the body name two links */
function linkOf(header: string | undefined, member: string | undefined): string | undefined {
  if (header === undefined || member === undefined || header === member) return header ?? member;
  throw badRequest("The call names two links", "Name one link: by the header Integra-Link, or by the member link.");
}

/**
 * How long the caller prefers to wait for the end of the request, in milliseconds, at most `longestMs`. A value that is not a
 * number of seconds is no preference.
 *
 * Source: RFC 7240, 4.3; RFC 9110, 10.2.3 (`delay-seconds`).
 */
export function preferredWaitMs({ headers }: ApiRequest, longestMs: number): number {
  const wait = readPreferences(headers["prefer"] ?? "").get("wait") ?? "";
  return /^\d+$/.test(wait) ? Math.min(Number(wait) * 1000, longestMs) : 0;
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
