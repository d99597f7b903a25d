import type { CcdProtocolSettings } from "#ccd-retrieval/language/ccd-protocol.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { authorisedRequest } from "#platform/http/authorised-request.ts";
import { type Headers, readBody } from "#platform/http/http.ts";
import { readRetryAfter } from "#platform/http/reading/retry-after.ts";
import type { UserClient } from "#user-session/fhir-page.ts";

/*
 * What the three CCD calls share: the guide's headers, the POST, and the statuses that say nothing about the request.
 */

/** Bytes of an answer that is read into memory. */
export const answerLimit = 256 * 1024;

/** The answer to a POST, read to its end. */
export interface CcdCallAnswer {
  status: number;
  body: Buffer;
  /** The tokens that the request carried. The answer may quote them. */
  credentials: readonly string[];
  /** The answer's Retry-After, in milliseconds from now. */
  retryAfterMs: number | undefined;
}

/**
 * Sends one POST with JSON and the session's token.
 * @throws ServerUnavailable if no whole answer came
 * @throws AccessRefused, and the faults of the session's tokens
 */
export async function postJson(
  client: UserClient,
  settings: CcdProtocolSettings,
  { url, headers, body }: { url: URL; headers: Headers; body: string },
  signal: AbortSignal | undefined,
): Promise<CcdCallAnswer> {
  const answer = await authorisedRequest(client, {
    method: "POST",
    url,
    headers: { ...headers, "content-type": "application/json", "accept-encoding": "identity" },
    body,
    token: settings.token,
    origins: client.server.tokenOrigins,
    signal,
  });
  const wait = readRetryAfter(answer.headers["retry-after"], client.now());
  const { status, credentials = [] } = answer;
  return { status, body: await readBody(answer, answerLimit), credentials, retryAfterMs: wait };
}

/** The guide's headers that describe the app and its device (guide, "Kick-off Request", "Headers"). */
export function deviceHeaders({ apiInfo, device }: CcdProtocolSettings): Headers {
  return {
    "api-info": apiInfo,
    appVersion: device.appVersion,
    deviceBrand: device.brand,
    deviceModel: device.model,
    deviceScreenResolution: device.screenResolution,
    deviceOs: device.os,
    deviceOsVersion: device.osVersion,
    deviceNetworkProvider: device.networkProvider,
    deviceNetworkType: device.networkType,
  };
}

/** Whether a status only says that the server is busy or broken, and nothing about the request. */
export function isBusy(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** The fault of a call that got no usable answer. */
export function unusableAnswer(call: string, status: number, wait: number | undefined): ServerUnavailable {
  const problem = `HTTP ${status}${status < 300 ? " and a body that the bridge cannot interpret" : ""}`;
  return new ServerUnavailable(`the server answered ${call} with ${problem}`, { retryAfterMs: wait });
}
